package benchmarks

import (
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// roundCount is how many rounds a case of rounds has. Each brings some requests and workers, none
// of which ever goes, and ends with a pass.
const roundCount = 100

// A round is what one round brings.
type round struct {
	requests []*scheduler.TaskRequest
	workers  []newcomer
}

// drawRounds draws what all rounds bring, the first one at the epoch.
func (p *world) drawRounds(every time.Duration) []round {
	all := make([]round, roundCount)
	for i := range all {
		in := &all[i]
		for range max(1, p.Workers/roundCount) {
			in.workers = append(in.workers, newcomer{workerID(p.recruits), p.draw.worker(p.recruits)})
			p.recruits++
		}
		for range max(1, p.Requests/roundCount) {
			in.requests = append(in.requests, p.request(epoch.Add(time.Duration(i)*every)))
		}
	}
	return all
}

// roundsOf is 100 rounds of arrivals, a second each, where no account has free tasks.
func roundsOf(name, what string, l labelling, reach time.Duration) *Case {
	var inputs []round
	return &Case{
		Name: name, What: what, Reach: reach, fresh: true, empty: true,
		Sizes: []Size{{Requests: 100_000, Workers: 5_000, Accounts: 20}},
		shape: shape{labelling: l, quotas: upToHundred},
		prepare: func(p *world) {
			p.addAccounts()
			inputs = p.drawRounds(time.Second)
		},
		op: func(p *world) int {
			work := 0
			for _, in := range inputs {
				for _, w := range in.workers {
					must(p.MarkIdle(w.id, w.labels, p.now, nil))
				}
				for _, r := range in.requests {
					must(p.AddRequest(r, p.now, nil, nil))
				}
				work += len(p.RunOnce(nil))
				p.step(time.Second)
			}
			return work
		},
	}
}

// upToHundred gives accounts a rate of up to 100 workers, at p0 to p4 in turn, and no free tasks.
func upToHundred(p *world, account int) (c scheduler.AccountConfig, _ scheduler.Balance) {
	c.MaxCharge, c.DisableFreeTasks = time.Minute, true
	c.ChargeRate[account%scheduler.NumPriorities] = scheduler.Workers(float64(1 + p.rng.IntN(100)))
	return c, scheduler.Balance{}
}

// ancestor is the simulation by which qslib, the ancestor of this project, measures itself, with
// its parameters: a minute a round, accounts of up to 10 workers at each level that save up for
// 10 s, no cover for bursts, no free tasks, and workers that stay. Preemption, which qslib leaves
// off in it, is on, and nothing limits the fanout.
func ancestor() *Case {
	var inputs []round
	return &Case{
		Name: "the ancestor's simulation",
		What: "100 rounds of 1,000 requests with 4 of 1,000 labels and a provisionable one, 50 " +
			"workers with 50 labels and a provisionable one, and a pass: how qslib measures itself.",
		Reach: 400 * millisecond, CPU: true, fresh: true, empty: true, naive: 250_000,
		Sizes: []Size{{1_000, 50, 20}, {10_000, 500, 20}, {100_000, 5_000, 20}},
		shape: shape{labelling: ancestral, quotas: tightPaid,
			config: scheduler.Config{BurstCover: -1, WorkerExpiration: 100 * time.Hour}},
		prepare: func(p *world) {
			p.addAccounts()
			inputs = p.drawRounds(time.Minute)
		},
		op: func(p *world) int {
			work := 0
			for _, in := range inputs {
				for _, r := range in.requests {
					must(p.AddRequest(r, p.now, nil, nil))
				}
				for _, w := range in.workers {
					must(p.MarkIdle(w.id, w.labels, p.now, nil))
				}
				p.UpdateTime(p.now, nil)
				work += len(p.RunOnce(nil))
				p.now = p.now.Add(time.Minute)
			}
			return work
		},
	}
}

// tightPaid is tight without free tasks.
func tightPaid(p *world, account int) (scheduler.AccountConfig, scheduler.Balance) {
	c, b := tight(p, account)
	c.DisableFreeTasks = true
	return c, b
}
