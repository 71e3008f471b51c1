package forecast

import (
	"cmp"
	"fmt"
	"runtime"
	"strings"
	"time"

	"github.com/quotasched/quotasched/fork"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// Options say what is asked, and what it may cost. The zero value asks for all requests.
type Options struct {
	// Requests are those whose start is asked for; none means all that wait.
	Requests []scheduler.RequestID
	// Begin is when the forecast is made; the zero time, and times before the newest one that the
	// snapshot speaks of, mean that one.
	Begin time.Time
	// Workers is the fleet; nil means fork.WorkersOf the snapshot.
	Workers []fork.Worker
	// Timing has the dispatcher's habits, and NoRetry ends tasks that are preempted; see
	// fork.World.
	Timing  fork.Timing
	NoRetry bool
	// Group names the tasks that run alike: those of one group have one draw. Nil means
	// DefaultGroup.
	Group func(*scheduler.TaskRequest) string
	// GroupedBy says for people what the tasks of one Group have in common, such as "the same
	// account and enqueue time".
	GroupedBy string
	// Coverage is how much of what may happen the time from earliest to latest is meant to cover,
	// more than 0 and less than 1; 0 means 0.8.
	Coverage float64
	// Arrivals has the recorded past from which each fork draws the requests that come; nil means
	// that none come.
	Arrivals *Arrivals
	// Coming are the requests that come in all forks, in place of drawn ones, where they are known;
	// they are as fork.World.Arrivals. RunTimes is asked for their run times, too.
	Coming []fork.Arrival
	// Calibration corrects the answers by the outcomes of past ones; nil corrects nothing.
	Calibration *Calibration
	// Seed is what run times and arrivals are drawn with.
	Seed uint64
	// Forks is how many forks are made, 1 to 10,000; 0 means 50.
	Forks int
	// Horizon is how far the forks go, from Begin; 0 means a week.
	Horizon time.Duration
	// MaxOperations bounds the operations of each fork; 0 means 200,000.
	MaxOperations int
	// Parallel is how many forks are made at once; 0 means GOMAXPROCS. The answer does not depend
	// on it.
	Parallel int
}

// Limits of options.
const (
	maxForks   = 10_000
	maxHorizon = 10 * 365 * 24 * time.Hour
)

// DefaultGroup is the group of requests of the same account with the same enqueue time, such as
// those of one submission.
func DefaultGroup(r *scheduler.TaskRequest) string {
	return fmt.Sprintf("%q %d.%09d", r.Account, r.EnqueueTime.Unix(), r.EnqueueTime.Nanosecond())
}

// Validate returns nil, or an error (ErrInvalid) that names the option that is out of range. What
// depends on the snapshot, such as whether it has the requests, is not looked at.
func (o Options) Validate() error {
	switch {
	case o.Forks < 0 || o.Forks > maxForks:
		return fmt.Errorf("%w: %s forks are not from 1 to %s", ErrInvalid, words.Number(o.Forks),
			words.Number(maxForks))
	case o.Horizon < 0 || o.Horizon > maxHorizon:
		return fmt.Errorf("%w: a horizon of %v is not from 0 to ten years", ErrInvalid, o.Horizon)
	case o.MaxOperations < 0:
		return fmt.Errorf("%w: %s operations are below 0", ErrInvalid,
			words.Number(o.MaxOperations))
	case o.Parallel < 0:
		return fmt.Errorf("%w: %s forks at once are below 0", ErrInvalid, words.Number(o.Parallel))
	case o.Coverage != 0 && !(o.Coverage > 0 && o.Coverage < 1):
		return fmt.Errorf("%w: a coverage of %v is not between 0 and 1", ErrInvalid, o.Coverage)
	}
	return nil
}

// withDefaults returns the options with what their zeroes mean, or an error that names the one that
// is out of range.
func (o Options) withDefaults(snapshot *protos.Pool) (*Options, error) {
	if err := o.Validate(); err != nil {
		return nil, err
	}
	o.Forks = cmp.Or(o.Forks, 50)
	o.Horizon = cmp.Or(o.Horizon, 7*24*time.Hour)
	o.MaxOperations = cmp.Or(o.MaxOperations, 200_000)
	o.Parallel = min(o.Forks, cmp.Or(o.Parallel, runtime.GOMAXPROCS(0)))
	o.Coverage = cmp.Or(o.Coverage, 0.8)
	if o.Group == nil {
		o.Group, o.GroupedBy = DefaultGroup, "the same account and enqueue time"
	}
	o.GroupedBy = cmp.Or(o.GroupedBy, "as the caller says")
	if o.Workers == nil {
		o.Workers = fork.WorkersOf(snapshot)
	}
	if begin := fork.Begin(snapshot); o.Begin.Before(begin) {
		o.Begin = begin
	}
	return &o, nil
}

// levelsOf returns the shares of outcomes at earliest, likely and latest.
func levelsOf(coverage float64) [3]float64 {
	rest := (1 - coverage) / 2
	return [3]float64{rest, 0.5, 1 - rest}
}

// percent says a share as people do, such as "80 %".
func percent(share float64) string {
	text := strings.TrimSuffix(fmt.Sprintf("%.1f", 100*share), ".0")
	return text + " %"
}
