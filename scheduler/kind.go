package scheduler

// A kind is all the workers with the same label set. What can run on one of them can run on all.
// It exists while there is such a worker.
type kind struct {
	set       *labelSet
	slot      uint32 // its number in slot sets
	workers   int
	idle      ordered[*worker]         // by (idle since, id)
	runs      [numLevels]ordered[*run] // the runs on its workers by level, cheapest first
	needs     knownNeeds               // the needs that it can run
	fresh     bool                     // has had a worker become idle since the last pass
	limitedBy []*account               // accounts that keep something about it, or did
	target    target                   // serves one preemption step
	idleAt    int                      // position in index.idle; -1 if none of it is idle
}

// size is the number of labels: a request takes a worker with as few as it can.
func (k *kind) size() int { return len(k.set.ids) }

// runsBelow counts the runs at levels worse than p.
func (k *kind) runsBelow(p Priority) int {
	n := 0
	for q := p + 1; q < numLevels; q++ {
		n += k.runs[q].len()
	}
	return n
}

// A worker is a worker that is known: idle, or with a run.
type worker struct {
	id        WorkerID
	kind      *kind
	confirmed instant
	idleSince instant // if it has no run
	run       *run    // nil if it is idle
	watched   bool    // is in the scheduler's watch list; see expire.go
}

// before orders the idle workers of a kind: idle for longest, then id.
func (w *worker) before(v *worker) bool {
	if c := w.idleSince.compare(v.idleSince); c != 0 {
		return c < 0
	}
	return w.id < v.id
}
