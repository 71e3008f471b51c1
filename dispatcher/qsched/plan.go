package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/journal"
	"github.com/quotasched/quotasched/plan"
	"github.com/quotasched/quotasched/replay"
	"github.com/quotasched/quotasched/simulator/recorded"
)

// planFlags are the flags of `qsched plan`.
type planFlags struct {
	pool, path, policy string
	thresholds         []string
	top                int
}

func newPlanCommand(a *app) *cobra.Command {
	var f planFlags
	c := &cobra.Command{
		Use:   "plan POOL POLICY.yaml",
		Short: "Say what other quotas would have changed for whom",
		Long: `Say what other quotas would have changed for whom: what the pool was told, as the server's
journal has it, is run through the real scheduler again under the policy of a file, and
compared with what was. 'qsim plan' says the same of the exported journal, and more of
thresholds. The server sends the journal, and does nothing else.

It exits with 1 if a threshold is broken.`,
		Example: `  qsched plan lab new.yaml
  qsched plan lab new.yaml --threshold wait_p95=+20%,+60s --threshold 'lost@fuzz=+1h'`,
		Args: exactly("POOL", "POLICY.yaml"),
		RunE: func(c *cobra.Command, args []string) error {
			f.pool, f.path = args[0], args[1]
			return a.plan(c.Context(), &f)
		},
	}
	c.Flags().StringVar(&f.policy, "policy", "", "`name` of the policy in the file, where that is an "+
		"experiment with several")
	c.Flags().StringArrayVar(&f.thresholds, "threshold", nil, "a `METRIC=LIMIT` that must not be "+
		"broken; once for each")
	c.Flags().IntVar(&f.top, "top", 20, "accounts with rows of their own, those that are harmed "+
		"most; 0 shows all")
	return c
}

// plan makes a plan from a server's journal and prints it.
func (a *app) plan(ctx context.Context, f *planFlags) error {
	if f.top < 0 {
		return cli.Usagef("--top %d is negative", f.top)
	}
	var thresholds []plan.Threshold
	for _, text := range f.thresholds {
		t, err := plan.ParseThreshold(text)
		if err != nil {
			return cli.Usagef("--threshold: %w", err)
		}
		thresholds = append(thresholds, t)
	}
	text, err := os.ReadFile(f.path)
	if err != nil {
		return err
	}
	next, err := recorded.ParsePolicy(f.path, text, f.policy)
	if err != nil {
		return err
	}
	past, err := a.recorded(ctx, f.pool)
	if err != nil {
		return err
	}
	in, err := past.Input(nil, next)
	if err != nil {
		return err
	}
	in.Thresholds = thresholds
	made, err := plan.Make(ctx, in)
	if err != nil {
		return err
	}
	if a.json {
		err = a.line(made)
	} else {
		_, err = fmt.Fprint(a.out, plan.Text(made, plan.TextOptions{Top: f.top, Notes: past.Notes}))
	}
	if n := len(made.Broken); err == nil && n > 0 {
		return fmt.Errorf("%s: the check %w", words.Count(n, "broken threshold"), errFailed)
	}
	return err
}

// recorded runs the journal of a pool, while it comes.
func (a *app) recorded(ctx context.Context, pool string) (past *recorded.Pool, err error) {
	err = a.call(ctx, func(ctx context.Context, s *client.Client) error {
		in, out := io.Pipe()
		sent := make(chan error, 1)
		go func() {
			err := s.ExportJournal(ctx, pool, out)
			sent <- err
			out.CloseWithError(err) // nil is the end of the file
		}()
		past, err = readRecorded(ctx, in, replay.Point{})
		in.Close() // which ends the sending
		if failed := <-sent; failed != nil && err != nil && !strings.Contains(failed.Error(),
			io.ErrClosedPipe.Error()) {
			return failed // the cause of what the reader has seen
		}
		return err
	})
	return past, err
}

func readRecorded(ctx context.Context, in io.Reader, at replay.Point) (*recorded.Pool, error) {
	r, err := journal.NewReader(in)
	if err != nil {
		return nil, err
	}
	defer r.Close() // it was only read
	return recorded.Read(func(o replay.Options) (*replay.Report, error) {
		return replay.Run(ctx, r, o)
	}, at)
}
