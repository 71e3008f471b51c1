package scheduler

import "github.com/quotasched/quotasched/internal/minheap"

// A demand is what a request asks of a worker: its base and its provisionable labels. It exists
// while there is a lane with it.
type demand struct {
	base, prov *labelSet
	plain      bool   // the provisionable labels are base labels too: step 1 is all there is
	gone       bool   // it exists no more
	asked      bool   // a preemption step has asked for its classes
	unmatched  int32  // position in index.unmatched; -1 if it has been matched
	serial     uint64 // demands are numbered as they come
	bucket     *bucket
	at         int // its place in the bucket
	lanes      []*lane
	first      *lane         // the one that no account has in otherLanes; nil if that is gone
	classes    *knownClasses // nil until they are asked for again

	// What follows serves one pass; see pass_choose.go.
	choice choice
	found  uint64                 // the pass that found a class that can run it; see pass_dirty.go
	queued uint64                 // the filling of the lane queue that the rest belongs to
	front  int                    // where its first lane was then
	behind minheap.Heap[laneHead] // its other lanes in the queue
}

// A demandKey is what tells demands apart.
type demandKey struct{ base, prov *labelSet }

// A demandMemory is the memory of a demand and of its first lane. Most demands of a pool in which
// requests have many different label sets never have another one.
type demandMemory struct {
	demand demand
	lane   lane
	lanes  [1]*lane
}
