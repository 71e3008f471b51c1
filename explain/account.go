package explain

import (
	"fmt"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos"
)

// The messages here are about what the account of a request may start.

func noAccount(id string) string {
	if id == "" {
		return "it has no account, so it is free"
	}
	return fmt.Sprintf("account %q does not exist, so it is free", id)
}

func neverPays(id string) string {
	return fmt.Sprintf("account %q has nothing, earns nothing, runs nothing, and may not run free",
		id)
}

// paid says why the account may start a task at the best level at which it may.
func paid(levels []*protos.LevelDetails) string {
	for _, l := range levels {
		if l.GetMayStart() {
			return balanceAt(l, "is above")
		}
	}
	return "the account may start a task at a paid level"
}

// balanceTooLow says what the account lacks to start a task at a paid level.
func balanceTooLow(id string, levels []*protos.LevelDetails) string {
	l, has := closestLevel(levels)
	if !has {
		return fmt.Sprintf("account %q has no worker-seconds at any level, and earns none", id)
	}
	return balanceAt(l, "is not above")
}

// balanceAt compares the balance at a level with what one more task needs.
func balanceAt(l *protos.LevelDetails, compares string) string {
	return fmt.Sprintf("the balance of %s at %s %s the %s that one more task needs; %s",
		words.Amount(l.GetBalance()), level(l.GetLevel()), compares,
		words.BareAmount(l.GetBalanceToStartAbove()), pays(l))
}

// pays says how many of the account's tasks run at a level, and for how many its rate there pays,
// such as "9 run, and the rate pays for 6".
func pays(l *protos.LevelDetails) string {
	if l.GetChargeRate() == 0 {
		return run(l.GetRunning()) + ", and the account earns nothing there"
	}
	return run(l.GetRunning()) + ", and the rate pays for " + words.Rate(l.GetChargeRate())
}

// closestLevel returns the level at which the account lacks least to start one more task, of those
// at which it earns if there are any. It reports false if the account has and earns nothing.
func closestLevel(levels []*protos.LevelDetails) (best *protos.LevelDetails, has bool) {
	lack := func(l *protos.LevelDetails) int64 {
		return l.GetBalanceToStartAbove() - l.GetBalance()
	}
	for _, l := range levels {
		has = has || l.GetBalance() != 0 || l.GetBalanceCap() != 0
		earns, bestEarns := l.GetBalanceCap() != 0, best.GetBalanceCap() != 0
		if best == nil || earns && !bestEarns || earns == bestEarns && lack(l) < lack(best) {
			best = l
		}
	}
	return best, has
}

func fanout(f *protos.FanoutDetails) string {
	return fmt.Sprintf("of its account's tasks with these labels %s at paid levels, and the limit is "+
		"%s", run(f.GetRunning()), words.Number(f.GetLimit()))
}

// balances returns what the account has at each level.
func balances(levels []*protos.LevelDetails) (all []int64) {
	for _, l := range levels {
		all = append(all, l.GetBalance())
	}
	return all
}
