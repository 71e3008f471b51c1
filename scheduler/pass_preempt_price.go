package scheduler

import "time"

// What a preemption takes and costs, as the account of the taker stands at the level of the step.

// outranks reports whether an account that may start a run could still do so without what a run has
// paid at this level and at better ones.
func (p *pass) outranks(a *account, r *run) bool {
	paid := r.paidUpTo(p.level)
	return paid == 0 || p.isAbove(a, int64(a.need(p.level, p.s.burstCover).add(paid)))
}

// outranks is the same at level p, for an account that may not be able to start a run.
func (a *account) outranks(r *run, p Priority, cover time.Duration) bool {
	need := a.need(p, cover)
	return a.balance[p] > need && a.balance[p] > need.add(r.paidUpTo(p))
}

// payment returns what an account pays for the worker of a run: its price, but never so much that
// the balance falls to what the account needs for another run, or below.
func (p *pass) payment(a *account, r *run) Quota {
	price := r.priceAt(p.s.now.millis())
	most := a.balance[p.level] - a.need(p.level, p.s.burstCover) - 1
	return min(price, most)
}

// mayBeOwed reports whether an account has a full bucket and runs less than its rate, so that the
// workers of free tasks are owed to those of its requests that have waited for long.
func (p *pass) mayBeOwed(a *account) bool {
	return p.s.owedAfter >= 0 && a.beyondRate(p.level) < 0 && p.isAbove(a, int64(a.caps[p.level])-1)
}

// waitedLong reports whether a request that was enqueued then has waited for so long.
func (p *pass) waitedLong(enqueued instant) bool { return p.s.now.since(enqueued) >= p.s.owedAfter }
