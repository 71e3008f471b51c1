//go:build invariants

package scheduler

import (
	"fmt"

	"github.com/quotasched/quotasched/internal/touches"
)

// A trace is all that a trial must leave as it was, line by line: what is known, the dirty sets,
// the generations, and the order of every list. Nil where none was taken.
type trace []string

// newTrace takes a trace, in a large pool for every n-th trial only.
func (s *Scheduler) newTrace() trace {
	trialsSinceTrace++
	if size := len(s.requests) + len(s.workers) + len(s.accounts); trialsSinceTrace < size/4 {
		return nil
	}
	trialsSinceTrace = 0
	return s.trace()
}

// trialsSinceTrace is shared by all schedulers of a test; which trial is checked does not matter.
var trialsSinceTrace int

// checkUndone checks that a trial has left no trace.
func (s *Scheduler) checkUndone(before trace) {
	if before == nil {
		return
	}
	after := s.trace()
	if len(after) != len(before) {
		broken("a trial leaves no trace: %d lines, not %d", len(after), len(before))
	}
	for i := range before {
		if after[i] != before[i] {
			broken("a trial leaves no trace:\n%s, not\n%s", after[i], before[i])
		}
	}
}

func (s *Scheduler) trace() (t trace) {
	defer touches.Pause()()
	add := func(what string, args ...any) { t = append(t, what+": "+fmt.Sprintln(args...)) }
	add("pool", s.now, s.activeLanes, s.victims, s.victimCounts, len(s.expired), s.index.demands,
		len(s.labels.byName), s.watches.Len())
	add("dirty", s.fresh, s.withDirty)
	for r := range s.byEnqueued.All() {
		add("can expire", r.id)
	}
	for _, id := range sortedKeys(s.accounts) {
		a := s.accounts[id]
		add("account", id, a.config, a.balance, a.running, a.active, a.dirty, a.allDirty,
			a.recent, a.attempts, a.roomGeneration, s.withActive[a], len(a.lanes))
		s.traceLanes(a, add)
	}
	for _, id := range sortedKeys(s.requests) {
		r := s.requests[id]
		add("request", fmt.Sprintf("%p", r), *r)
	}
	for _, id := range sortedKeys(s.workers) {
		w := s.workers[id]
		class := w.class
		add("worker", id, fmt.Sprintf("%p %p", w.run, class), class.workers,
			class.levels, class.fresh, class.idle.Len(), w.confirmed, w.watched, w.idleSince)
		if w.run != nil {
			add("run", *w.run)
		}
	}
	return t
}

// traceLanes adds the lanes of an account and its counts.
func (s *Scheduler) traceLanes(a *account, add func(string, ...any)) {
	byDemand := map[string]*lane{}
	for _, l := range a.lanes {
		byDemand[fmt.Sprintf("%p", l.demand)] = l
	}
	for _, demand := range sortedKeys(byDemand) {
		l := byDemand[demand]
		add("lane", demand, l.refs, l.inAccount, l.inDemand, l.dirty, l.missed)
		if l.group != nil {
			add("fanout", l.group.paid, l.group.refs)
		}
		for r := range l.all() {
			add("waiting", r.id)
		}
	}
	for _, name := range sortedKeys(s.labels.byName) {
		if l := a.limits[s.labels.byName[name]]; l != nil && l.runs > 0 { // others are a cache
			add("limit", name, l.limit, l.runs)
		}
	}
}
