package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strconv"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/internal/report"
	"github.com/quotasched/quotasched/simulator/tune"
)

// errCannotBeMet is a tuning whose goals are not met.
var errCannotBeMet = errors.New("the goals are not met")

const tuneHelp = `Search for the settings of a policy that meet goals at the least cost.
FILE.yaml is an experiment with the fields goals, knobs and minimize; --goal, --knob
and --minimize take their place. Without knobs, they are the rates, caps and limits of
the policy. Without a file, it is the built-in experiment.

A goal is METRIC@ACCOUNT=BOUND, METRIC=BOUND for every account by itself, or
METRIC@*=BOUND for all requests together. The metrics:
%s
The verdict is from seeds that the search never saw; of a log, or of a journal with
--journal, the first half is searched, and the second half has the verdict.

Exit codes: 0 the goals are met; 1 they are not, or cannot be; 2 the input or the
command line was wrong; 130 interrupted, with the best settings so far written.`

const tuneExamples = `  qsim tune --goal wait_p95@cq=3m --goal wait_p95@release=15m -o policy.yaml
  qsim run --with policy.yaml                   the file's policies, and that one
  qsim tune my.yaml --budget 5m --html tune.html
  qsim tune --goal wait_p95@cq=3m --minimize workers --knob fleet.total=60..200
  qsim tune kth.yaml --goal wait_p95=6h --policy groups
  qsim tune --journal lab.qsj lab.yaml --policy quota --goal wait_p95@cq=3m`

// tuneFlags are the flags of qsim tune.
type tuneFlags struct {
	experimentFlags
	policy, minimize string
	journal          string
	goals, knobs     []string
	budget           budgetFlag
	seed             uint64
	starts, parallel int
	out, html, json  string
	progress         progressFlag
	shard            shardFlag
}

// register adds the flags, with their defaults.
func (f *tuneFlags) register(set *pflag.FlagSet) {
	*f = tuneFlags{progress: "auto", budget: budgetFlag{runs: 400}}
	set.SortFlags = false
	set.StringArrayVar(&f.goals, "goal", nil, "a `METRIC@ACCOUNT=BOUND` to meet, such as "+
		"wait_p95@cq=3m; once for each (default: the file's)")
	set.StringArrayVar(&f.knobs, "knob", nil, "a field to change and its range, "+
		"`PATH=FROM..TO[,log][,whole]`; once for each (default: the file's, or those of the policy)")
	set.StringVar(&f.minimize, "minimize", "", "the `METRIC@ACCOUNT` to make small (default: the "+
		"file's, or lost@*)")
	set.StringVar(&f.policy, "policy", "", "`name` of the policy to tune, where it is not clear")
	set.StringVar(&f.journal, "journal", "", "try policies out on this journal, as qsim plan does, "+
		"and not on the workload of FILE.yaml; a `file` that qsim record has written")
	set.Var(&f.budget, "budget", "how much to search: a number of runs, such as 400, or a time, such "+
		"as 5m; only with runs is the result the same each time")
	set.Uint64Var(&f.seed, "seed", 1, "the seed of the search")
	set.IntVar(&f.starts, "starts", 1, "searches from different starts, which share the budget")
	set.StringVarP(&f.out, "out", "o", "", "write the policy with its new settings to this `file`")
	set.StringVar(&f.html, "html", "", "also write a `file` with charts, for a browser")
	set.StringVar(&f.json, "json", "", "also write all that was found to a `file`; - is standard "+
		"output, without the tables")
	set.Var(&f.shard, "shard", shardHelp+"; without --starts, each shard is a start")
	f.experimentFlags.register(set)
	set.IntVar(&f.parallel, "parallel", 0, "runs that go at once (default: one for each processor)")
	set.Var(&f.progress, "progress", "a bar on stderr; auto: if that is a terminal")
}

// newTuneCommand returns the command `qsim tune`.
func newTuneCommand(args []string, stdout, stderr io.Writer) *cobra.Command {
	var f tuneFlags
	c := &cobra.Command{
		Use:     "tune [FILE.yaml]",
		Short:   "Search for the quotas that meet goals",
		Long:    fmt.Sprintf(tuneHelp, experiment.GoalMetrics()),
		Example: tuneExamples,
		Args:    atMostOne,
		RunE: func(c *cobra.Command, files []string) error {
			if f.starts < 1 || f.starts > startsMax || f.parallel < 0 {
				return cli.Usagef("--starts is from 1 to %d, and --parallel not negative", startsMax)
			}
			if f.shard.Of > 0 && !c.Flags().Changed("starts") {
				f.starts = f.shard.Of
			}
			if f.shard.Of > 0 && f.out == "" {
				return cli.Usagef("name the part with -o PART")
			}
			return f.run(c.Context(), files, args, stdout, stderr)
		},
	}
	f.register(c.Flags())
	return c
}

// startsMax bounds --starts.
const startsMax = 10_000

// atMostOne refuses a second argument.
func atMostOne(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return cli.Usagef("%d files were named, want one at most", len(args))
	}
	return nil
}

// budgetFlag is a number of runs or a time.
type budgetFlag struct {
	runs int
	time time.Duration
}

// The least and the largest budgets.
const (
	runsMin, runsMax = 20, 10_000_000
	timeMin          = time.Second
)

func (f *budgetFlag) Type() string { return "RUNS|TIME" }

func (f *budgetFlag) String() string {
	if f.time > 0 {
		return f.time.String()
	}
	return strconv.Itoa(f.runs)
}

func (f *budgetFlag) Set(text string) error {
	if runs, err := strconv.Atoi(text); err == nil {
		if runs < runsMin || runs > runsMax {
			return fmt.Errorf("%d runs are not from %d to %d", runs, runsMin, runsMax)
		}
		*f = budgetFlag{runs: runs}
		return nil
	}
	d, err := time.ParseDuration(text)
	if err != nil || d < timeMin {
		return fmt.Errorf("want a number of runs, such as 400, or a time of %v or more, such as 5m",
			timeMin)
	}
	*f = budgetFlag{time: d}
	return nil
}

// options say what to tune.
func (f *tuneFlags) options() (experiment.TuneOptions, error) {
	o := experiment.TuneOptions{Policy: f.policy, Parallel: f.parallel}
	for _, text := range f.goals {
		g, err := experiment.ParseGoal(text)
		if err != nil {
			return o, cli.Usagef("--goal: %w", err)
		}
		o.Goals = append(o.Goals, g)
	}
	for _, text := range f.knobs {
		k, err := experiment.ParseKnob("--knob", text)
		if err != nil {
			return o, cli.Usagef("%w", err)
		}
		o.Knobs = append(o.Knobs, k)
	}
	if f.minimize != "" {
		m, err := experiment.ParseObjective(f.minimize)
		if err != nil {
			return o, cli.Usagef("--minimize: %w", err)
		}
		o.Minimize = &m
	}
	return o, nil
}

// prepare loads the experiment, and returns its text, too.
func (f *tuneFlags) prepare(ctx context.Context, files []string, stderr io.Writer) (
	*experiment.Tuning, []byte, error) {
	o, err := f.options()
	if err != nil {
		return nil, nil, err
	}
	loaded := &runFlags{experimentFlags: f.experimentFlags}
	if f.journal != "" {
		t, text, err := f.prepareJournal(ctx, loaded, files, o)
		return t, text, err
	}
	e, text, err := load(ctx, loaded, files, stderr)
	if err != nil {
		return nil, nil, err
	}
	t, err := e.Tuning(o)
	return t, text, err
}

// prepareJournal reads the policies of an experiment, and the journal on which they are tried out.
func (f *tuneFlags) prepareJournal(ctx context.Context, loaded *runFlags, files []string,
	o experiment.TuneOptions) (*experiment.Tuning, []byte, error) {
	from, err := loaded.loadOptions(ctx, files)
	if err != nil {
		return nil, nil, err
	}
	e, err := experiment.Parse(from.Path, from.Data, from.Sets...)
	if err != nil {
		return nil, nil, err
	}
	w, err := readJournalWorld(ctx, journalFile{path: f.journal})
	if err != nil {
		return nil, nil, err
	}
	o.World = w.world()
	t, err := e.Tuning(o)
	return t, from.Data, err
}

// run loads an experiment, searches and reports.
func (f *tuneFlags) run(ctx context.Context, files, args []string, stdout, stderr io.Writer) error {
	t, text, err := f.prepare(ctx, files, stderr)
	if err != nil {
		return err
	}
	bar := newProgressBar(f.progress, stderr)
	defer bar.close()
	if f.shard.Of > 0 {
		return f.runShard(ctx, t, bar, &part{Digest: digestOf(text), Args: withoutShard(args)}, stdout)
	}
	result, err := tune.Run(ctx, t.Problem(), f.search(t, bar))
	bar.close()
	if err != nil {
		return tuneError(err)
	}
	return f.write(ctx, t, result, args, stdout)
}

// runShard searches from the starts of a shard, and writes them.
func (f *tuneFlags) runShard(ctx context.Context, t *experiment.Tuning, bar *progressBar, p *part,
	stdout io.Writer) error {
	p.Version, p.Kind, p.Shard = partVersion, "tune", f.shard.Shard
	for number := range f.starts {
		if !f.shard.Has(number) {
			continue
		}
		start, err := tune.Search(ctx, t.Problem(), f.search(t, bar), number)
		if err != nil {
			return tuneError(err)
		}
		p.Starts = append(p.Starts, start)
	}
	return p.write(ctx, f.out, stdout)
}

// tuneError is an interruption if nothing was found for that.
func tuneError(err error) error {
	if errors.Is(err, tune.ErrNothingFound) || errors.Is(err, context.Canceled) {
		return errStopped
	}
	return err
}

// search says how to search.
func (f *tuneFlags) search(t *experiment.Tuning, bar *progressBar) tune.Options {
	begin := time.Now()
	o := tune.Options{Seed: f.seed, Starts: f.starts, Runs: f.budget.runs, Time: f.budget.time,
		Clock: func() time.Duration { return time.Since(begin) }}
	if bar != nil {
		o.Progress = func(p tune.Progress) {
			doing := p.Phase
			if p.Best != nil {
				doing += "; best so far: " + t.Describe(p.Best)
			}
			bar.moved(doing, int64(1000*p.Spent), 1000)
		}
	}
	return o
}

// write writes what was found, and returns an error unless the goals are met.
func (f *tuneFlags) write(ctx context.Context, t *experiment.Tuning, r *tune.Result,
	args []string, stdout io.Writer) error {
	tuned, err := t.Tuned(r)
	if err != nil {
		return err
	}
	ctx = context.WithoutCancel(ctx) // the best so far is written, too
	var errs []error
	if f.out != "" {
		errs = append(errs, writeWhole(ctx, f.out, stdout, func(w io.Writer) error {
			_, err := io.WriteString(w, tuned.PolicyText)
			return err
		}))
	}
	if f.json != "" {
		errs = append(errs, writeWhole(ctx, f.json, stdout, func(w io.Writer) error {
			return writeJSON(w, tuned)
		}))
	}
	if f.html != "" {
		errs = append(errs, writeWhole(ctx, f.html, stdout, func(w io.Writer) error {
			return report.TunedHTML(w, tuned, report.HTMLOptions{Program: "qsim " + cli.Version(),
				Command: commandLine(args)})
		}))
	}
	if f.html != report.Stdout && f.json != report.Stdout && f.out != report.Stdout {
		errs = append(errs, report.TunedText(stdout, tuned))
	}
	switch err := errors.Join(errs...); {
	case err != nil:
		return err
	case r.Interrupted:
		return errInterruptedTuning
	case !r.Met():
		return errCannotBeMet
	}
	return nil
}

// errInterruptedTuning is a search that was stopped by a signal, and has written its best.
var errInterruptedTuning = errors.New("interrupted: these are the best settings so far")
