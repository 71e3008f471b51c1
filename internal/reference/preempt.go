package reference

import (
	"slices"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// preempt is step 4: each run at a worse level, cheapest first, is offered to the waiting requests
// of this level in order.
func (p *pass) preempt() {
	barred := p.barredAccounts()
	var candidates []*worker
	for _, w := range p.s.workers {
		if w.run != nil && w.run.level > p.level {
			candidates = append(candidates, w)
		}
	}
	slices.SortFunc(candidates, p.s.cheapestFirst)
	for _, w := range candidates {
		for _, r := range p.takesPart {
			if !barred[r.account] && p.mayPreempt(r, w) {
				p.takeWorker(r, w)
				break
			}
		}
	}
}

// barredAccounts returns the accounts that should promote a run of their own before they take a
// worker from another account, and cannot, as they run as much here as they earn.
func (p *pass) barredAccounts() map[scheduler.AccountID]bool {
	barred := map[scheduler.AccountID]bool{}
	for id, a := range p.s.accounts {
		rate := int(a.config.ChargeRate[p.level])
		if p.s.runsBelow(id, p.level) > 0 && 1000*p.s.runsAt(id, p.level) >= rate {
			barred[id] = true
		}
	}
	return barred
}

// mayPreempt says whether a request may take the worker of a run at this moment. What is quick to
// find out comes first.
func (p *pass) mayPreempt(r *request, w *worker) bool {
	return p.waits(r) &&
		r.account != w.run.request.account &&
		p.canPay(r.account, p.s.costNow(w.run)) &&
		hasAll(w.labels, r.base) &&
		p.mayPlace(r) &&
		matches(r, w, p.s.fullLabels(r.account))
}

// canPay says whether an account can pay a cost in a preemption at this level: it has it at every
// better level, and from this level down it has lexicographically more.
func (p *pass) canPay(id scheduler.AccountID, cost scheduler.Balance) bool {
	balance := p.s.accounts[id].balance
	for level := range p.level {
		if max(0, balance[level]) < cost[level] {
			return false
		}
	}
	return slices.Compare(balance[p.level:], cost[p.level:]) > 0
}

// takeWorker lets a request preempt the run of a worker.
func (p *pass) takeWorker(r *request, w *worker) {
	cost := p.s.costNow(w.run)
	victim := p.s.takeOff(w)
	p.s.credit(victim.request.account, cost)
	if victim.stage == scheduler.Held {
		p.s.waitAgain(victim)
	}
	p.s.emit(p.sink, happening{kind: protos.TaskEvent_TYPE_PREEMPTED, decision: true,
		time: p.s.now, request: victim.request, worker: w, cost: &cost,
		preempted: &protos.TaskEvent_Preempted{
			ByRequestId: string(r.id), ByAccountId: string(r.account),
			OldPriority: int32(victim.level), NewPriority: int32(p.level)}})
	p.s.debit(r.account, cost)
	p.s.start(r, w, p.level, cost)
	p.cameTo(r)
	p.assign(w, victim, scheduler.AssignmentPreemptWorker)
}
