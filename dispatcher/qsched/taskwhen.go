package main

import (
	"context"
	"fmt"
	"strings"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/protos/dispatch"
)

func newTaskWhenCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "when POOL ID",
		Short: "Say when a task that waits will start and be complete",
		Long: `Say when a task that waits will start and be complete: earliest, likely and latest. The
server runs the real scheduler on, many times, with run times and arrivals as its journal
of the pool has them, by account and labels, and corrects that by what came of earlier
forecasts. The answer says what it is based on, and on how many runs.`,
		Args: exactly("POOL", "ID"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
				answer, err := s.View.ForecastTask(ctx, connect.NewRequest(
					&dispatch.ForecastTaskRequest{Pool: args[0], Id: args[1]}))
				if err != nil {
					return err
				}
				if a.json {
					return a.message(answer.Msg.Forecast)
				}
				_, err = fmt.Fprintln(a.out, strings.TrimRight(answer.Msg.Text, "\n"))
				return err
			})
		},
	}
}
