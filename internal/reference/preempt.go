package reference

import (
	"cmp"
	"slices"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// preempt is step 4: each run at a worse level, cheapest first, goes to the first request of this
// level, in order, that may preempt it.
func (p *pass) preempt() {
	var candidates []*worker
	for _, w := range p.s.workers {
		if w.run != nil && w.run.level > p.level && !p.s.cordoned(w) {
			candidates = append(candidates, w)
		}
	}
	slices.SortFunc(candidates, p.s.cheapestFirst)
	for _, w := range candidates {
		for _, r := range p.takesPart {
			if p.mayPreempt(r, w) {
				p.takeWorker(r, w)
				break
			}
		}
	}
}

// mayPreempt says whether a request may take the worker of a run at this moment. What is quick to
// find out comes first.
func (p *pass) mayPreempt(r *request, w *worker) bool {
	return p.waits(r) &&
		r.account != w.run.request.account &&
		p.mayRunOn(r, w) &&
		(p.outranks(r.account, w.run) && !p.s.protected(w.run, p.level) || p.owed(r, w))
}

// outranks says whether an account has more than it needs at this level also without what the run
// has paid at this level and at better ones.
func (p *pass) outranks(id scheduler.AccountID, victim *run) bool {
	a := p.s.accounts[id]
	need := p.s.need(a, id, p.level)
	balance := a.balance[p.level]
	return balance > need && sum(balance, -p.s.paidUpTo(victim, p.level)) > need
}

// mayRunOn says whether a request that waits may start on a worker at this moment, idle or not.
func (p *pass) mayRunOn(r *request, w *worker) bool {
	return p.mayPlace(r) && hasAll(w.labels, r.base) &&
		matches(r, w, p.s.fullLabels(r.account))
}

// owed says whether nothing protects the run of a worker from a request, not even what the run has
// paid: the run is free, the request is the oldest of its account that may run there and has waited
// for OwedAfter, and its account has a full bucket and runs less than its rate.
func (p *pass) owed(r *request, w *worker) bool {
	a := p.s.accounts[r.account]
	after := cmp.Or(p.s.config.OwedAfter, scheduler.DefaultOwedAfter)
	return w.run.level == scheduler.FreeBucket &&
		after >= 0 && !p.s.now.Before(r.enqueued.Add(after)) &&
		a.balance[p.level] >= a.capOf(p.level) &&
		1000*p.s.runsAt(r.account, p.level) < int(a.config.ChargeRate[p.level]) &&
		p.oldestFor(r.account, w) == r
}

// oldestFor returns the oldest request of an account that takes part at this level and may run on a
// worker at this moment.
func (p *pass) oldestFor(id scheduler.AccountID, w *worker) *request {
	for _, r := range p.takesPart {
		if r.account == id && p.waits(r) && p.mayRunOn(r, w) {
			return r
		}
	}
	return nil
}

// takeWorker lets a request preempt the run of a worker. Its account pays the run's price at this
// level, but keeps more than it needs; the run's account gets that back at the level of the run.
func (p *pass) takeWorker(r *request, w *worker) {
	a := p.s.accounts[r.account]
	keeps := p.s.need(a, r.account, p.level) + 1
	payment := min(p.s.price(w.run), a.balance[p.level]-keeps)
	cost, unsaved := p.s.costNow(w.run), p.s.unsaved(w.run)
	victim := p.s.takeOff(w)
	victim.request.lost = min(victim.request.lost+unsaved, largestLoss)
	p.s.credit(victim.request.account, amountAt(victim.level, payment))
	if victim.stage == scheduler.Held {
		p.s.waitAgain(victim)
	}
	p.s.emit(p.sink, happening{kind: protos.TaskEvent_TYPE_PREEMPTED, decision: true,
		time: p.s.now, request: victim.request, worker: w, cost: &cost,
		preempted: &protos.TaskEvent_Preempted{
			ByRequestId: string(r.id), ByAccountId: string(r.account),
			OldPriority: int32(victim.level), NewPriority: int32(p.level),
			Refund: int64(payment), UnsavedWork: millisProto(unsaved),
			LostWork: millisProto(victim.request.lost)}})
	paid := amountAt(p.level, payment)
	p.s.debit(r.account, paid)
	p.s.start(r, w, p.level, paid)
	p.noteFanout(r)
	p.assign(w, victim, scheduler.AssignmentPreemptWorker)
}

// amountAt is an amount at one level; what is paid for free runs is nothing.
func amountAt(level scheduler.Priority, q scheduler.Quota) (b scheduler.Balance) {
	if level < scheduler.FreeBucket {
		b[level] = q
	}
	return b
}
