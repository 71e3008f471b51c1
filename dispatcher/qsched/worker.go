package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos/dispatch"
)

func newWorkerCommand(a *app) *cobra.Command {
	return group("worker", "Look at workers, and keep them from work", newWorkerListCommand(a),
		workerChange(a, "cordon", "Keep a worker, NAME or one slot NAME/0, from being given tasks; "+
			"what runs goes on", "is cordoned",
			func(ctx context.Context, s *client.Client, t target) error {
				_, err := s.Admin.CordonWorker(ctx, connect.NewRequest(&dispatch.CordonWorkerRequest{
					Pool: t.pool, Worker: t.name, Reason: t.reason, RequestId: t.requestID}))
				return err
			}),
		workerChange(a, "uncordon", "Let a worker be given tasks again", "is given tasks again",
			func(ctx context.Context, s *client.Client, t target) error {
				_, err := s.Admin.UncordonWorker(ctx, connect.NewRequest(&dispatch.UncordonWorkerRequest{
					Pool: t.pool, Worker: t.name, Reason: t.reason, RequestId: t.requestID}))
				return err
			}),
		newWorkerDrainCommand(a))
}

// workerChange returns a command that changes one worker and answers nothing.
func workerChange(a *app, name, short, done string,
	do func(context.Context, *client.Client, target) error) *cobra.Command {
	ch := &change{}
	c := &cobra.Command{
		Use:   name + " POOL WORKER",
		Short: short,
		Args:  exactly("POOL", "WORKER"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
				if err := do(ctx, s, target{args[0], args[1], *ch}); err != nil {
					return err
				}
				return a.done("worker %s %s", args[1], done)
			})
		},
	}
	ch.register(c)
	return c
}

// drainPoll is how often a drain looks whether anything still runs.
const drainPoll = time.Second

func newWorkerDrainCommand(a *app) *cobra.Command {
	ch := &change{}
	var undo, exit, wait bool
	c := &cobra.Command{
		Use:   "drain POOL WORKER",
		Short: "Tell a machine, NAME, to take no new task",
		Long: `Tell a machine to take no new task. What runs goes on. Unlike a cordon, this is told to
the machine itself, and with --exit its agent ends when nothing runs any more.`,
		Example: `  qsched worker drain lab host-7 --wait && ssh host-7 reboot
  qsched worker drain lab host-7 --undo`,
		Args: exactly("POOL", "WORKER"),
		RunE: func(c *cobra.Command, args []string) error {
			r := &dispatch.DirectWorkerRequest{Pool: args[0], Worker: args[1], Reason: ch.reason,
				RequestId: ch.requestID, Directive: dispatch.Orders_DIRECTIVE_DRAIN}
			done := "takes no new task"
			switch {
			case undo && (exit || wait):
				return cli.Usagef("--undo goes with neither --exit nor --wait")
			case undo:
				r.Directive, done = dispatch.Orders_DIRECTIVE_UNSPECIFIED, "takes tasks again"
			case exit:
				r.Directive, done = dispatch.Orders_DIRECTIVE_EXIT, "ends when nothing runs"
			}
			return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
				if _, err := s.Admin.DirectWorker(ctx, connect.NewRequest(r)); err != nil {
					return err
				}
				if wait {
					if err := a.awaitDrain(ctx, s, r); err != nil {
						return err
					}
					done = "has nothing to do any more"
				}
				return a.done("worker %s %s", r.Worker, done)
			})
		},
	}
	c.Flags().BoolVar(&undo, "undo", false, "let it take tasks again")
	c.Flags().BoolVar(&exit, "exit", false, "its agent ends when nothing runs")
	c.Flags().BoolVar(&wait, "wait", false, "go on until nothing runs")
	ch.register(c)
	return c
}

// awaitDrain goes on until no slot of a machine has a task.
func (a *app) awaitDrain(ctx context.Context, s *client.Client,
	r *dispatch.DirectWorkerRequest) error {
	for {
		busy := 0
		for w, err := range s.AllWorkers(ctx, r.Pool) {
			if err != nil {
				return err
			}
			if strings.HasPrefix(w.Worker, r.Worker+"/") && w.Lease != nil {
				busy++
			}
		}
		if busy == 0 {
			return nil
		}
		fmt.Fprintf(a.err, "worker %s: %s busy\n", r.Worker, words.Count(busy, "slot"))
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(drainPoll):
		}
	}
}

func newWorkerListCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list POOL",
		Short: "List a pool's workers, which are slots, and what they do",
		Args:  exactly("POOL"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
				t := newTable(columns{"worker", "does", "account", "level", ">since", "kept from work",
					"labels"})
				for w, err := range s.AllWorkers(ctx, args[0]) {
					if err != nil {
						return err
					}
					if a.json {
						if err := a.message(w); err != nil {
							return err
						}
						continue
					}
					t.AppendRow(workerRow(w))
				}
				if a.json {
					return nil
				}
				return a.show(t, "there is no worker")
			})
		},
	}
}

func workerRow(w *dispatch.WorkerView) []any {
	does, account, level, from := "idle", "", "", w.IdleSince
	if l := w.Lease; l != nil {
		does, account, from = "task "+l.Id, accountName(w.AccountId), l.AssignTime
		if w.Priority != nil {
			level = levelText(*w.Priority)
		}
	}
	ago := "–"
	if from != nil {
		ago = words.Duration(since(from))
	}
	var kept []string
	if w.Silent {
		kept = append(kept, "silent")
	}
	if w.Cordoned != nil {
		kept = append(kept, strings.TrimSpace("cordoned "+*w.Cordoned))
	}
	if w.Directive != dispatch.Orders_DIRECTIVE_UNSPECIFIED {
		kept = append(kept, strings.ToLower(strings.TrimPrefix(w.Directive.String(), "DIRECTIVE_")))
	}
	if !w.AcceptsWork {
		kept = append(kept, strings.TrimSpace("refuses "+w.Refusal))
	}
	return cells(w.Worker, does, account, level, ago, strings.Join(kept, ", "),
		strings.Join(w.Labels, " "))
}
