package main

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/plan"
	"github.com/quotasched/quotasched/replay"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/recorded"
	"github.com/quotasched/quotasched/simulator/tune"
	"github.com/quotasched/quotasched/simulator/tuning"
)

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
	tuning.Flags
	tuning.Outputs
	journal  string
	progress progressFlag
	shard    shardFlag
}

// register adds the flags, with their defaults.
func (f *tuneFlags) register(set *pflag.FlagSet) {
	*f = tuneFlags{progress: "auto"}
	set.SortFlags = false
	f.Flags.Register(set)
	set.StringVar(&f.journal, "journal", "", "try policies out on this journal, as qsim plan does, "+
		"and not on the workload of FILE.yaml; a `file` that qsim record has written")
	f.Outputs.Register(set)
	set.Var(&f.shard, "shard", shardHelp+"; without --starts, each shard is a start")
	f.experimentFlags.register(set)
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
			if err := f.Check(); err != nil {
				return err
			}
			if f.shard.Of > 0 && !c.Flags().Changed("starts") {
				f.Starts = f.shard.Of
			}
			if f.shard.Of > 0 && f.Outputs.Policy == "" {
				return cli.Usagef("name the part with -o PART")
			}
			return f.run(c.Context(), files, args, stdout, stderr)
		},
	}
	f.register(c.Flags())
	return c
}

// atMostOne refuses a second argument.
func atMostOne(_ *cobra.Command, args []string) error {
	if len(args) > 1 {
		return cli.Usagef("%d files were named, want one at most", len(args))
	}
	return nil
}

// prepare loads the experiment, and returns its text, too.
func (f *tuneFlags) prepare(ctx context.Context, files []string, stderr io.Writer) (
	*experiment.Tuning, []byte, error) {
	o, err := f.Options()
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
	e, err := experiment.ParseForWorld(from.Path, from.Data, from.Sets...)
	if err != nil {
		return nil, nil, err
	}
	o.World, err = tuning.JournalWorld(func(at replay.Point) (*recorded.Pool, error) {
		return readRecorded(ctx, journalFile{path: f.journal}, at)
	})
	if errors.Is(err, plan.ErrNothing) {
		err = fmt.Errorf("%s: %w", f.journal, err)
	}
	if err != nil {
		return nil, nil, err
	}
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
	for number := range f.Starts {
		if !f.shard.Has(number) {
			continue
		}
		start, err := tune.Search(ctx, t.Problem(), f.search(t, bar), number)
		if err != nil {
			return tuneError(err)
		}
		p.Starts = append(p.Starts, start)
	}
	return p.write(ctx, f.Outputs.Policy, stdout)
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
	return f.Search(t, func(doing string, spent int64) {
		if bar != nil {
			bar.moved(doing, spent, 1000)
		}
	})
}

// write writes what was found, and returns an error unless the goals are met. The best so far of a
// search that was interrupted is written, too.
func (f *tuneFlags) write(ctx context.Context, t *experiment.Tuning, r *tune.Result,
	args []string, stdout io.Writer) error {
	ctx = context.WithoutCancel(ctx)
	return f.Outputs.Write(t, r, tuning.Writing{Program: "qsim", Command: commandLine(args),
		Stdout: stdout, File: func(path string, write func(io.Writer) error) error {
			return writeWhole(ctx, path, stdout, write)
		}})
}
