package reference

import (
	"cmp"
	"slices"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// placeProvisioned is step 1: each request takes its choice among the idle workers that have its
// provisionable labels; one that ran out of patience takes any if there are none.
func (p *pass) placeProvisioned() {
	for _, r := range p.takesPart {
		if !p.waits(r) || !p.mayPlace(r) {
			continue
		}
		matching := p.idleMatches(r)
		provisioned := slices.Clone(matching)
		provisioned = slices.DeleteFunc(provisioned, func(w *worker) bool {
			return !hasAll(w.labels, r.provisionable)
		})
		if len(provisioned) > 0 {
			p.place(r, choice(provisioned))
		} else if len(matching) > 0 && p.impatient(r) {
			p.place(r, choice(matching))
		}
	}
}

// placeAny is step 2: each remaining request takes its choice among the idle workers.
func (p *pass) placeAny() {
	for _, r := range p.takesPart {
		if !p.waits(r) || !p.mayPlace(r) {
			continue
		}
		if matching := p.idleMatches(r); len(matching) > 0 {
			p.place(r, choice(matching))
		}
	}
}

// idleMatches returns the idle workers that can run a request and are not cordoned, in no
// particular order.
func (p *pass) idleMatches(r *request) []*worker {
	full := p.s.fullLabels(r.account)
	var found []*worker
	for _, w := range p.s.workers {
		if w.run == nil && !p.s.cordoned(w) && matches(r, w, full) {
			found = append(found, w)
		}
	}
	return found
}

// impatient says whether a request has waited long enough to take any worker in step 1.
func (p *pass) impatient(r *request) bool {
	patience := cmp.Or(p.s.config.ProvisionPatience, scheduler.DefaultProvisionPatience)
	return patience >= 0 && !p.s.now.Before(r.enqueued.Add(patience))
}

// choice returns the worker that a request takes: fewest labels, idle for longest, smallest id.
func choice(workers []*worker) *worker {
	return slices.MinFunc(workers, func(a, b *worker) int {
		return cmp.Or(
			cmp.Compare(len(a.labels), len(b.labels)),
			a.idleSince.Compare(b.idleSince),
			cmp.Compare(a.id, b.id),
		)
	})
}

// place starts a request on an idle worker at the pass's level.
func (p *pass) place(r *request, w *worker) {
	p.s.start(r, w, p.level, scheduler.Balance{})
	p.noteFanout(r)
	p.assign(w, nil, scheduler.AssignmentIdleWorker)
}

// assign records the decision that put the run of w there, and its event. The victim is the
// preempted run, if there is one.
func (p *pass) assign(w *worker, victim *run, kind scheduler.AssignmentType) {
	a := scheduler.Assignment{
		Type:     kind,
		Worker:   w.id,
		Request:  w.run.request.id,
		Priority: p.level,
		Time:     p.s.now,
	}
	if victim != nil && victim.stage != scheduler.Held {
		a.Abort = victim.request.id
		a.LostWork = time.Duration(victim.request.lost) * time.Millisecond
	}
	p.assignments = append(p.assignments, a)
	p.s.emitAssigned(p.sink, w, victim)
}
