package reference

import (
	"cmp"
	"maps"
	"slices"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// reprioritize is step 3: each account, in order of id, demotes runs out of the level or promotes
// runs into it.
func (p *pass) reprioritize() {
	demoteBelow := cmp.Or(p.s.config.DemoteThreshold, scheduler.DefaultDemoteThreshold)
	promoteAbove := cmp.Or(p.s.config.PromoteThreshold, scheduler.DefaultPromoteThreshold)
	for _, id := range slices.Sorted(maps.Keys(p.s.accounts)) {
		a := p.s.accounts[id]
		// beyond is how many milli-workers the account runs here beyond its rate.
		beyond := 1000*p.s.runsAt(id, p.level) - int(a.config.ChargeRate[p.level])
		balance := a.balance[p.level]
		switch {
		case balance < demoteBelow && beyond > 0:
			p.demote(id, (beyond+999)/1000)
		case (balance > promoteAbove || balance >= a.capOf(p.level)) && beyond < 0:
			p.promote(id, (-beyond+999)/1000)
		}
	}
}

// demote moves the n cheapest of the account's runs at this level that are not safe, each to the
// best worse level at which the account may start a run by then, else to the free bucket.
func (p *pass) demote(id scheduler.AccountID, n int) {
	runs := p.workersOf(id, func(r *run) bool { return r.level == p.level && !p.s.safe(r) })
	for _, w := range runs[:min(n, len(runs))] {
		p.move(w, p.s.levelFrom(p.level+1, id))
	}
}

// promote moves the n dearest of the account's runs at worse levels to this one, passing over free
// ones whose fanout group is at its limit.
func (p *pass) promote(id scheduler.AccountID, n int) {
	runs := p.workersOf(id, func(r *run) bool { return r.level > p.level })
	slices.Reverse(runs)
	for _, w := range runs {
		if n == 0 {
			return
		}
		if w.run.level == scheduler.FreeBucket && p.s.atFanout(w.run.request) {
			continue
		}
		p.move(w, p.level)
		p.noteFanout(w.run.request)
		n--
	}
}

// workersOf returns the workers of those runs of an account that are wanted, cheapest first.
func (p *pass) workersOf(id scheduler.AccountID, wanted func(*run) bool) []*worker {
	var found []*worker
	for _, w := range p.s.workers {
		if w.run != nil && w.run.request.account == id && wanted(w.run) {
			found = append(found, w)
		}
	}
	slices.SortFunc(found, p.s.cheapestFirst)
	return found
}

// move changes the level of a worker's run.
func (p *pass) move(w *worker, level scheduler.Priority) {
	old := w.run.level
	p.s.setLevel(w.run, level)
	cost := w.run.cost
	p.s.emit(p.sink, happening{kind: protos.TaskEvent_TYPE_REPRIORITIZED, decision: true,
		time: p.s.now, request: w.run.request, worker: w, cost: &cost,
		reprioritized: &protos.TaskEvent_Reprioritized{
			OldPriority: int32(old), NewPriority: int32(level)}})
}
