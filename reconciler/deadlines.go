package reconciler

import (
	"container/heap"
	"slices"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// deadlines has the entries by age, so that finding those that time out does not look at the rest.
// An entry that goes for another reason stays in it until it would have timed out, or until such
// leftovers outnumber the living.
type deadlines []deadline

type deadline struct {
	worker scheduler.WorkerID
	entry  *entry
}

func (d deadlines) Len() int           { return len(d) }
func (d deadlines) Less(i, j int) bool { return d[i].entry.since.Before(d[j].entry.since) }
func (d deadlines) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }
func (d *deadlines) Push(x any)        { *d = append(*d, x.(deadline)) }

func (d *deadlines) Pop() any {
	last := len(*d) - 1
	x := (*d)[last]
	(*d)[last] = deadline{}
	*d = (*d)[:last]
	return x
}

// watch adds an entry to the deadlines.
func (state *State) watch(w scheduler.WorkerID, e *entry) {
	state.deadlines = append(state.deadlines, deadline{w, e})
	heap.Fix(&state.deadlines, len(state.deadlines)-1)
	if n := len(state.deadlines); n > 64 && n > 2*len(state.entries) {
		state.deadlines = slices.DeleteFunc(state.deadlines, func(d deadline) bool {
			return state.entries[d.worker] != d.entry
		})
		heap.Init(&state.deadlines)
	}
}

// due removes from the deadlines the entries that have timed out at time t, and returns their
// workers, sorted.
func (state *State) due(t time.Time) []scheduler.WorkerID {
	var workers []scheduler.WorkerID
	for len(state.deadlines) > 0 && t.Sub(state.deadlines[0].entry.since) >= state.timeout {
		d := heap.Pop(&state.deadlines).(deadline)
		if state.entries[d.worker] == d.entry {
			workers = append(workers, d.worker)
		}
	}
	slices.Sort(workers)
	return workers
}
