package benchmarks

import (
	"fmt"
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
func pass(p *pool) int { return len(p.RunOnce(nil)) }

// settle runs passes, with all tasks reported running, until one decides nothing.
func settle(p *pool) {
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
	shaped := sizes(50, largest/100, largest/10, largest)
	random := sizes(24, 1_000, 10_000, 100_000)
	return []*Case{
		{
			Name: "first pass, random, idle", shape: shape{random: true}, Sizes: random,
			What:  "The first pass after all requests have arrived, all workers idle.",
			Reach: 150 * millisecond, fresh: true, op: pass, naive: 10_000_000,
		},
		{
			Name: "first pass, random, busy", shape: shape{random: true, busy: true}, Sizes: random,
			What:  "The same with all workers on free tasks, so that all goes by preemption.",
			Reach: 150 * millisecond, fresh: true, op: pass, naive: 1_000_000,
		},
		{
			Name: "first pass, shaped, idle", Sizes: shaped,
			What:  "The first pass of a pool with 200 label sets: a worker for each tenth request.",
			Reach: 250 * millisecond, fresh: true, op: pass, naive: 1_000_000,
		},
		preemptions(largest),
		{
			Name: "pass after 100 changes", shape: shape{busy: true}, Sizes: shaped,
			What: "A pass after 34 arrivals, 33 tasks that were gone and 33 workers that became idle, " +
				"all workers busy otherwise.",
			Reach: 200 * microsecond, Reach99: millisecond, Growth: 1.3,
			prepare: settle, between: hundredChanges, op: pass, naive: 1_000_000,
		},
		{
			Name: "pass after 10 idle", shape: shape{busy: true}, Sizes: shaped,
			What:  "A pass after ten workers became idle, all others busy.",
			Reach: millisecond, prepare: settle, naive: 1_000_000,
			between: func(p *pool, round int) { p.step(time.Second); p.free(round, 10) }, op: pass,
		},
		{
			Name: "pass after 10 idle, random", shape: shape{random: true, busy: true}, Sizes: random,
			What:  "The same in a random pool, where such a pass often places nothing: it counts as work.",
			Reach: millisecond, prepare: settle, naive: 1_000_000,
			between: func(p *pool, round int) { p.step(time.Second); p.free(round, 10) },
			op:      func(p *pool) int { return 1 + pass(p) },
		},
		{
			Name: "pass, nothing changed", shape: shape{busy: true}, Sizes: shaped,
			What:  "A pass in which only the time has changed.",
			Reach: 20 * microsecond, Growth: 1.3, prepare: settle, naive: 1_000_000, idle: true,
			between: func(p *pool, round int) { p.step(millisecond) }, op: pass,
		},
		{
			Name: "pass, nothing changed, random", shape: shape{random: true, busy: true}, Sizes: random,
			What:  "The same in a random pool.",
			Reach: 20 * microsecond, prepare: settle, naive: 1_000_000, idle: true,
			between: func(p *pool, round int) { p.step(millisecond) }, op: pass,
		},
		oneWorker(shaped), levels(largest), updateTime(), explaining(shaped),
		rounds("100 rounds, 16 label sets", "100 rounds of 1,000 arrivals, 50 new workers and a "+
			"pass: the simulation by which qslib measures itself, from four labels in all.",
			fourLabels, 150*millisecond),
		rounds("100 rounds, random labels", "The same with four of a hundred labels for each request.",
			fourOfHundred, 0),
		{
			Name: "snapshot", Sizes: shaped, Reach: 1500 * millisecond, rounds: 3,
			What: "From the scheduler to the bytes of its snapshot.",
			op:   func(p *pool) int { return len(snapshot(p)) },
		},
		restoring(shaped),
	}
}

// hundredChanges changes a busy pool in all ways.
func hundredChanges(p *pool, round int) {
	p.step(time.Second)
	for range 34 {
		must(p.AddRequest(p.request(p.now), p.now, nil, nil))
	}
	for i := range 33 {
		w := ((round*66+i)*7 + 3) % p.Workers
		if r, ok := p.running[w]; ok {
			must(p.NotifyTaskAbsent(r, p.now, nil))
			delete(p.running, w)
		}
	}
	p.free(round, 33)
}

// restoring is the way back from the bytes of a snapshot.
func restoring(sizes []Size) *Case {
	var bytes []byte
	return &Case{
		Name: "restore", Sizes: sizes, Reach: 2000 * millisecond, rounds: 3,
		What:    "From the bytes of a snapshot to a scheduler.",
		prepare: func(p *pool) { bytes = snapshot(p) },
		op: func(p *pool) int {
			s, err := scheduler.RestoreBytes(bytes)
			must(err)
			if !s.Knows(requestID(0)) || !s.Knows(requestID(p.next-1)) {
				panic("a request is not in the restored scheduler")
			}
			return p.next
		},
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
		Reach: 20 * microsecond, prepare: settle, rounds: 1000,
		between: func(p *pool, round int) {
			p.now = p.now.Add(millisecond)
			w = (round*7 + 1) % p.Workers
		},
		op: func(p *pool) int { return p.pull(w) },
	}
}

// levels has nothing to place and nothing to move: what is left is to see that.
func levels(largest int) *Case {
	accounts := largest / 100
	return &Case{
		Name: "levels of many accounts", shape: shape{
			level: func(int) (int, bool) { return 0, true }, rate: scheduler.Workers(10),
		},
		What: "A pass in which each of many accounts has ten tasks, and nothing is to be moved.",
		Sizes: []Size{
			{Workers: largest / 100, Accounts: accounts / 10},
			{Workers: largest / 10, Accounts: accounts},
		},
		Reach: 2 * millisecond, idle: true, op: pass,
		prepare: func(p *pool) {
			for i := range p.Workers {
				r := scheduler.NewTaskRequest(requestID(i), accountID(i%p.Accounts), nil, nil, epoch)
				must(p.AddRequest(r, epoch, nil, nil))
			}
			settle(p)
			if len(p.running) != p.Workers {
				panic(fmt.Sprintf("%d of %d workers are busy", len(p.running), p.Workers))
			}
		},
		between: func(p *pool, round int) { p.step(millisecond) },
	}
}

func updateTime() *Case {
	return &Case{
		Name: "UpdateTime", shape: shape{busy: true},
		What:  "The ledger of 1,000 accounts moves on by a millisecond.",
		Sizes: []Size{{1_000, 100_000, 100}, {10_000, 100_000, 1_000}},
		Reach: 50 * microsecond, prepare: settle, rounds: 1000,
		op: func(p *pool) int { p.step(millisecond); return 1 },
	}
}
