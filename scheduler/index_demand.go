package scheduler

import "github.com/quotasched/quotasched/internal/minheap"

// A demand is what a request asks of a worker: its base and its provisionable labels. It exists
// while there is a lane with it.
type demand struct {
	base, prov *labelSet
	plain      bool   // the provisionable labels are base labels too: step 1 is all there is
	gone       bool   // it exists no more
	serial     uint64 // demands are numbered as they come
	bucket     *bucket
	at         int // its place in the bucket
	lanes      []*lane

	// What follows serves one pass; see pass_choose.go.
	choice choice
	found  uint64                 // the pass that found a class that can run it; see pass_dirty.go
	queued uint64                 // the filling of the lane queue that the rest belongs to
	front  int                    // where its first lane was then
	behind minheap.Heap[laneHead] // its other lanes in the queue
}

type demandKey struct{ base, prov *labelSet }
