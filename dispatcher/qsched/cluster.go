package main

import (
	"context"
	"fmt"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos/dispatch"
)

func newClusterCommand(a *app) *cobra.Command {
	return group("cluster", "Look at the nodes of a cluster, and change which there are",
		newClusterStatusCommand(a), newClusterAddCommand(a), newClusterRemoveCommand(a),
		newClusterTransferCommand(a), newClusterBackupCommand(a), newClusterRestoreCommand(a))
}

func newClusterStatusCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "status",
		Short: "Show the nodes, and what is wrong with any",
		Long: `Show the nodes, and what is wrong with any. It exits with 1 if anything is wrong. Name
one --server to hear what that one knows.`,
		Args: cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
				answer, err := s.Cluster.GetStatus(ctx, connect.NewRequest(&dispatch.GetStatusRequest{}))
				if err != nil {
					return err
				}
				if err := a.status(answer.Msg); err != nil {
					return err
				}
				if n := len(answer.Msg.Alarms); n > 0 {
					return fmt.Errorf("%s: the check %w", words.Count(n, "alarm"), errFailed)
				}
				return nil
			})
		},
	}
}

func (a *app) status(r *dispatch.GetStatusResponse) error {
	if a.json {
		return a.message(r)
	}
	t := newTable(columns{"node", "is", ">applied", ">heard", ">clock off by", ">rules", "address",
		"url"})
	for _, m := range r.Members {
		heard, off := "–", "–"
		if m.HeardAgo != nil {
			heard = words.Ago(m.HeardAgo.AsDuration())
		}
		if m.ClockOffset != nil {
			off = words.Duration(m.ClockOffset.AsDuration())
		}
		t.AppendRow(cells(m.Id, roleOf(m), fmt.Sprint(m.AppliedIndex), heard, off,
			fmt.Sprint(m.RuleVersion), m.Address, m.Url))
	}
	fmt.Fprintf(a.out, "node %s: term %d, committed %d, applied %d, snapshot %d, rules %d\n", r.NodeId,
		r.Term, r.CommitIndex, r.AppliedIndex, r.SnapshotIndex, r.RuleVersion)
	for _, alarm := range r.Alarms {
		fmt.Fprintf(a.out, "ALARM: %s\n", alarm)
	}
	return a.show(t, "there is no node")
}

func roleOf(m *dispatch.Member) string {
	switch {
	case m.Leader:
		return "leader"
	case m.Voter:
		return "voter"
	}
	return "catching up"
}

func newClusterAddCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:     "add ID ADDRESS",
		Short:   "Add a node; it votes once it has caught up",
		Example: `  qsched cluster add n4 10.0.0.4:7979`,
		Args:    exactly("ID", "ADDRESS"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
				_, err := s.Cluster.AddMember(ctx, connect.NewRequest(&dispatch.AddMemberRequest{
					Id: args[0], Address: args[1]}))
				if err != nil {
					return err
				}
				return a.done("node %s is added", args[0])
			})
		},
	}
}

func newClusterRemoveCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "remove ID",
		Short: "Remove a node",
		Args:  exactly("ID"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
				_, err := s.Cluster.RemoveMember(ctx, connect.NewRequest(
					&dispatch.RemoveMemberRequest{Id: args[0]}))
				if err != nil {
					return err
				}
				return a.done("node %s is removed", args[0])
			})
		},
	}
}

func newClusterTransferCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "transfer [ID]",
		Short: "Hand the lead to a node, or to the one that is furthest",
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) > 1 {
				return cli.Usagef("%q is too much: want ID or nothing", args[1])
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			r := &dispatch.TransferLeadershipRequest{}
			if len(args) == 1 {
				r.Id = args[0]
			}
			return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
				if _, err := s.Cluster.TransferLeadership(ctx, connect.NewRequest(r)); err != nil {
					return err
				}
				return a.done("the lead is handed over")
			})
		},
	}
}
