package benchmarks

import (
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// The cases here are pools in which every account may preempt, and finds nothing that it may take:
// what waits in vain must cost a pass nothing.

// vainCases returns them.
func vainCases(largest int) []*Case {
	return []*Case{allProtected(largest), limitReached(), notOutranked()}
}

// noQuota leaves all accounts without quota, until a case gives them some.
func noQuota(*world, int) (c scheduler.AccountConfig, b scheduler.Balance) { return c, b }

// enrich gives each account settings, and what n runs beyond their rates need at p0.
func (p *world) enrich(c scheduler.AccountConfig, runs float64) {
	need := scheduler.DefaultBurstCover.Seconds()
	for a := range p.Accounts {
		must(p.AddAccount(accountID(a), &c,
			scheduler.Balance{scheduler.WorkerSeconds(need*runs + 5)}))
	}
}

// allProtected has free tasks on all workers that nobody may preempt, and changes as in "pass after
// 100 changes".
func allProtected(largest int) *Case {
	return &Case{
		Name: "pass after 100 changes, protected", shape: shape{busy: true, quotas: noQuota},
		Sizes: sizes(10, largest/10, largest),
		What: "The same where every account could preempt, and the tasks on all workers are " +
			"protected.",
		Reach: 150 * microsecond, Reach99: millisecond, Growth: 1.3, naive: 1_000_000,
		prepare: func(p *world) {
			p.step(time.Hour)
			p.enrich(scheduler.AccountConfig{}, float64(p.Workers))
			settle(p)
		},
		between: hundredChanges, op: pass,
	}
}

// limitReached has accounts whose label limits keep them from all workers.
func limitReached() *Case {
	return &Case{
		Name: "pass, label limits reached", shape: shape{busy: true, quotas: noQuota},
		Sizes: vainSizes(),
		What: "A pass in which all workers run free tasks, and label limits keep each account from " +
			"taking one more.",
		Reach: 20 * microsecond, idle: true, naive: 1_000_000,
		prepare: func(p *world) {
			p.enrich(scheduler.AccountConfig{
				PerLabelTaskLimits: map[string]int{"pool": 1}}, float64(p.Workers))
			settle(p)
		},
		between: func(p *world, _ int) { p.step(millisecond) }, op: pass,
	}
}

// notOutranked has tasks that run free and have paid at p0 before, more than any account has to
// spare.
func notOutranked() *Case {
	const dear = "free" // the account of the tasks
	return &Case{
		Name: "pass, nothing outranked", shape: shape{busy: true, quotas: noQuota},
		Sizes: vainSizes(),
		What:  "A pass in which each account may start a task, and outranks none of those that run.",
		Reach: 20 * microsecond, idle: true, naive: 1_000_000,
		prepare: func(p *world) {
			rich := scheduler.AccountConfig{MaxCharge: time.Hour}
			rich.ChargeRate[0] = scheduler.Workers(float64(p.Workers))
			must(p.AddAccount(dear, &rich, scheduler.Balance{}))
			p.step(time.Second)
			settle(p) // they come to p0
			p.step(10 * time.Second)
			must(p.AddAccount(dear, &scheduler.AccountConfig{},
				scheduler.Balance{scheduler.WorkerSeconds(-3600)}))
			settle(p) // and are free again
			p.enrich(scheduler.AccountConfig{}, 1)
			settle(p)
		},
		between: func(p *world, _ int) { p.step(millisecond) }, op: pass,
	}
}

// vainSizes are pools of 200 and 2,000 lanes.
func vainSizes() []Size { return []Size{{2_000, 800, 1}, {20_000, 8_000, 10}} }
