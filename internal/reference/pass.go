package reference

import (
	"maps"
	"slices"

	"github.com/quotasched/quotasched/scheduler"
)

// pass is one pass over the levels.
type pass struct {
	s    *Scheduler
	sink scheduler.EventSink
	// tookPart has the paid levels at which each request took part so far.
	tookPart map[scheduler.RequestID][]scheduler.Priority
	// limited are the fanout groups that were at their limit at any moment of the pass.
	limited map[string]bool
	// assignments are the decisions so far.
	assignments []scheduler.Assignment

	// level is the level that the pass is at.
	level scheduler.Priority
	// takesPart are the requests that take part at the level, in order.
	takesPart []*request
}

// RunOnce makes one pass and returns its decisions in order.
func (s *Scheduler) RunOnce(e scheduler.EventSink) []scheduler.Assignment {
	p := &pass{s: s, sink: e, tookPart: map[scheduler.RequestID][]scheduler.Priority{},
		limited: map[string]bool{}}
	for _, w := range s.workers {
		if w.run != nil {
			p.noteFanout(w.run.request)
		}
	}
	for level := range scheduler.Priority(scheduler.NumPriorities) {
		p.begin(level)
		p.placeProvisioned()
		p.placeAny()
		p.reprioritize()
		if !s.config.DisablePreemption {
			p.preempt()
		}
	}
	p.begin(scheduler.FreeBucket)
	p.placeProvisioned()
	p.placeAny()
	return p.assignments
}

// begin finds who takes part at a level, or in the free bucket.
func (p *pass) begin(level scheduler.Priority) {
	p.level = level
	p.takesPart = nil
	for _, r := range slices.SortedFunc(maps.Values(p.s.waiting), inOrder) {
		if r.blocked || p.s.suspended(r.account) {
			continue
		}
		if level == scheduler.FreeBucket && p.mayBeFree(r) {
			p.takesPart = append(p.takesPart, r)
		}
		if level < scheduler.FreeBucket && p.mayPlace(r) && !p.mayStillStart(r) {
			p.takesPart = append(p.takesPart, r)
			p.tookPart[r.id] = append(p.tookPart[r.id], level)
		}
	}
}

// mayStillStart says whether a request took part at a level where its account may still start
// another run: what it did not get there it does not try at worse levels.
func (p *pass) mayStillStart(r *request) bool {
	return slices.ContainsFunc(p.tookPart[r.id], func(level scheduler.Priority) bool {
		return p.s.mayStart(r.account, level)
	})
}

// mayBeFree says whether a request takes part in the free bucket: its account has free tasks, and
// it is over the fanout limit, took part nowhere, or its account has used up where it did.
func (p *pass) mayBeFree(r *request) bool {
	a := p.s.accounts[r.account]
	disabled := a != nil && a.config.DisableFreeTasks
	return !disabled && (p.limited[r.group] || !p.mayStillStart(r))
}

// suspended says whether an operator keeps an account's requests out of passes.
func (s *Scheduler) suspended(id scheduler.AccountID) bool {
	a := s.accounts[id]
	return a != nil && a.suspension != nil
}

// mayPlace says whether a request could be started at this level at this moment.
func (p *pass) mayPlace(r *request) bool {
	if p.level == scheduler.FreeBucket {
		return true
	}
	return !p.limited[r.group] && p.s.mayStart(r.account, p.level)
}

// waits says whether a request still waits.
func (p *pass) waits(r *request) bool { return p.s.waiting[r.id] == r }

// noteFanout marks the group of a request that is on a worker as limited if it is at its limit.
func (p *pass) noteFanout(r *request) {
	if p.s.atFanout(r) {
		p.limited[r.group] = true
	}
}
