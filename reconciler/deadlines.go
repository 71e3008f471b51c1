package reconciler

import (
	"slices"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// A deadline is that of an entry, which may have gone for another reason.
type deadline struct {
	worker scheduler.WorkerID
	entry  *entry
}

// watch adds an entry to the deadlines.
func (state *State) watch(w scheduler.WorkerID, e *entry) {
	state.deadlines.Push(e.since, deadline{w, e})
	state.deadlines.Compact(len(state.entries), func(d deadline) bool { return !state.isLive(d) })
}

// due removes from the deadlines the entries that have timed out at time t, and returns their
// workers, sorted.
func (state *State) due(t time.Time) (workers []scheduler.WorkerID) {
	timedOut := func(since time.Time) bool { return t.Sub(since) >= state.timeout }
	for d, ok := state.deadlines.PopDue(timedOut); ok; d, ok = state.deadlines.PopDue(timedOut) {
		if state.isLive(d) {
			workers = append(workers, d.worker)
		}
	}
	slices.Sort(workers)
	return workers
}

// isLive reports whether the entry is still there.
func (state *State) isLive(d deadline) bool { return state.entries[d.worker] == d.entry }
