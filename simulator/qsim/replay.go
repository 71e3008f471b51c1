package main

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/replay"
	"github.com/quotasched/quotasched/simulator/recorded"
)

const replayHelp = `Run a journal again: restore its pool, tell it every operation, and compare what
comes of each with the journal. A journal may be compressed. One that is torn, as a
crash leaves it, is run up to the tear, and a warning says where that is.

With --fork, say what becomes of each account if the pool goes on from --until under
another policy, in the world that the journal knows: requests come, and tasks run for
as long, as they did ('qsim plan' does the same from the beginning). With --shadow, say
which decisions another policy would have taken in the same situations.

Exit codes: 0 all is the same; 1 something differs: the first operation that does is
shown, or a --threshold is broken; 2 the journal cannot be read, or is damaged; 130 interrupted.`

const replayExamples = `  qsim replay lab.qsj.zst
  qsim replay lab.qsj.zst --runs 2 --restore-after 5000
  qsim replay lab.qsj.zst --until 2026-01-07T12:00 --save wednesday.pb
  qsim replay lab.qsj.zst --until 100 --save state.json
  qsim replay lab.qsj.zst --until 2026-01-07T12:00 --fork new.yaml
  qsim replay lab.qsj.zst --shadow new.yaml`

// errDiffers is a replay that is not what its journal says.
var errDiffers = recorded.ErrDiffers

// replayFlags are the flags of `qsim replay`.
type replayFlags struct {
	until        pointFlag
	save         string
	runs         int
	restoreAfter uint64
	pool         string
	progress     progressFlag
	wallTimes    onOff
	whatIf       whatIfFlags
}

// register adds the flags, with their defaults.
func (f *replayFlags) register(set *pflag.FlagSet) {
	*f = replayFlags{progress: "auto", wallTimes: true}
	set.SortFlags = false
	set.Var(&f.until, "until", "stop after so many operations, or before the first one that is "+
		"later than a time such as 2026-01-05T12:00 (UTC, or with a zone)")
	set.StringVar(&f.save, "save", "", "write the state at the end to a `file`, as a binary "+
		"protos.Pool, or JSON if its name ends in .json")
	set.IntVar(&f.runs, "runs", 1, "run the journal so often")
	set.Uint64Var(&f.restoreAfter, "restore-after", 0, "save and restore the pool after so many "+
		"operations, which must make no difference; 0 does not")
	f.whatIf.register(set)
	set.StringVar(&f.pool, "pool", "", "refuse the journal if it is not of the pool of this `name`")
	set.Var(&f.progress, "progress", "a bar on stderr; auto: if that is a terminal")
	set.Var(&f.wallTimes, "wall-times", "say how long all this took; nothing else differs from "+
		"run to run")
}

// newReplayCommand returns the command `qsim replay`.
func newReplayCommand(stdout, stderr io.Writer) *cobra.Command {
	var f replayFlags
	c := &cobra.Command{
		Use:     "replay FILE",
		Short:   "Run a journal again and compare every decision",
		Long:    replayHelp,
		Example: replayExamples,
		Args:    exactly(1, "want FILE"),
		RunE: func(c *cobra.Command, args []string) error {
			if f.runs < 1 {
				return cli.Usagef("--runs %d is less than 1", f.runs)
			}
			asked, err := f.whatIf.asked(c.Flags())
			if err != nil {
				return err
			}
			if asked {
				f.whatIf.progress = f.progress
				from := journalFile{path: args[0], pool: f.pool}
				return f.whatIf.run(c.Context(), from, replay.Point(f.until), stdout, stderr)
			}
			return f.replay(c.Context(), args[0], stdout, stderr)
		},
	}
	f.register(c.Flags())
	return c
}

// replay runs a journal as often as asked, reports the outcome, and saves the state.
func (f *replayFlags) replay(ctx context.Context, path string, stdout, stderr io.Writer) error {
	var last *replay.Report
	for i := range f.runs {
		begin := time.Now()
		report, err := f.once(ctx, path, fmt.Sprintf("run %d of %d", i+1, f.runs), stderr)
		if err != nil {
			return err
		}
		took := time.Since(begin)
		if !f.wallTimes {
			took = 0
		}
		if i > 0 {
			report.Header = nil // it was said
		} else if report.Torn != nil {
			fmt.Fprintf(stderr, "qsim: warning: %s: %v\n", path, report.Torn)
		}
		text := f.said(path, report, took)
		if f.save == "-" {
			text = ""
		}
		if _, err := io.WriteString(stdout, text); err != nil {
			return fmt.Errorf("standard output: %w", cause(err))
		}
		if report.Difference != nil {
			return fmt.Errorf("%s: %w at operation %s", path, errDiffers,
				words.Number(report.Difference.Number))
		}
		last = report
	}
	if f.save == "" {
		return nil
	}
	return saveSnapshot(ctx, f.save, stdout, last.Pool.Snapshot())
}

// once runs a journal.
func (f *replayFlags) once(ctx context.Context, path, doing string,
	stderr io.Writer) (*replay.Report, error) {
	bar := newProgressBar(f.progress, stderr)
	defer bar.close()
	return journalFile{path: path, pool: f.pool, bar: bar, doing: doing}.run(ctx,
		replay.Options{Until: replay.Point(f.until), RestoreAfter: f.restoreAfter})
}

// said writes for people what was done, on a few lines.
func (f *replayFlags) said(path string, r *replay.Report, took time.Duration) string {
	var b strings.Builder
	if h := r.Header; h != nil {
		fmt.Fprintf(&b, "%s: pool %s, written by %s\n  %s\n", path, printable(h.GetPool()),
			printable(h.GetWriter()), printable(h.GetDescription()))
	}
	fmt.Fprintf(&b, "%s replayed", words.Count(int(r.Steps), "operation"))
	span := r.Last.Sub(r.First)
	if r.Steps > 0 {
		fmt.Fprintf(&b, ", from %s to %s (%s)", r.First.Format(time.RFC3339),
			r.Last.Format(time.RFC3339), words.Duration(span))
	}
	if r.Stopped {
		fmt.Fprintf(&b, "; stopped there")
	}
	b.WriteString("\n")
	if took > 0 {
		fmt.Fprintf(&b, "  took %s: %s times as fast as the real world\n",
			words.Duration(took), words.Figure(span.Seconds()/took.Seconds()))
	}
	if d := r.Difference; d != nil {
		fmt.Fprintf(&b, "  DIFFERENT: %s", strings.ReplaceAll(printableLines(d.String()), "\n", "\n  "))
		return strings.TrimRight(b.String(), " ")
	}
	fmt.Fprintf(&b, "  compared: %s and %s, all the same\n", words.Count(int(r.Steps), "outcome"),
		words.Count(int(r.States), "state"))
	hash := r.Pool.Hash()
	fmt.Fprintf(&b, "  state: %x\n", hash)
	return b.String()
}

// printableLines makes each line of a text safe for a terminal.
func printableLines(text string) string {
	lines := strings.Split(text, "\n")
	for i := range lines {
		lines[i] = printable(lines[i])
	}
	return strings.Join(lines, "\n")
}
