package benchmarks

import (
	"fmt"
	"math/rand/v2"
	"time"

	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/scheduler"
)

// rounds is the simulation by which qslib, the ancestor of this project, measures itself: 100
// rounds, each of which brings 1,000 requests and 50 idle workers and ends with a pass. No account
// has free tasks, and preemption is on, which qslib's own simulation leaves off.
func rounds(name, what string, draw func(*rand.Rand) (request, worker stringset.Set),
	reach time.Duration) *Case {
	const count, accounts, requests, workers = 100, 20, 1_000, 50
	var inputs []round
	return &Case{
		Name: name, What: what, Reach: reach, fresh: true, empty: true,
		Sizes: []Size{{count * requests, count * workers, accounts}},
		prepare: func(p *pool) {
			inputs = drawRounds(p, count, p.Requests/count, max(1, p.Workers/count), draw)
		},
		op: func(p *pool) int {
			work := 0
			for _, in := range inputs {
				p.step(time.Second)
				for w, labels := range in.workers {
					must(p.MarkIdle(in.ids[w], labels, p.now, nil))
				}
				for _, r := range in.requests {
					must(p.AddRequest(r, p.now, nil, nil))
				}
				work += len(p.RunOnce(nil))
			}
			return work
		},
	}
}

// A round is what one round brings.
type round struct {
	requests []*scheduler.TaskRequest
	ids      []scheduler.WorkerID
	workers  []stringset.Set
}

// drawRounds makes all input, so that making it is not timed, and the accounts: at p0 to p4 in
// turn, each with a rate of up to 100 workers.
func drawRounds(p *pool, count, requests, workers int,
	draw func(*rand.Rand) (request, worker stringset.Set)) []round {
	for a := range p.Accounts {
		c := &scheduler.AccountConfig{MaxCharge: time.Minute, DisableFreeTasks: true}
		c.ChargeRate[a%scheduler.NumPriorities] = scheduler.Workers(float64(1 + p.rng.IntN(100)))
		must(p.AddAccount(accountID(a), c, scheduler.Balance{}))
	}
	all := make([]round, count)
	for i := range all {
		in := &all[i]
		for range workers {
			_, labels := draw(p.rng)
			in.ids = append(in.ids, workerID(p.next))
			in.workers = append(in.workers, labels)
			p.next++
		}
		for range requests {
			base, _ := draw(p.rng)
			account := accountID(p.rng.IntN(p.Accounts))
			enqueued := epoch.Add(time.Duration(i+1) * time.Second)
			in.requests = append(in.requests,
				scheduler.NewTaskRequest(requestID(p.next), account, nil, base, enqueued))
			p.next++
		}
	}
	return all
}

// fourLabels draws from four labels in all: a request asks for each with a chance of a half, and a
// worker has each with a chance of three quarters.
func fourLabels(r *rand.Rand) (request, worker stringset.Set) {
	request, worker = stringset.New(4), stringset.New(4)
	for i := range 4 {
		label := fmt.Sprintf("label-%d", i)
		if r.IntN(2) == 0 {
			request.Add(label)
		}
		if r.IntN(4) > 0 {
			worker.Add(label)
		}
	}
	return request, worker
}

// fourOfHundred draws four of a hundred labels for a request, and fifty for a worker: nearly no two
// requests are alike, and one pair in seventeen matches.
func fourOfHundred(r *rand.Rand) (request, worker stringset.Set) {
	pick := func(n int) stringset.Set {
		set := stringset.New(n)
		for len(set) < n {
			set.Add(fmt.Sprintf("label-%02d", r.IntN(100)))
		}
		return set
	}
	return pick(4), pick(50)
}
