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
	// done are the waiting requests that took part at a level, found no worker, and belong to an
	// account that could have started more there.
	done map[scheduler.RequestID]bool
	// limited are the fanout groups that were at their limit at any moment of the pass.
	limited map[string]bool
	// assignments are the decisions so far.
	assignments []scheduler.Assignment

	// level is the level that the pass is at.
	level scheduler.Priority
	// takesPart are the requests that were eligible when the level began, in order.
	takesPart []*request
	// usedUp are the accounts that could start no more at some moment of the level.
	usedUp map[scheduler.AccountID]bool
}

// RunOnce makes one pass and returns its decisions in order.
func (s *Scheduler) RunOnce(e scheduler.EventSink) []scheduler.Assignment {
	p := &pass{s: s, sink: e, done: map[scheduler.RequestID]bool{}, limited: map[string]bool{}}
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
		p.end()
	}
	p.beginFree()
	p.placeProvisioned()
	p.placeAny()
	return p.assignments
}

// begin finds who takes part at a paid level.
func (p *pass) begin(level scheduler.Priority) {
	p.level = level
	p.usedUp = map[scheduler.AccountID]bool{}
	p.takesPart = nil
	for _, r := range slices.SortedFunc(maps.Values(p.s.waiting), inOrder) {
		if !r.blocked && !p.done[r.id] && p.mayPlace(r) {
			p.takesPart = append(p.takesPart, r)
		}
	}
}

// beginFree finds who takes part in the free bucket: who took part nowhere, who is limited, and
// whose account used up each level at which it took part.
func (p *pass) beginFree() {
	p.level = scheduler.FreeBucket
	p.takesPart = nil
	for _, r := range slices.SortedFunc(maps.Values(p.s.waiting), inOrder) {
		a := p.s.accounts[r.account]
		disabled := a != nil && a.config.DisableFreeTasks
		if !r.blocked && !disabled && (p.limited[r.group] || !p.done[r.id]) {
			p.takesPart = append(p.takesPart, r)
		}
	}
}

// end marks the requests that stay out of the rest of the pass: those that found no worker,
// although their account may start more here.
func (p *pass) end() {
	for _, r := range p.takesPart {
		if !p.s.mayStart(r.account, p.level) {
			p.usedUp[r.account] = true
		}
	}
	for _, r := range p.takesPart {
		if p.waits(r) && !p.usedUp[r.account] {
			p.done[r.id] = true
		}
	}
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

// cameTo notes that a run of this request came to the pass's level.
func (p *pass) cameTo(r *request) {
	if p.level < scheduler.FreeBucket && !p.s.mayStart(r.account, p.level) {
		p.usedUp[r.account] = true
	}
	p.noteFanout(r)
}

// noteFanout marks the group of a request that is on a worker as limited if it is at its limit.
func (p *pass) noteFanout(r *request) {
	if p.s.atFanout(r) {
		p.limited[r.group] = true
	}
}
