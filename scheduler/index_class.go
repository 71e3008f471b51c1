package scheduler

import (
	"math/bits"

	"github.com/quotasched/quotasched/internal/orderedlist"
)

// A worker class is all the workers with the same label set. What can run on one of them can run on
// all. It exists while there is such a worker.
type workerClass struct {
	set       *labelSet
	slot      uint32 // its number in slot sets
	levels    uint8  // those at which it has runs: bit p for p
	workers   int
	idle      orderedlist.List[*worker] // by (idle since, id)
	runs      [numLevels]*runLists      // the runs on its workers by level, but for cordoned workers
	demands   knownDemands              // the demands that it can run, if they are few
	fresh     bool                      // has had a worker become idle since the last pass
	newAt     int32                     // position in index.newClasses; -1 if it is not new
	limitedBy []*account                // accounts that keep something about it, or did
	target    target                    // serves one preemption step
	offered   uint64                    // the attempt that has offered its runs
	idleAt    int                       // position in index.idle; -1 if none of it is idle
}

// size is the number of labels: a request takes a worker with as few as it can.
func (class *workerClass) size() int { return len(class.set.ids) }

// bestBelow returns the best level worse than p at which the class has runs, or numLevels.
func (class *workerClass) bestBelow(p Priority) Priority {
	worse := class.levels >> (p + 1)
	return min(p+1+Priority(bits.TrailingZeros8(worse)), numLevels)
}

// A worker is a worker that is known: idle, or with a run. What each poll looks at stands first.
type worker struct {
	id        WorkerID
	run       *run // nil if it is idle
	class     *workerClass
	confirmed instant
	watched   bool    // is in Scheduler.watches; see expire.go
	forgotten bool    // is not known any more
	cordoned  bool    // gets nothing; it is in no list of its class
	idleSince instant // if it has no run
	rank      idRank
}

// Before orders the idle workers of a class: idle for longest, then id.
func (w *worker) Before(v *worker) bool {
	if c := w.idleSince.compare(v.idleSince); c != 0 {
		return c < 0
	}
	if w.rank != v.rank {
		return w.rank.Before(v.rank)
	}
	return w.id < v.id
}
