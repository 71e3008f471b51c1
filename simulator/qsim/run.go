package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator/experiment"
)

const runHelp = `Run quota policies against each other, through the real scheduler and reconciler on
virtual time: requests arrive, idle workers poll, tasks start, run, are preempted and
end. At the end, print who waited for how long under which policy, and what it cost.

FILE.yaml is an experiment: a log or a made-up workload, a fleet, and two or more
policies ('qsim example' prints some to begin with). Any other FILE is a log, which is
replayed first come, first served, and with an equal share of the fleet for each of
its accounts. Without a file, the built-in experiment of a device lab is run.`

const runExamples = `  qsim run                                      the built-in experiment
  qsim run --html lab.html                      the same, with charts
  qsim run my.yaml --json now.json --csv tasks.csv
  qsim run my.yaml --set policies.quota.accounts.cq.rates.p0=20 --set seeds=5
  qsim run KTH-SP2-1996-2.1-cln.swf.gz          a log, accounts from its groups
  qsim run --only fair --account 'user-{user}' LOG.swf.gz
  qsim run my.yaml --shard 3/8 -o part3.json    an eighth of the runs, for qsim merge
  qsim run --set policies.fair.max_charge=2h LOG.swf`

// newRunCommand returns the command `qsim run`.
func newRunCommand(args []string, stdout, stderr io.Writer) *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:     "run [FILE.yaml | LOG]",
		Short:   "Run quota policies against each other",
		Long:    runHelp,
		Example: runExamples,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return cli.Usagef("%d files were named, want one at most", len(args))
			}
			return nil
		},
		RunE: func(c *cobra.Command, files []string) error {
			isLog := len(files) > 0 && !isExperiment(files[0])
			if err := f.check(c.Flags(), isLog); err != nil {
				return err
			}
			return run(c.Context(), &f, files, args, stdout, stderr)
		},
	}
	f.register(c.Flags())
	return c
}

// run loads an experiment, runs it and reports. Files appear only if there are results to write.
func run(ctx context.Context, f *runFlags, files, args []string, stdout, stderr io.Writer) error {
	begin := time.Now()
	e, text, err := load(ctx, f, files, stderr)
	if err != nil {
		return err
	}
	loading := time.Since(begin)
	out, err := createOutputs(f, stdout)
	if err != nil {
		return err
	}
	results, runErr := simulate(ctx, f, e, out, stderr)
	if results == nil {
		return errors.Join(runErr, out.discard())
	}
	if f.shard.Of > 0 {
		p := &part{Version: partVersion, Kind: "run", Shard: f.shard.Shard, Args: withoutShard(args),
			Digest: digestOf(text), Seeds: e.File.Seeds, Top: f.topOf(e), Results: results}
		return errors.Join(runErr, p.write(context.WithoutCancel(ctx), f.out, stdout))
	}
	if f.wallTimes {
		results.WallLoadSeconds = loading.Seconds()
	}
	warnImpossible(results, stderr)
	errs := []error{runErr}
	if runErr == nil {
		errs[0] = verdict(results, f.strict)
	}
	errs = append(errs, out.write(results, f.topOf(e), args))
	if !f.onStdout() {
		errs = append(errs, printResults(results, f.topOf(e), stdout))
	}
	return errors.Join(errs...)
}

// load reads what the command line names, and warns of what may be a mistake. It also returns the
// experiment's text.
func load(ctx context.Context, f *runFlags, files []string,
	stderr io.Writer) (*experiment.Experiment, []byte, error) {
	o, err := f.loadOptions(ctx, files)
	if err != nil {
		return nil, nil, err
	}
	e, err := experiment.Load(ctx, o)
	if err != nil {
		if len(files) > 0 && !isExperiment(files[0]) {
			err = logMistakes(files[0], err)
		}
		return nil, nil, stopped(err)
	}
	for _, w := range e.Warnings {
		fmt.Fprintf(stderr, "qsim: warning: %s\n", printable(w))
	}
	return e, o.Data, nil
}

// simulate runs the experiment under a progress bar. The results are nil if there is nothing to
// report; what there is of an experiment that broke a promise comes with the error.
func simulate(ctx context.Context, f *runFlags, e *experiment.Experiment, out *outputs,
	stderr io.Writer) (*experiment.Results, error) {
	o := experiment.RunOptions{Parallel: f.parallel, SkipChecks: !bool(f.checks),
		Shard: f.shard.Shard}
	if f.wallTimes && f.shard.Of == 0 {
		begin := time.Now()
		o.Stopwatch = func() time.Duration { return time.Since(begin) }
	}
	if out.tasks != nil {
		o.Tasks = func(id experiment.RunID) (experiment.TaskSink, error) {
			return out.tasks.Part(id.Variant, id.Seed)
		}
	}
	bar := newProgressBar(f.progress, stderr)
	if bar != nil {
		o.Progress = bar.show
	}
	defer bar.close()
	results, err := e.Run(ctx, o)
	if err != nil && !errors.Is(err, experiment.ErrBroken) {
		return nil, err
	}
	return results, err
}

// verdict returns an error if the results are not what was asked for. Strict is that of --strict.
func verdict(results *experiment.Results, strict bool) error {
	var strictErr, never error
	runs, impossible := 0, 0
	for i := range results.Variants {
		v := &results.Variants[i]
		for _, r := range v.Runs {
			all := &r.Figures.All
			runs++
			if all.Unfinished > 0 && !r.Figures.Partial {
				return fmt.Errorf("%w: %s, seed %d: %s never ran to the end, although "+
					"nothing else arrived or ended any more", experiment.ErrBroken, v.Name, r.Seed,
					words.Count(all.Unfinished, "request"))
			}
			left := experiment.ImpossibleOf(r.Figures)
			if strict && strictErr == nil && left.Err() != nil {
				strictErr = fmt.Errorf("%s, seed %d: %w", v.Name, r.Seed, left.Err())
			}
			if all.Impossible == all.Requests && all.Requests > 0 {
				impossible++
				never = fmt.Errorf("nothing could run: %s", strings.Join(left.Why(), "; "))
			}
		}
	}
	switch {
	case results.Partial:
		return errInterrupted
	case runs > 0 && impossible == runs:
		return never
	}
	return strictErr
}

// warnImpossible says what can never run under variants whose fleet or workload is not that of the
// variant before; loading the experiment has warned of what the first one cannot run.
func warnImpossible(results *experiment.Results, stderr io.Writer) {
	var known []string
	for i := range results.Variants {
		v := &results.Variants[i]
		if len(v.Runs) == 0 {
			continue
		}
		left := experiment.ImpossibleOf(v.Runs[0].Figures)
		text := append([]string{left.String()}, left.Why()...)
		if i > 0 && left.Requests > 0 && !slices.Equal(known, text) {
			fmt.Fprintf(stderr, "qsim: warning: %s: %s\n", printable(v.Name),
				printable(strings.Join(text, "; ")))
		}
		known = text
	}
}
