package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos/dispatch"
)

func newTaskLogsCommand(a *app) *cobra.Command {
	r := &dispatch.ReadLogRequest{}
	c := &cobra.Command{
		Use:   "logs POOL ID",
		Short: "Print what a task writes",
		Long: `Print what a task wrote to its standard output and standard error, in the order in which
it did. It is on the task's worker, which keeps the newest part of it, also when the task has
ended, for as long as its agent's flags say. What is not kept any more is counted on standard
error.`,
		Example: `  qsched task logs lab 01K6Z3V5M0A1B2C3D4E5F6G7H8
  qsched task logs lab 01K6Z3V5M0A1B2C3D4E5F6G7H8 -f
  qsched task logs lab 01K6Z3V5M0A1B2C3D4E5F6G7H8 --tail 4096
  qsched task logs lab 01K6Z3V5M0A1B2C3D4E5F6G7H8 --attempt 1 --worker host-7`,
		Args: exactly("POOL", "ID"),
		RunE: func(c *cobra.Command, args []string) error {
			r.Pool, r.Id = args[0], args[1]
			return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
				return a.taskLogs(ctx, s, r)
			})
		},
	}
	flags := c.Flags()
	flags.SortFlags = false
	flags.BoolVarP(&r.Follow, "follow", "f", false, "wait for the task's start and for what it "+
		"writes, in all attempts to come, until it has ended")
	flags.Int64Var(&r.TailBytes, "tail", 0, "print the last `BYTES` (default all that is kept)")
	flags.Int64Var(&r.Offset, "offset", 0, "leave out the first `BYTES`")
	flags.Int32Var(&r.Attempt, "attempt", 0, "the attempt, from 1 (default the newest)")
	flags.StringVar(&r.Worker, "worker", "", "the machine that had that attempt, as events say; "+
		"needed if it is not the newest")
	return c
}

// taskLogs prints a log.
func (a *app) taskLogs(ctx context.Context, s *client.Client, r *dispatch.ReadLogRequest) error {
	lease := ""
	for p, err := range s.ReadLog(ctx, r) {
		if err != nil {
			return err
		}
		if a.json {
			if err := a.message(p); err != nil {
				return err
			}
			continue
		}
		if lease != "" && p.LeaseId != lease {
			fmt.Fprintf(a.err, "qsched: %s begins on %s\n", p.LeaseId, p.Worker)
		}
		lease = p.LeaseId
		if p.Missing > 0 {
			fmt.Fprintf(a.err, "qsched: %s bytes are not kept any more\n", words.Number(p.Missing))
		}
		if _, err := a.out.Write(p.Data); err != nil {
			return err
		}
	}
	return nil
}
