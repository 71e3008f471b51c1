package main

import (
	"context"
	"fmt"
	"time"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/internal/yamltree"
	"github.com/quotasched/quotasched/protos/dispatch"
)

func newUsageCommand(a *app) *cobra.Command {
	var since, until string
	c := &cobra.Command{
		Use:   "usage POOL",
		Short: "Sum worker-time by account and level over whole hours",
		Example: `  qsched usage lab --since 30d
  qsched usage lab --since 2026-03-01 --until 2026-04-01 --json`,
		Args: exactly("POOL"),
		RunE: func(c *cobra.Command, args []string) (err error) {
			r := &dispatch.GetUsageRequest{Pool: args[0]}
			if r.Since, err = moment("--since", since); err != nil {
				return err
			}
			if r.Until, err = moment("--until", until); err != nil {
				return err
			}
			return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
				answer, err := s.View.GetUsage(ctx, connect.NewRequest(r))
				if err != nil {
					return err
				}
				return a.usage(answer.Msg)
			})
		},
	}
	c.Flags().StringVar(&since, "since", "30d", "from so long ago on, or from this time on")
	c.Flags().StringVar(&until, "until", "", "up to so long ago, or up to this time (default now)")
	return c
}

// moment reads a time, or a duration that is so long ago.
func moment(flag, text string) (*timestamppb.Timestamp, error) {
	if text == "" {
		return nil, nil
	}
	if d, err := yamltree.Duration(text); err == nil {
		return timestamppb.New(time.Now().Add(-d)), nil
	}
	for _, layout := range []string{time.RFC3339, "2006-01-02 15:04", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return timestamppb.New(t), nil
		}
	}
	return nil, cli.Usagef("%s %q is neither a duration such as 30d nor a time such as 2026-03-01",
		flag, text)
}

func (a *app) usage(r *dispatch.GetUsageResponse) error {
	t := newTable(columns{"account", ">p0", ">p1", ">p2", ">p3", ">p4", ">free", ">lost",
		">tasks ended"})
	for _, u := range r.Accounts {
		if a.json {
			if err := a.message(u); err != nil {
				return err
			}
			continue
		}
		row := []any{accountName(u.AccountId)}
		for level := range levels + 1 {
			ms := int64(0)
			if level < len(u.UsedMs) {
				ms = u.UsedMs[level]
			}
			row = append(row, hours(ms))
		}
		t.AppendRow(append(row, hours(u.LostMs), words.Number(u.EndedTasks)))
	}
	if a.json {
		return nil
	}
	if err := a.show(t, "nothing was used"); err != nil {
		return err
	}
	if t.Length() == 0 {
		return nil
	}
	_, err := fmt.Fprintf(a.err, "worker-hours since %s; what was lost is part of what was used\n",
		timeText(r.Since))
	return err
}

// hours writes milliseconds as hours, with a dash for nothing.
func hours(ms int64) string {
	if ms == 0 {
		return "–"
	}
	return fmt.Sprintf("%.2f", float64(ms)/3_600_000)
}
