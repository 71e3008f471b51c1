package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/report"
)

const runHelp = `Replay a log in the Standard Workload Format (plain or gzipped), or, if no file is
named, a made-up week of a device lab, through the real scheduler and reconciler on
virtual time: requests arrive, idle workers poll, tasks start, run, are preempted and
end. At the end, print what each account waited and used.

A job of n processors becomes n requests, which are scheduled one by one. Jobs that
are wider than the fleet are impossible: they are reported, counted and left out.
Each account of a log has an equal share of the fleet, unless --rate says otherwise.`

const runExamples = `  qsim run                                       the built-in week
  qsim run --workers 100 --seed 7                another week, with 20 devices fewer
  qsim run KTH-SP2-1996-2.1-cln.swf.gz           a log, accounts from its groups
  qsim run --account none LOG.swf                first come, first served
  qsim run --account user --max-charge 1h --json figures.json LOG.swf.gz
  qsim run --preemption off --wall-times off LOG.swf`

// newRunCommand returns the command `qsim run`.
func newRunCommand(stdout, stderr io.Writer) *cobra.Command {
	var f runFlags
	c := &cobra.Command{
		Use:     "run [FILE]",
		Short:   "Replay a log, or the built-in week of a device lab",
		Long:    runHelp,
		Example: runExamples,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return usagef("%d files were named, want one at most", len(args))
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.check(c.Flags(), len(args) == 0); err != nil {
				return err
			}
			return run(c, &f, args, stdout, stderr)
		},
	}
	f.register(c.Flags())
	return c
}

// run makes the setup, simulates it and reports. Nothing is left behind if it fails.
func run(c *cobra.Command, f *runFlags, args []string, stdout, stderr io.Writer) error {
	var in *input
	var err error
	if len(args) == 0 {
		in, err = builtInInput(f, c.Flags())
	} else {
		in, err = readInput(c.Context(), f, c.Flags(), args[0], stderr)
	}
	if err != nil {
		return err
	}
	var file *report.File
	if f.json != "" {
		if file, err = report.Create(f.json, stdout); err != nil {
			return err
		}
	}
	figures, err := simulate(c.Context(), f, in.setup, stderr)
	if err != nil {
		if file != nil {
			err = errors.Join(err, file.Discard())
		}
		return err
	}
	if file != nil {
		write := func(w io.Writer) error { return report.FiguresJSON(w, figures) }
		if err := file.Write(write); err != nil {
			return err
		}
	}
	warnImpossible(figures, stderr)
	options := report.Options{Top: f.top, Notes: in.notes}
	if err := report.Table(stdout, figures, options); err != nil {
		return fmt.Errorf("standard output: %w", err)
	}
	return verdict(figures)
}

// simulate runs the setup under a progress bar.
func simulate(ctx context.Context, f *runFlags, setup *simulator.Setup,
	stderr io.Writer) (*simulator.Figures, error) {
	if f.wallTimes {
		begin := time.Now()
		setup.Stopwatch = func() time.Duration { return time.Since(begin) }
	}
	bar := newProgressBar(f.progress, stderr, setup.Workload.Requests())
	if bar != nil {
		setup.Progress = bar.show
	}
	defer bar.close()
	figures, err := simulator.Run(ctx, setup)
	if err != nil && !errors.Is(err, simulator.ErrSetup) {
		err = fmt.Errorf("%w: %w", errBroken, err)
	}
	return figures, err
}

// verdict is what becomes the exit code.
func verdict(f *simulator.Figures) error {
	switch {
	case f.BrokenCount > 0:
		return fmt.Errorf("%w (%d in all): %s", errBroken, f.BrokenCount, f.Broken[0])
	case f.Partial:
		return errInterrupted
	case f.All.Unfinished > 0:
		return fmt.Errorf("%w: %d requests never ran to their end, although nothing else arrived "+
			"or ended any more", errBroken, f.All.Unfinished)
	case f.All.Impossible == f.All.Requests:
		return fmt.Errorf("nothing could run: everything is wider than the fleet")
	}
	return nil
}

// warnImpossible names the first of the submissions that were left out as too large.
func warnImpossible(f *simulator.Figures, stderr io.Writer) {
	const most = 5
	if len(f.Impossible) == 0 {
		return
	}
	fmt.Fprintf(stderr, "qsim: submissions that cannot run, as fewer workers have their labels "+
		"than they need: %d\n", len(f.Impossible))
	for i, s := range f.Impossible {
		if i == most {
			fmt.Fprintf(stderr, "qsim:   and %d more\n", len(f.Impossible)-most)
			break
		}
		fmt.Fprintf(stderr, "qsim:   %s needs %d workers of %d\n", s.Submission, s.Size, s.Workers)
	}
}
