package scheduler

import (
	"cmp"
	"slices"

	"github.com/quotasched/quotasched/internal/minheap"
)

// A demand is what a request asks of a worker: its base and its provisionable labels. It exists
// while there is a lane with it.
type demand struct {
	base, prov *labelSet
	plain      bool   // the provisionable labels are base labels too: step 1 is all there is
	serial     uint64 // demands are numbered as they come
	gone       bool
	bucket     *bucket // where the index has it
	lanes      []*lane

	// classes are the worker classes that can run it, classCount of them, if there are at most
	// listedClassesMax. If there are more, they are only counted: classes is nil, and classCount is
	// at most their number, as it does not follow the classes that come later. If it is a lower
	// bound, it has left out some of the earlier ones, too.
	classes    []*workerClass
	classCount int
	counted    bool
	lowerBound bool

	// What follows serves one pass; see pass_choose.go.
	choice choice
	fresh  uint64                 // the pass that found that a class that can run it is fresh
	queued uint64                 // the filling of the lane queue that the rest belongs to
	front  int                    // where its first lane was then
	behind minheap.Heap[laneHead] // its other lanes in the queue
}

// These bound what is stored about which classes can run which demands. A demand or class with more
// partners has them found anew each time, which then costs no more than going through them.
const (
	listedClassesMax  = 16
	knownDemandsMax   = 256
	countedClassesMax = 64 // classes of a demand are counted up to so many
)

type demandKey struct{ base, prov *labelSet }

// A bucket has the demands that are filed under one label, in order of their serials. Those whose
// classes are listed stand apart: only to them does a new class make a difference.
type bucket struct{ listed, counted []*demand }

func (bucket *bucket) len() int { return len(bucket.listed) + len(bucket.counted) }

// list returns the list in which a demand is, or is to be.
func (bucket *bucket) list(demand *demand) *[]*demand {
	if demand.counted {
		return &bucket.counted
	}
	return &bucket.listed
}

func (bucket *bucket) add(demand *demand) {
	list := bucket.list(demand)
	i, _ := slices.BinarySearchFunc(*list, demand.serial, compareSerial)
	*list = slices.Insert(*list, i, demand)
}

func (bucket *bucket) remove(demand *demand) {
	list := bucket.list(demand)
	i, _ := slices.BinarySearchFunc(*list, demand.serial, compareSerial)
	*list = slices.Delete(*list, i, i+1)
}

func compareSerial(demand *demand, serial uint64) int { return cmp.Compare(demand.serial, serial) }
