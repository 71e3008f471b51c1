package main

import (
	"context"
	"fmt"
	"os"
	"strings"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator/experiment"
)

func newPoolCommand(a *app) *cobra.Command {
	return group("pool", "Make, change and look at pools", newPoolCreateCommand(a),
		newPoolListCommand(a), newPoolInspectCommand(a), newPoolConfigureCommand(a),
		newPoolWipeCommand(a), newPoolDeleteCommand(a))
}

// policyChoice is a policy file, as qsim takes them.
type policyChoice struct {
	path, name string
	workers    int
}

func (p *policyChoice) register(c *cobra.Command, what string) {
	c.Flags().StringVar(&p.path, "policy", "", "policy `FILE` that has "+what+", as qsim takes it")
	c.Flags().StringVar(&p.name, "policy-name", "", "which policy, of a FILE that is an experiment")
	c.Flags().IntVar(&p.workers, "workers", 0, "how many workers a policy's shares are of")
}

// read returns what the policy says, as messages.
func (p *policyChoice) read() (*dispatch.PoolSettings, map[string]*dispatch.AccountSettings,
	error) {
	if p.path == "" {
		return &dispatch.PoolSettings{}, nil, nil
	}
	data, err := os.ReadFile(p.path)
	if err != nil {
		return nil, nil, err
	}
	file, err := experiment.ParsePolicy(p.path, data, p.name)
	if err != nil {
		return nil, nil, err
	}
	config, balances := file.Settings(nil, p.workers)
	accounts := map[string]*dispatch.AccountSettings{}
	for id, account := range config.Accounts {
		settings := &dispatch.AccountSettings{Config: scheduler.AccountConfigToProto(account)}
		for _, amount := range balances[id] {
			settings.Balance = append(settings.Balance, int64(amount))
		}
		accounts[string(id)] = settings
	}
	return &dispatch.PoolSettings{Scheduler: scheduler.ConfigToProto(config)}, accounts, nil
}

// change is what commands share that change something.
type change struct{ reason, requestID string }

func (ch *change) register(c *cobra.Command) {
	c.Flags().StringVar(&ch.reason, "reason", "", "why, for people who read the events")
	c.Flags().StringVar(&ch.requestID, "request-id", "", "repeat a change of which it is not known "+
		"whether it was made")
}

func newPoolCreateCommand(a *app) *cobra.Command {
	r, policy, ch := &dispatch.CreatePoolRequest{}, &policyChoice{}, &change{}
	c := &cobra.Command{
		Use:   "create POOL",
		Short: "Make a pool",
		Example: `  qsched pool create lab
  qsched pool create lab --policy quotas.yaml --lease-ttl 30s`,
		Args: exactly("POOL"),
	}
	c.Flags().BoolVar(&r.External, "external", false, "another dispatcher owns the tasks, and this "+
		"server decides only")
	policy.register(c, "settings and accounts")
	flags := registerSettings(c.Flags())
	ch.register(c)
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		if r.Settings, r.Accounts, err = policy.read(); err != nil {
			return err
		}
		flags.apply(c.Flags(), r.Settings)
		r.Pool, r.Reason, r.RequestId = args[0], ch.reason, ch.requestID
		return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
			if _, err := s.Admin.CreatePool(ctx, connect.NewRequest(r)); err != nil {
				return err
			}
			return a.done("pool %s is made, with %s", r.Pool, words.Count(len(r.Accounts), "account"))
		})
	}
	return c
}

func newPoolConfigureCommand(a *app) *cobra.Command {
	r, policy, ch := &dispatch.ConfigurePoolRequest{}, &policyChoice{}, &change{}
	c := &cobra.Command{
		Use:   "configure POOL",
		Short: "Change settings of a pool",
		Long: `Change settings of a pool: those that are named as flags, and no others. A policy's
accounts are not taken; 'qsched account set' changes them.`,
		Example: `  qsched pool configure lab --lease-ttl 30s --max-tasks 50000`,
		Args:    exactly("POOL"),
	}
	policy.register(c, "settings for scheduling")
	flags := registerSettings(c.Flags())
	ch.register(c)
	c.RunE = func(c *cobra.Command, args []string) (err error) {
		if r.Settings, _, err = policy.read(); err != nil {
			return err
		}
		r.UpdateMask = flags.apply(c.Flags(), r.Settings)
		if policy.path != "" {
			addSchedulerPaths(r.UpdateMask)
		}
		if len(r.UpdateMask.Paths) == 0 {
			return cli.Usagef("no setting is named, so there is nothing to change")
		}
		r.Pool, r.Reason, r.RequestId = args[0], ch.reason, ch.requestID
		return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
			answer, err := s.Admin.ConfigurePool(ctx, connect.NewRequest(r))
			if err != nil {
				return err
			}
			if a.json {
				return a.message(answer.Msg.Settings)
			}
			return a.done("pool %s: %s changed", r.Pool, strings.Join(r.UpdateMask.Paths, ", "))
		})
	}
	return c
}

func newPoolListCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list",
		Short: "List the pools that you may see",
		Args:  cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
				t := newTable(columns{"pool", "tasks are", ">waiting", ">on workers", ">ended",
					">workers", ">idle", ">accounts", "state"})
				for p, err := range s.AllPools(ctx) {
					if err != nil {
						return err
					}
					if a.json {
						if err := a.message(p); err != nil {
							return err
						}
						continue
					}
					t.AppendRow(cells(p.Pool, kindOf(p), p.Tasks.GetWaiting(), onWorkers(p.Tasks),
						p.Tasks.GetEnded(), p.Workers.GetKnown(), p.Workers.GetIdle(), p.Accounts, stateOf(p)))
				}
				if a.json {
					return nil
				}
				return a.show(t, "there is no pool that you may see; 'qsched pool create POOL' makes one")
			})
		},
	}
}

func kindOf(p *dispatch.PoolSummary) string {
	if p.External {
		return "external"
	}
	return "own"
}

func stateOf(p *dispatch.PoolSummary) string {
	if p.Status.GetFailed() {
		return "FAILED"
	}
	return "serves"
}

func onWorkers(c *dispatch.TaskCounts) int64 {
	return c.GetAssigned() + c.GetRunning() + c.GetStopping()
}

func newPoolInspectCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "inspect POOL",
		Short: "Show a pool's counts, settings and totals",
		Args:  exactly("POOL"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
				answer, err := s.View.InspectPool(ctx, connect.NewRequest(
					&dispatch.InspectPoolRequest{Pool: args[0]}))
				if err != nil {
					return err
				}
				if a.json {
					return a.message(answer.Msg)
				}
				_, err = fmt.Fprint(a.out, inspection(answer.Msg))
				return err
			})
		},
	}
}

// inspection writes a pool for people.
func inspection(r *dispatch.InspectPoolResponse) string {
	var b strings.Builder
	s := r.Summary
	fmt.Fprintf(&b, "pool %s: %s tasks, %s\n", s.Pool, kindOf(s), stateOf(s))
	if s.Status.GetFailed() {
		fmt.Fprintf(&b, "failed at %s: %s\n", timeText(s.Status.FailTime), s.Status.Failure)
	}
	fmt.Fprintf(&b, "time      %s, entry %d\n", timeText(s.Time), r.Index)
	fmt.Fprintf(&b, "tasks     %s waiting", words.Number(s.Tasks.GetWaiting()))
	if s.Tasks.GetOldestWait() != nil {
		fmt.Fprintf(&b, " (the oldest for %s)", words.Duration(s.Tasks.OldestWait.AsDuration()))
	}
	fmt.Fprintf(&b, ", %s assigned, %s running, %s stopping, %s ended\n",
		words.Number(s.Tasks.GetAssigned()), words.Number(s.Tasks.GetRunning()),
		words.Number(s.Tasks.GetStopping()), words.Number(s.Tasks.GetEnded()))
	fmt.Fprintf(&b, "workers   %s: %s idle, %s busy, %s cordoned, %s silent\n",
		words.Number(s.Workers.GetKnown()), words.Number(s.Workers.GetIdle()),
		words.Number(s.Workers.GetBusy()), words.Number(s.Workers.GetCordoned()),
		words.Number(s.Workers.GetSilent()))
	fmt.Fprintf(&b, "accounts  %s\n", words.Number(s.Accounts))
	fmt.Fprintf(&b, "payloads  %s bytes\n", words.Number(r.PayloadBytes))
	fmt.Fprintf(&b, "state     %s\n", r.StateHash)
	for _, line := range settingsText(r.Settings) {
		fmt.Fprintf(&b, "%s\n", line)
	}
	return b.String()
}

func newPoolWipeCommand(a *app) *cobra.Command {
	r, ch := &dispatch.WipePoolRequest{}, &change{}
	c := &cobra.Command{
		Use:   "wipe POOL",
		Short: "Forget all tasks of a pool, and stop what runs",
		Args:  exactly("POOL"),
		RunE: func(c *cobra.Command, args []string) error {
			r.Pool, r.Reason, r.RequestId = args[0], ch.reason, ch.requestID
			return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
				answer, err := s.Admin.WipePool(ctx, connect.NewRequest(r))
				if err != nil {
					return err
				}
				if a.json {
					return a.message(answer.Msg)
				}
				return a.done("pool %s is empty: %s forgotten", r.Pool,
					words.Count(answer.Msg.Tasks, "task"))
			})
		},
	}
	ch.register(c)
	return c
}

func newPoolDeleteCommand(a *app) *cobra.Command {
	r, ch := &dispatch.DeletePoolRequest{}, &change{}
	c := &cobra.Command{
		Use:   "delete POOL",
		Short: "End a pool",
		Args:  exactly("POOL"),
		RunE: func(c *cobra.Command, args []string) error {
			r.Pool, r.Reason, r.RequestId = args[0], ch.reason, ch.requestID
			return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
				if _, err := s.Admin.DeletePool(ctx, connect.NewRequest(r)); err != nil {
					return err
				}
				return a.done("pool %s is gone", r.Pool)
			})
		},
	}
	c.Flags().BoolVar(&r.Force, "force", false, "even if it has tasks that have not ended")
	ch.register(c)
	return c
}
