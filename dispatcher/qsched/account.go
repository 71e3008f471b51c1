package main

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"connectrpc.com/connect"
	"github.com/spf13/cobra"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/fieldmaskpb"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
)

func newAccountCommand(a *app) *cobra.Command {
	return group("account", "Make, change and look at the accounts of a pool",
		newAccountSetCommand(a), newAccountListCommand(a),
		accountChange(a, "reset", "Make an account's balance zero at each level", "has balances of zero",
			func(ctx context.Context, s *client.Client, t target) error {
				_, err := s.Admin.ResetBalance(ctx, connect.NewRequest(&dispatch.ResetBalanceRequest{
					Pool: t.pool, AccountId: t.name, Reason: t.reason, RequestId: t.requestID}))
				return err
			}),
		accountChange(a, "suspend", "Keep an account's waiting tasks waiting", "is suspended",
			func(ctx context.Context, s *client.Client, t target) error {
				_, err := s.Admin.SuspendAccount(ctx, connect.NewRequest(&dispatch.SuspendAccountRequest{
					Pool: t.pool, AccountId: t.name, Reason: t.reason, RequestId: t.requestID}))
				return err
			}),
		accountChange(a, "resume", "End a suspension", "goes on",
			func(ctx context.Context, s *client.Client, t target) error {
				_, err := s.Admin.ResumeAccount(ctx, connect.NewRequest(&dispatch.ResumeAccountRequest{
					Pool: t.pool, AccountId: t.name, Reason: t.reason, RequestId: t.requestID}))
				return err
			}),
		accountChange(a, "delete", "End an account; its tasks become free ones", "is gone",
			func(ctx context.Context, s *client.Client, t target) error {
				_, err := s.Admin.DeleteAccount(ctx, connect.NewRequest(&dispatch.DeleteAccountRequest{
					Pool: t.pool, AccountId: t.name, Reason: t.reason, RequestId: t.requestID}))
				return err
			}))
}

// target is an account or a worker that a command changes.
type target struct {
	pool, name string
	change
}

// accountChange returns a command that changes one account and answers nothing.
func accountChange(a *app, name, short, done string,
	do func(context.Context, *client.Client, target) error) *cobra.Command {
	ch := &change{}
	c := &cobra.Command{
		Use:   name + " POOL ACCOUNT",
		Short: short,
		Args:  exactly("POOL", "ACCOUNT"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
				if err := do(ctx, s, target{args[0], args[1], *ch}); err != nil {
					return err
				}
				return a.done("account %s %s", args[1], done)
			})
		},
	}
	ch.register(c)
	return c
}

// accountFlags are the settings of an account.
type accountFlags struct {
	rate, balance        levelsValue
	maxCharge, safeAfter time.Duration
	fanout               int64
	limits               []string
	noFree               bool
	description          string
}

func newAccountSetCommand(a *app) *cobra.Command {
	f, ch := &accountFlags{}, &change{}
	f.rate = levelsValue{decimal: 3, unit: "workers"}
	f.balance = levelsValue{decimal: 6, unit: "worker-seconds"}
	c := &cobra.Command{
		Use:   "set POOL ACCOUNT",
		Short: "Make an account, or change settings of one",
		Long: `Make an account, or change settings of one that exists: those that are named, and no
others. --rate, --balance and --limit say all levels and labels: those that are not named are 0.`,
		Example: `  qsched account set lab web --rate p0=40 --max-charge 2h
  qsched account set lab nightly --rate p1=10,p2=2.5 --max-charge 8h --limit model:oak=3
  qsched account set lab web --balance p0=600`,
		Args: exactly("POOL", "ACCOUNT"),
	}
	flags := c.Flags()
	flags.Var(&f.rate, "rate", "what it earns at a level, such as p0=40")
	durationVar(flags, &f.maxCharge, "max-charge", 0, "how long it earns until its balance is full; "+
		"needed beside a rate")
	flags.Var(&f.balance, "balance", "its balance at a level, such as p0=600")
	flags.Int64Var(&f.fanout, "max-fanout", 0, "paid tasks at once with the same labels; 0 for no "+
		"limit")
	flags.StringArrayVar(&f.limits, "limit", nil, "tasks at once on workers with the same label of a "+
		"`KEY=N`")
	flags.BoolVar(&f.noFree, "no-free", false, "its tasks never run for free")
	flags.StringVar(&f.description, "description", "", "for people")
	durationVar(flags, &f.safeAfter, "safe-after", 0, "with more work at stake than this, no task of "+
		"it is preempted")
	ch.register(c)
	c.RunE = func(c *cobra.Command, args []string) error {
		settings, mask, err := f.settings(c.Flags().Changed)
		if err != nil {
			return err
		}
		r := &dispatch.SetAccountRequest{Pool: args[0], AccountId: args[1], Settings: settings,
			UpdateMask: mask, Reason: ch.reason, RequestId: ch.requestID}
		return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
			answer, err := s.Admin.SetAccount(ctx, connect.NewRequest(r))
			switch {
			case err != nil:
				return err
			case a.json:
				return a.message(answer.Msg)
			case answer.Msg.Created:
				return a.done("account %s is made", r.AccountId)
			}
			return a.done("account %s: %s changed", r.AccountId, strings.Join(mask.GetPaths(), ", "))
		})
	}
	return c
}

// settings returns what the flags say that were given, and which settings those are.
func (f *accountFlags) settings(given func(flag string) bool) (*dispatch.AccountSettings,
	*fieldmaskpb.FieldMask, error) {
	config := &protos.AccountConfig{ChargeRate: f.rate.numbers, MaxFanout: f.fanout,
		DisableFreeTasks: f.noFree, Description: f.description}
	if given("max-charge") {
		config.MaxCharge = durationpb.New(f.maxCharge)
	}
	if given("safe-after") {
		config.SafeAfter = durationpb.New(f.safeAfter)
	}
	for _, text := range f.limits {
		i := strings.LastIndexByte(text, '=')
		n, err := strconv.ParseInt(text[i+1:], 10, 64)
		if i < 1 || err != nil {
			return nil, nil, cli.Usagef("--limit %q is not KEY=N, such as model=3", text)
		}
		if config.PerLabelTaskLimits == nil {
			config.PerLabelTaskLimits = map[string]int64{}
		}
		config.PerLabelTaskLimits[text[:i]] = n
	}
	mask := &fieldmaskpb.FieldMask{}
	for _, one := range [][2]string{{"rate", "charge_rate"}, {"max-charge", "max_charge"},
		{"balance", "balance"}, {"max-fanout", "max_fanout"}, {"limit", "per_label_task_limits"},
		{"no-free", "disable_free_tasks"}, {"description", "description"},
		{"safe-after", "safe_after"}} {
		if given(one[0]) {
			mask.Paths = append(mask.Paths, one[1])
		}
	}
	return &dispatch.AccountSettings{Config: config, Balance: f.balance.numbers}, mask, nil
}

func newAccountListCommand(a *app) *cobra.Command {
	return &cobra.Command{
		Use:   "list POOL",
		Short: "List a pool's accounts with balances, and what they use",
		Args:  exactly("POOL"),
		RunE: func(c *cobra.Command, args []string) error {
			return a.call(c.Context(), func(ctx context.Context, s *client.Client) error {
				t := newTable(columns{"account", "rates", ">full after", ">balances", ">waiting",
					">oldest", ">runs paid", ">runs free", ">lost work", "limits"})
				for v, err := range s.AllAccounts(ctx, args[0]) {
					if err != nil {
						return err
					}
					if a.json {
						if err := a.message(v); err != nil {
							return err
						}
						continue
					}
					t.AppendRow(accountRow(v))
				}
				if a.json {
					return nil
				}
				return a.show(t, "there is no account; 'qsched account set POOL ACCOUNT' makes one")
			})
		},
	}
}

func accountRow(v *dispatch.AccountView) []any {
	paid, free := int64(0), int64(0)
	for level, n := range v.Running {
		if level < levels {
			paid += n
		} else {
			free += n
		}
	}
	var limits []string
	if v.Suspended != nil {
		limits = append(limits, strings.TrimSpace("suspended "+*v.Suspended))
	}
	for _, key := range slices.Sorted(maps.Keys(v.Config.GetPerLabelTaskLimits())) {
		limits = append(limits, fmt.Sprintf("%s=%d", key, v.Config.PerLabelTaskLimits[key]))
	}
	if n := v.Config.GetMaxFanout(); n > 0 {
		limits = append(limits, fmt.Sprintf("fanout %d", n))
	}
	if v.Config.GetDisableFreeTasks() {
		limits = append(limits, "never free")
	}
	oldest := "–"
	if v.OldestWait != nil {
		oldest = words.Duration(v.OldestWait.AsDuration())
	}
	return cells(v.AccountId, atLevels(v.Config.GetChargeRate(), words.Rate),
		v.Config.GetMaxCharge().AsDuration(), atLevels(v.Balance, wholeAmount), v.Waiting, oldest,
		paid, free, v.LostWork.AsDuration(), strings.Join(limits, ", "))
}

// wholeAmount writes micro-worker-seconds as whole worker-seconds.
func wholeAmount(micros int64) string { return words.Number(micros / 1_000_000) }

// atLevels writes the numbers that are not zero with their levels: "p0 40, p1 2.5".
func atLevels(numbers []int64, write func(int64) string) string {
	var all []string
	for level, n := range numbers {
		if n != 0 {
			all = append(all, fmt.Sprintf("p%d %s", level, write(n)))
		}
	}
	if len(all) == 0 {
		return "–"
	}
	return strings.Join(all, ", ")
}
