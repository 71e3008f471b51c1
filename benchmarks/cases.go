package benchmarks

import (
	"fmt"
	"slices"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

const millisecond, microsecond = time.Millisecond, time.Microsecond

// sizes returns pools with ten requests for each worker, up to the given number of requests.
func sizes(accounts int, requests ...int) []Size {
	var all []Size
	for _, r := range requests {
		all = append(all, Size{Requests: r, Workers: r / 10, Accounts: accounts})
	}
	return all
}

// pass is the op of most cases.
func pass(p *world) int { return len(p.RunOnce(nil)) }

// settle runs passes, with all tasks reported running, until one decides nothing.
func settle(p *world) {
	for range 20 {
		if p.started(p.RunOnce(nil)) == 0 {
			return
		}
	}
	panic("the pool does not come to rest")
}

// Cases returns all cases; with long, at full size.
func Cases(long bool) []*Case {
	largest := 100_000
	if long {
		largest = 1_000_000
	}
	usual := sizes(50, largest/100, largest/10, largest)
	varied := sizes(24, 1_000, 10_000, 100_000)
	return slices.Concat(newsCases(long), passCases(largest, usual, varied),
		changeCases(long, usual, varied), vainCases(largest),
		[]*Case{
			ancestor(),
			roundsOf("100 rounds, 16 label sets", "100 rounds of 1,000 arrivals, 50 new workers and a "+
				"pass, from four labels in all.", few, 150*millisecond),
			roundsOf("100 rounds, random labels",
				"The same with four of a hundred labels for each request.", mixed, time.Second),
		}, snapshotCases(usual))
}

// passCases are about passes alone: what requests and workers ask and have is told before.
func passCases(largest int, usual, varied []Size) []*Case {
	return []*Case{
		{
			Name: "first pass, random, idle", shape: shape{labelling: random}, Sizes: varied,
			What:  "The first pass after all requests have arrived, all workers idle.",
			Reach: 150 * millisecond, fresh: true, op: pass, naive: 10_000_000,
		},
		{
			Name: "first pass, random, busy", shape: shape{labelling: random, busy: true}, Sizes: varied,
			What:  "The same with all workers on free tasks, so that all goes by preemption.",
			Reach: 150 * millisecond, fresh: true, op: pass, naive: 1_000_000,
		},
		{
			Name: "first pass, shaped, idle", Sizes: usual,
			What:  "The first pass of a pool with 200 label sets: a worker for each tenth request.",
			Reach: 250 * millisecond, fresh: true, op: pass, naive: 1_000_000,
		},
		preemptions(largest),
		oneWorker(usual), levels(largest), updateTime(), explaining(usual),
	}
}

func preemptions(largest int) *Case {
	return &Case{
		Name: "preemptions", shape: shape{busy: true},
		What:  "A pass in which each waiting request takes the worker of one of many free tasks.",
		Sizes: []Size{{largest / 1000, largest / 100, 50}, {largest / 100, largest / 10, 50}},
		Reach: 100 * millisecond, fresh: true, op: pass, naive: 10_000_000,
	}
}

// oneWorker is the call that a dispatcher makes most.
func oneWorker(shaped []Size) *Case {
	w := 0
	return &Case{
		Name: "AssignTasks, one worker", shape: shape{busy: true}, Sizes: shaped,
		What:  "One worker, whose task is over, pulls and is given the next one.",
		Reach: 12 * microsecond, prepare: settle, rounds: 1000,
		between: func(p *world, round int) {
			p.now = p.now.Add(millisecond)
			w = (round*7 + 1) % p.Workers
		},
		op: func(p *world) int { return p.pull(w) },
	}
}

// levels has nothing to place and nothing to move: what is left is to see that.
func levels(largest int) *Case {
	accounts := largest / 100
	return &Case{
		Name: "levels of many accounts", shape: shape{quotas: tenAtBest},
		What: "A pass in which each of many accounts has ten tasks, and nothing is to be moved.",
		Sizes: []Size{
			{Workers: largest / 100, Accounts: accounts / 10},
			{Workers: largest / 10, Accounts: accounts},
		},
		Reach: 2 * millisecond, idle: true, op: pass,
		prepare: func(p *world) {
			for i := range p.Workers {
				r := scheduler.NewTaskRequest(requestID(i), accountID(i%p.Accounts), nil, nil, epoch)
				must(p.AddRequest(r, epoch, nil, nil))
			}
			settle(p)
			if len(p.running) != p.Workers {
				panic(fmt.Sprintf("%d of %d workers are busy", len(p.running), p.Workers))
			}
		},
		between: func(p *world, round int) { p.step(millisecond) },
	}
}

// tenAtBest gives each account ten workers at p0.
func tenAtBest(p *world, _ int) (c scheduler.AccountConfig, b scheduler.Balance) {
	c.ChargeRate[0], c.MaxCharge = scheduler.Workers(10), time.Hour
	b[0] = scheduler.WorkerSeconds(3600 * float64(p.Workers))
	return c, b
}

func updateTime() *Case {
	return &Case{
		Name: "UpdateTime", shape: shape{busy: true},
		What:  "The ledger of 1,000 accounts moves on by a millisecond.",
		Sizes: []Size{{1_000, 100_000, 100}, {10_000, 100_000, 1_000}},
		Reach: 50 * microsecond, prepare: settle, rounds: 1000,
		op: func(p *world) int { p.step(millisecond); return 1 },
	}
}
