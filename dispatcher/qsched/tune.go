package main

import (
	"context"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/dispatcher/internal/durable"
	"github.com/quotasched/quotasched/replay"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/recorded"
	"github.com/quotasched/quotasched/simulator/tune"
	"github.com/quotasched/quotasched/simulator/tuning"
)

// tuneFlags are the flags of `qsched tune`.
type tuneFlags struct {
	tuning.Flags
	tuning.Outputs
	pool, path string
}

func newTuneCommand(a *app) *cobra.Command {
	var f tuneFlags
	c := &cobra.Command{
		Use:   "tune POOL POLICY.yaml",
		Short: "Search for the quotas that meet goals",
		Long: `Search for the settings of a policy that meet goals at the least cost, as 'qsim tune' does:
each of them is tried out on what the pool was told, as the server's journal has it. The
first half of the journal is searched, the second half has the verdict. The server sends
the journal, and does nothing else.

The file is a policy or an experiment; an experiment's goals, knobs and minimize count
where flags do not take their place. Without knobs, they are the rates, caps and limits of
the policy. A goal is METRIC@ACCOUNT=BOUND, METRIC=BOUND for every account by itself, or
METRIC@*=BOUND for all tasks together.

It exits with 1 if the goals are not met, and with 130 if it was interrupted, with the best
settings so far written.`,
		Example: `  qsched tune lab quotas.yaml --goal wait_p95@cq=3m --goal lost_share=5% -o new.yaml
  qsched plan lab new.yaml
  qsched tune lab quotas.yaml --goal wait_p95=10m --budget 5m --html tune.html`,
		Args: exactly("POOL", "POLICY.yaml"),
		RunE: func(c *cobra.Command, args []string) error {
			f.pool, f.path = args[0], args[1]
			if a.json {
				f.JSON = "-"
			}
			return a.tune(c.Context(), &f)
		},
	}
	c.Flags().SortFlags = false
	f.Flags.Register(c.Flags())
	f.RegisterFiles(c.Flags())
	return c
}

// tune searches on a server's journal.
func (a *app) tune(ctx context.Context, f *tuneFlags) error {
	if err := f.Check(); err != nil {
		return err
	}
	o, err := f.Options()
	if err != nil {
		return err
	}
	text, err := os.ReadFile(f.path)
	if err != nil {
		return err
	}
	e, err := experiment.ParseForWorld(f.path, text)
	if err != nil {
		return err
	}
	if o.World, err = a.journalWorld(ctx, f.pool); err != nil {
		return err
	}
	t, err := e.Tuning(o)
	if err != nil {
		return err
	}
	found, err := tune.Run(ctx, t.Problem(), f.Search(t, a.searching()))
	if err != nil {
		return err
	}
	command := []string{"qsched tune", f.pool, f.path}
	for _, goal := range f.Goals {
		command = append(command, "--goal", goal)
	}
	err = f.Write(t, found, tuning.Writing{Program: "qsched", Command: strings.Join(command, " "),
		Stdout: a.out, File: func(path string, write func(io.Writer) error) error {
			if path == "-" {
				return write(a.out)
			}
			if err := durable.Write(path, write); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
			return nil
		}})
	if err == tuning.ErrNotMet {
		return fmt.Errorf("%w: the check %w", err, errFailed)
	}
	return err
}

// journalWorld gets the journal of a pool, and reads it.
func (a *app) journalWorld(ctx context.Context, pool string) (world *experiment.World, err error) {
	file, err := os.CreateTemp("", "qsched-journal-")
	if err != nil {
		return nil, err
	}
	defer os.Remove(file.Name())
	defer file.Close()
	if err := a.call(ctx, func(ctx context.Context, s *client.Client) error {
		return s.ExportJournal(ctx, pool, file)
	}); err != nil {
		return nil, err
	}
	return tuning.JournalWorld(func(at replay.Point) (*recorded.Pool, error) {
		if _, err := file.Seek(0, io.SeekStart); err != nil {
			return nil, err
		}
		return readRecorded(ctx, file, at)
	})
}

// searchingEvery is how often people hear how far a search has come.
const searchingEvery = 5 * time.Second

// searching returns what tells people how far a search has come.
func (a *app) searching() func(doing string, spent int64) {
	last := time.Now()
	return func(doing string, spent int64) {
		if now := time.Now(); now.Sub(last) >= searchingEvery {
			last = now
			percent := math.Min(float64(spent)/10, 100)
			fmt.Fprintf(a.err, "%3.0f %%: %s\n", percent, doing)
		}
	}
}
