package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/journal"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/replay"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/internal/report"
)

const recordHelp = `Run one policy of an experiment or a log with one seed, as 'qsim run' does, and
write a journal: the pool before the first operation, then each operation with a hash
of its outcome. 'qsim replay' runs it again and compares. On Ctrl-C the journal has
the operations so far, and is whole. A name that ends in .gz or .zst is compressed;
- is standard output.`

const recordExamples = `  qsim record --only quota -o lab.qsj.zst           the built-in experiment
  qsim record my.yaml --only quota --seed 3 -o my.qsj
  qsim record LOG.swf.gz --only fair -o log.qsj.zst
  qsim record --only quota --state-every 1 --outcomes -o exact.qsj.zst`

// recordFlags are the flags of `qsim record`.
type recordFlags struct {
	runFlags
	seed       uint64
	seedIsSet  bool
	out        string
	stateEvery uint64
	outcomes   bool
}

// register adds the flags, with their defaults.
func (f *recordFlags) register(set *pflag.FlagSet) {
	*f = recordFlags{runFlags: runFlags{checks: true, progress: "auto"}}
	set.SortFlags = false
	set.StringVarP(&f.out, "out", "o", "", "write the journal to this `file`")
	set.StringArrayVar(&f.only, "only", nil, "the `name` of the policy to run")
	set.Uint64Var(&f.seed, "seed", 0, "the seed of the run (default: the experiment's first one)")
	set.Uint64Var(&f.stateEvery, "state-every", 100, "keep a hash of the whole state after each so "+
		"many operations; 0 keeps none")
	set.BoolVar(&f.outcomes, "outcomes", false, "keep the outcome of each operation in full, so that "+
		"a difference can be shown in full")
	f.experimentFlags.register(set)
	set.Var(&f.checks, "checks", "check the invariants of the pool all the way")
	set.Var(&f.progress, "progress", "a bar on stderr; auto: if that is a terminal")
	cli.AddUnder(logGroup, set, func(set *pflag.FlagSet) {
		set.IntVar(&f.workers, "workers", 0, "size of the fleet (default: what the log's header says)")
		f.log.register(set)
	})
}

// newRecordCommand returns the command `qsim record`.
func newRecordCommand(stdout, stderr io.Writer) *cobra.Command {
	var f recordFlags
	c := &cobra.Command{
		Use:     "record [FILE.yaml | LOG]",
		Short:   "Run one policy and keep a journal of its pool",
		Long:    recordHelp,
		Example: recordExamples,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return cli.Usagef("%d files were named, want one at most", len(args))
			}
			return nil
		},
		RunE: func(c *cobra.Command, files []string) error {
			isLog := len(files) > 0 && !isExperiment(files[0])
			f.seedIsSet = c.Flags().Changed("seed")
			if f.out == "" {
				return cli.Usagef("name the journal with -o FILE")
			}
			if err := f.check(c.Flags(), isLog); err != nil {
				return err
			}
			return record(c.Context(), &f, files, stdout, stderr)
		},
	}
	f.register(c.Flags())
	return c
}

// errCutShort is a recorded run that was stopped by a signal.
var errCutShort = errors.New("interrupted: the journal ends before the run does")

// record loads an experiment, runs it and writes its journal, which appears only when it is whole.
// That of a run that broke a promise is written, too, as it shows how, and that of a run that was
// interrupted has all operations up to then.
func record(ctx context.Context, f *recordFlags, files []string, stdout, stderr io.Writer) error {
	if err := f.setSeed(ctx, files); err != nil {
		return err
	}
	e, _, err := load(ctx, &f.runFlags, files, stderr)
	if err != nil {
		return err
	}
	if v := e.Variants(); len(v) > 1 {
		return cli.Usagef("a journal is of one policy, and there are %d: %s; choose with --only, and "+
			"with --set sweep=[] if they are swept", len(v), strings.Join(v, "; "))
	}
	out, err := report.Create(f.out, stdout)
	if err != nil {
		return err
	}
	source := builtIn
	if len(files) > 0 {
		source = filepath.Base(files[0])
	}
	r := &recordedRun{flags: f, header: &protos.JournalHeader{Pool: e.File.Name,
		Writer: "qsim " + cli.Version(),
		Description: fmt.Sprintf("%s: policy %s, seed %d", source, e.Variants()[0],
			e.File.Seeds[0])}}
	err = out.Write(func(w io.Writer) error { return r.write(ctx, e, w, stderr) })
	if errors.Is(err, errStopped) {
		return errStopped
	}
	if err != nil {
		return err
	}
	fmt.Fprintf(stderr, "qsim: %s written to %s\n", words.Count(int(r.steps), "operation"), f.out)
	return r.broken
}

// setSeed makes the experiment have one seed.
func (f *recordFlags) setSeed(ctx context.Context, files []string) error {
	if !f.seedIsSet {
		o, err := f.loadOptions(ctx, files)
		if err != nil {
			return err
		}
		e, err := experiment.Parse(o.Path, o.Data, o.Sets...)
		if err != nil {
			return nil // load says so, and more
		}
		f.seed = e.File.Seeds[0]
	}
	f.sets = append(f.sets, fmt.Sprintf("seeds=[%d]", f.seed))
	return nil
}

// recordedRun is a run of which a journal is written.
type recordedRun struct {
	flags  *recordFlags
	header *protos.JournalHeader
	steps  uint64
	broken error // what the run broke, or that it was interrupted
}

// write runs the experiment and writes the journal.
func (r *recordedRun) write(ctx context.Context, e *experiment.Experiment, out io.Writer,
	stderr io.Writer) error {
	var w *journal.Writer
	recording := simulator.NewRecording(func(snapshot *protos.Pool) (*journal.Writer, error) {
		var err error
		w, err = journal.NewWriter(out, journal.Beginning{Header: r.header, Snapshot: snapshot,
			Compression: compressionOf(r.flags.out)})
		return w, err
	}, replay.RecorderOptions{StateEvery: r.flags.stateEvery, Outcomes: r.flags.outcomes})
	bar := newProgressBar(r.flags.progress, stderr)
	o := experiment.RunOptions{Parallel: 1, SkipChecks: !bool(r.flags.checks),
		NewPool: recording.NewPool}
	if bar != nil {
		o.Progress = bar.show
	}
	defer bar.close()
	results, err := e.Run(ctx, o)
	switch {
	case recording.Err() != nil:
		return recording.Err()
	case results == nil || err != nil && !errors.Is(err, experiment.ErrBroken):
		return stopped(err)
	case err == nil && results.Partial && w == nil:
		return errStopped
	case err == nil && results.Partial:
		r.broken, r.steps = errCutShort, w.Last()
		return w.Close()
	case err == nil:
		warnImpossible(results, stderr)
		err = verdict(results, r.flags.strict)
	}
	if err != nil && !errors.Is(err, experiment.ErrBroken) || w == nil {
		return err
	}
	r.broken, r.steps = err, w.Last()
	return w.Close()
}

// compressionOf returns what the name of a journal says of its compression.
func compressionOf(path string) journal.Compression {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".gz":
		return journal.Gzip
	case ".zst":
		return journal.Zstd
	}
	return journal.None
}
