package tuning

import (
	"fmt"
	"strconv"
	"time"

	"github.com/spf13/pflag"

	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/tune"
)

// Flags say what to search for, and how long.
type Flags struct {
	// Goals, Knobs and Minimize are as people write them; empty for those of the file.
	Goals, Knobs []string
	Minimize     string
	// Policy is the name of the policy, where it is not clear.
	Policy string
	Budget Budget
	Seed   uint64
	// Starts is how many searches there are, and Parallel how many runs go at once; 0 is one for each
	// processor.
	Starts, Parallel int
}

// startsMax bounds --starts.
const startsMax = 10_000

// Register adds the flags to a command, with their defaults.
func (f *Flags) Register(set *pflag.FlagSet) {
	*f = Flags{Budget: Budget{runs: 400}}
	set.StringArrayVar(&f.Goals, "goal", nil, "a `METRIC@ACCOUNT=BOUND` to meet, such as "+
		"wait_p95@cq=3m; once for each (default: the file's)")
	set.StringArrayVar(&f.Knobs, "knob", nil, "a field to change and its range, "+
		"`PATH=FROM..TO[,log][,whole]`; once for each (default: the file's, or those of the policy)")
	set.StringVar(&f.Minimize, "minimize", "", "the `METRIC@ACCOUNT` to make small (default: the "+
		"file's, or lost@*)")
	set.StringVar(&f.Policy, "policy", "", "`name` of the policy to tune, where it is not clear")
	set.Var(&f.Budget, "budget", "how much to search: a number of runs, such as 400, or a time, such "+
		"as 5m; only with runs is the result the same each time")
	set.Uint64Var(&f.Seed, "seed", 1, "the seed of the search")
	set.IntVar(&f.Starts, "starts", 1, "searches from different starts, which share the budget")
	set.IntVar(&f.Parallel, "parallel", 0, "runs that go at once (default: one for each processor)")
}

// Check returns what is wrong with the numbers.
func (f *Flags) Check() error {
	if f.Starts < 1 || f.Starts > startsMax || f.Parallel < 0 {
		return cli.Usagef("--starts is from 1 to %d, and --parallel not negative", startsMax)
	}
	return nil
}

// Options return what to tune.
func (f *Flags) Options() (experiment.TuneOptions, error) {
	o := experiment.TuneOptions{Policy: f.Policy, Parallel: f.Parallel}
	for _, text := range f.Goals {
		g, err := experiment.ParseGoal(text)
		if err != nil {
			return o, cli.Usagef("--goal: %w", err)
		}
		o.Goals = append(o.Goals, g)
	}
	for _, text := range f.Knobs {
		k, err := experiment.ParseKnob("--knob", text)
		if err != nil {
			return o, cli.Usagef("%w", err)
		}
		o.Knobs = append(o.Knobs, k)
	}
	if f.Minimize != "" {
		m, err := experiment.ParseObjective(f.Minimize)
		if err != nil {
			return o, cli.Usagef("--minimize: %w", err)
		}
		o.Minimize = &m
	}
	return o, nil
}

// Search returns how to search. After each batch of runs, progress is told what is being done and
// how many thousandths of the budget are spent.
func (f *Flags) Search(t *experiment.Tuning, progress func(doing string, spent int64),
) tune.Options {
	begin := time.Now()
	o := tune.Options{Seed: f.Seed, Starts: f.Starts, Runs: f.Budget.runs, Time: f.Budget.time,
		Clock: func() time.Duration { return time.Since(begin) }}
	o.Progress = func(p tune.Progress) {
		doing := p.Phase
		if p.Best != nil {
			doing += "; best so far: " + t.Describe(p.Best)
		}
		progress(doing, int64(1000*p.Spent))
	}
	return o
}

// Budget is a flag: a number of runs or a time.
type Budget struct {
	runs int
	time time.Duration
}

// The least and the largest budgets.
const (
	runsMin, runsMax = 20, 10_000_000
	timeMin          = time.Second
)

// Type implements pflag.Value.
func (b *Budget) Type() string { return "RUNS|TIME" }

// String implements pflag.Value.
func (b *Budget) String() string {
	if b.time > 0 {
		return b.time.String()
	}
	return strconv.Itoa(b.runs)
}

// Set implements pflag.Value.
func (b *Budget) Set(text string) error {
	if runs, err := strconv.Atoi(text); err == nil {
		if runs < runsMin || runs > runsMax {
			return fmt.Errorf("%d runs are not from %d to %d", runs, runsMin, runsMax)
		}
		*b = Budget{runs: runs}
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < timeMin {
		return fmt.Errorf("want a number of runs, such as 400, or a time of %v or more, such as 5m",
			timeMin)
	}
	*b = Budget{time: d}
	return nil
}
