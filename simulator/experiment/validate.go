package experiment

import (
	"cmp"
	"errors"
	"fmt"
	"math"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/internal/yamltree"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

// quotaSecondsMax bounds balances, in worker-seconds.
const quotaSecondsMax = 1e12

// durationMax bounds all durations: two hundred years.
const durationMax = 200 * 365 * 24 * time.Hour

// validate returns errors of package field for all that is wrong in a file that was decoded, as far
// as it shows without the workload.
func (f *File) validate() error {
	errs := []error{
		field.In("fleet", validateFleet(&f.Fleet)),
		field.In("timing", f.validateTiming()),
		field.In("faults", validateFaults(&f.Faults)),
		field.In("warm_up", inRange(f.WarmUp, 0)),
		field.In("policies", f.validatePolicies()),
		field.In("report", f.Report.validate()),
	}
	switch {
	case f.Trace == nil && f.Workload == nil:
		errs = append(errs, errors.New("has neither a trace nor a workload"))
	case f.Trace != nil && f.Workload != nil:
		errs = append(errs, field.Errorf("workload", "there is a trace, too; want one of them"))
	case f.Trace != nil:
		if f.Trace.File == "" {
			errs = append(errs, field.In("trace", field.Errorf("file", "is missing")))
		}
		errs = append(errs, field.In("trace", f.Trace.Validate()))
	default:
		errs = append(errs, field.In("workload", f.Workload.Validate()))
		if !fleetGiven(&f.Fleet) && f.Nodes == nil {
			errs = append(errs, field.Errorf("fleet", "is needed for a workload: say how many "+
				"workers there are"))
		}
	}
	if f.Nodes != nil {
		errs = append(errs, field.In("nodes", f.Nodes.Validate()))
		if fleetGiven(&f.Fleet) {
			errs = append(errs, field.Errorf("nodes", "there is a fleet, too; want one of them"))
		}
	}
	return errors.Join(errs...)
}

// inRange returns an error unless a duration is from a shortest one to 200 years.
func inRange(d, shortest time.Duration) error {
	if d < shortest || d > durationMax {
		return fmt.Errorf("%v is not from %v to 200 years", d, shortest)
	}
	return nil
}

func (f *File) validateTiming() error {
	t := &f.Timing
	var errs []error
	if heard := heardOf(t); heard > scheduler.DefaultWorkerExpiration && slices.ContainsFunc(
		f.Policies, func(p Policy) bool {
			return p.Scheduler.WorkerExpiration == scheduler.DefaultWorkerExpiration
		}) {
		errs = append(errs, fmt.Errorf("workers would be heard of every %v (poll or keep_alive, "+
			"and tick), and are forgotten after %v (scheduler.worker_expiration of a policy)",
			heard, scheduler.DefaultWorkerExpiration))
	}
	mayBeZero := map[string]bool{"poll_jitter": true, "start_delay": true, "provision": true}
	v := reflect.ValueOf(t).Elem()
	for _, one := range yamltree.StructFields(v.Type()) {
		shortest := time.Millisecond
		if mayBeZero[one.Name] {
			shortest = 0
		}
		if d, ok := v.FieldByIndex(one.Index).Interface().(time.Duration); ok {
			errs = append(errs, field.In(one.Name, inRange(d, shortest)))
		}
	}
	return errors.Join(errs...)
}

// heardOf is how often the pool hears of an idle worker, at most.
func heardOf(t *simulator.Timing) time.Duration {
	return max(t.Poll+t.PollJitter, t.KeepAlive) + t.Tick
}

func validateFaults(f *simulator.Faults) error {
	var errs []error
	for _, part := range []struct {
		name string
		is   float64
	}{
		{"poll_lost", f.PollLost},
		{"news_lost", f.NewsLost},
		{"news_repeated", f.NewsRepeated},
		{"news_shuffled", f.NewsShuffled},
		{"news_delayed", f.NewsDelayed},
	} {
		if part.is < 0 || part.is > 1 {
			errs = append(errs, field.Errorf(part.name, "%s is not from 0 to 1", words.Plain(part.is)))
		}
	}
	for _, rate := range []struct {
		name string
		is   float64
	}{{"worker_deaths", f.WorkerDeaths}, {"restarts", f.Restarts}} {
		if rate.is < 0 || rate.is > 86400 {
			errs = append(errs, field.Errorf(rate.name, "%s a day is not from 0 to 86,400",
				words.Plain(rate.is)))
		}
	}
	for _, d := range []struct {
		name string
		is   time.Duration
	}{
		{"worker_absence", f.WorkerAbsence},
		{"news_delay", f.NewsDelay},
		{"snapshot_period", f.SnapshotPeriod},
		{"until", f.Until},
	} {
		errs = append(errs, field.In(d.name, inRange(d.is, 0)))
	}
	if f.ClockSkew < 0 || f.ClockSkew > 24*time.Hour {
		errs = append(errs, field.Errorf("clock_skew", "%v is not from 0s to 24h", f.ClockSkew))
	}
	if f.NewsDelayed > 0 && f.NewsDelay == 0 {
		errs = append(errs, field.Errorf("news_delay", "is needed with news_delayed"))
	}
	if f.Restarts > 0 && f.SnapshotPeriod == 0 {
		errs = append(errs, field.Errorf("snapshot_period", "is needed with restarts"))
	}
	return errors.Join(errs...)
}

// validate returns an error of package field for each mistake.
func (r *Report) validate() error {
	const pointsMax = 10_000
	var errs []error
	if r.SeriesPoints < 0 || r.SeriesPoints > pointsMax {
		errs = append(errs, field.Errorf("series_points", "%s is not from 0 to %s",
			words.Number(r.SeriesPoints), words.Number(pointsMax)))
	}
	if r.TopAccounts < 0 {
		errs = append(errs, field.Errorf("top_accounts", "%d is negative", r.TopAccounts))
	}
	for i, key := range r.By {
		switch {
		case key == "" || strings.Contains(key, ":"):
			errs = append(errs, field.Errorf("by", "%q is not the key of a label, such as pool", key))
		case slices.Contains(r.By[:i], key):
			errs = append(errs, field.Errorf("by", "%q stands twice", key))
		}
	}
	return errors.Join(errs...)
}

func (f *File) validatePolicies() error {
	if len(f.Policies) == 0 {
		return errors.New("there is none")
	}
	var errs []error
	seen := map[string]bool{}
	for i := range f.Policies {
		p := &f.Policies[i]
		err := p.validate(&f.Timing)
		switch {
		case p.Name == "":
			err = errors.Join(field.Errorf("name", "is empty"), err)
		case seen[p.Name]:
			err = errors.Join(field.Errorf("name", "%q is the name of another policy", p.Name), err)
		}
		seen[p.Name] = true
		errs = append(errs, field.In(field.Index(i), err))
	}
	return errors.Join(errs...)
}

// validate returns an error of package field for each mistake.
func (p *Policy) validate(t *simulator.Timing) error {
	errs := []error{field.In("scheduler", p.Scheduler.validate(t))}
	explicit := len(p.Accounts)+len(p.Groups) > 0
	switch p.Builtin {
	case "":
		if !explicit {
			errs = append(errs, errors.New("has neither accounts nor groups; \"builtin: fifo\" "+
				"makes a policy without accounts"))
		}
	case FIFO, Fair:
		if explicit {
			errs = append(errs, field.Errorf("builtin",
				"%s makes its own accounts; there must be no accounts and no groups", p.Builtin))
		}
	default:
		errs = append(errs, field.Errorf("builtin", "%q is neither fifo nor fair", p.Builtin))
	}
	if p.Builtin != Fair && p.Level != "" {
		errs = append(errs, field.Errorf("level", "is for \"builtin: fair\" only"))
	}
	if p.Builtin != Fair && p.MaxCharge != 0 {
		errs = append(errs, field.Errorf("max_charge", "is for \"builtin: fair\" and for accounts"))
	}
	if p.Level != "" && !slices.Contains(levels[:], p.Level) {
		errs = append(errs, field.Errorf("level", "%q is not from p0 to p4", p.Level))
	}
	errs = append(errs, field.In("max_charge", inRange(p.MaxCharge, 0)))
	for _, id := range sortedIDs(p.Accounts) {
		errs = append(errs, field.In("accounts", field.In(string(id), p.Accounts[id].validate())))
	}
	for i := range p.Groups {
		errs = append(errs, field.In("groups", field.In(field.Index(i), p.Groups[i].validate())))
	}
	return errors.Join(errs...)
}

// validate returns an error of package field for each mistake.
func (g *Group) validate() error {
	var errs []error
	if g.Match == "" {
		errs = append(errs, field.Errorf("match", "is empty"))
	}
	if g.Share == nil && g.Each == nil {
		errs = append(errs, errors.New("has neither each nor share"))
	}
	if g.Each != nil {
		errs = append(errs, field.In("each", g.Each.validate()))
	}
	if g.Share != nil {
		err := validateRates(g.Share)
		if err == nil { // one account may have it all
			err = g.account(1).validate()
		}
		errs = append(errs, field.In("share", err))
		if g.Each != nil && g.Each.Rates != (Levels{}) {
			errs = append(errs, field.Errorf("share", "stands in place of each.rates"))
		}
	}
	return errors.Join(errs...)
}

// validateRates returns an error for each rate that no account can have.
func validateRates(rates *Levels) error {
	var errs []error
	for p, rate := range rates.list() {
		if rate < 0 || rate > 1_000_000 {
			errs = append(errs, field.Errorf(string(levels[p]),
				"%s workers are not from 0 to 1,000,000", words.Plain(rate)))
		} else if rate > 0 && scheduler.Workers(rate) == 0 {
			errs = append(errs, field.Errorf(string(levels[p]),
				"%v workers are fewer than 0.001", rate))
		}
	}
	return errors.Join(errs...)
}

// validate returns an error of package field for each mistake.
func (a *Account) validate() error {
	if a == nil { // an account that is written as null
		return errors.New("has no settings; {} gives it the defaults")
	}
	var errs []error
	errs = append(errs, field.In("rates", validateRates(&a.Rates)))
	errs = append(errs, field.In("max_charge", inRange(a.MaxCharge, 0)))
	if a.MaxCharge == 0 && a.Rates != (Levels{}) {
		errs = append(errs, field.Errorf("max_charge", "of 0 caps all balances at nothing"))
	}
	for p, rate := range a.Rates.list() {
		if rate*a.MaxCharge.Seconds() > quotaSecondsMax {
			errs = append(errs, field.Errorf("max_charge", "%v at %s workers, for %s, is more than "+
				"10^12 worker-seconds", a.MaxCharge, words.Plain(rate), levels[p]))
		}
	}
	if a.SafeAfter != nil {
		errs = append(errs, field.In("safe_after", inRange(*a.SafeAfter, -durationMax)))
	}
	if a.MaxFanout < 0 || a.MaxFanout > math.MaxInt32 {
		errs = append(errs, field.Errorf("max_fanout", "%s is not from 0 to 2,147,483,647",
			words.Number(a.MaxFanout)))
	}
	for p, seconds := range a.Balance.Seconds.list() {
		if math.Abs(seconds) > quotaSecondsMax {
			errs = append(errs, field.In("balance", field.Errorf(string(levels[p]),
				"%s worker-seconds are not from -10^12 to 10^12", words.Plain(seconds))))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	config := a.config()
	return config.Validate()
}

// validate returns an error of package field for each mistake.
func (s *Scheduler) validate(t *simulator.Timing) error {
	errs := []error{
		field.In("worker_expiration", inRange(s.WorkerExpiration, time.Millisecond)),
		field.In("request_expiration", inRange(s.RequestExpiration, 0)),
		field.In("provision_patience", inRange(s.ProvisionPatience, -durationMax)),
		field.In("max_lost_work", s.MaxLostWork.validate()),
		field.In("owed_after", inRange(s.OwedAfter, -durationMax)),
	}
	if s.BurstCover != nil {
		errs = append(errs, field.In("burst_cover", inRange(*s.BurstCover, 0)))
	}
	if heard := heardOf(t); heard > s.WorkerExpiration &&
		s.WorkerExpiration != scheduler.DefaultWorkerExpiration {
		errs = append(errs, field.Errorf("worker_expiration", "%v is shorter than the %v after "+
			"which idle workers are heard of (timing: poll or keep_alive, and tick)",
			s.WorkerExpiration, heard))
	}
	if s.PromoteThreshold < 0 || s.PromoteThreshold > quotaSecondsMax {
		errs = append(errs, field.Errorf("promote_threshold", "%s is not from 0 to 10^12",
			words.Plain(s.PromoteThreshold)))
	}
	if s.DemoteThreshold > 0 || s.DemoteThreshold < -quotaSecondsMax {
		errs = append(errs, field.Errorf("demote_threshold", "%s is not from -10^12 to 0",
			words.Plain(s.DemoteThreshold)))
	}
	return errors.Join(errs...)
}

// sortedIDs returns the ids of accounts in order.
func sortedIDs[V any](accounts map[scheduler.AccountID]V) []scheduler.AccountID {
	ids := make([]scheduler.AccountID, 0, len(accounts))
	for id := range accounts { // in any order: sorted below
		ids = append(ids, id)
	}
	slices.SortFunc(ids, cmp.Compare)
	return ids
}
