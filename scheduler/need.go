package scheduler

import (
	"cmp"
	"slices"

	"github.com/quotasched/quotasched/internal/minheap"
)

// A need is what a request asks of a worker: its base and its provisionable labels. It exists
// while there is a lane with it.
type need struct {
	base, prov *labelSet
	plain      bool   // the provisionable labels are base labels too: step 1 is all there is
	serial     uint64 // needs are numbered as they come
	gone       bool
	filed      *file // where the index has it
	lanes      []*lane

	// kinds are the kinds that can run it, kindCount of them, if there are at most narrowNeed of
	// them. If there are more, wide is true, kinds is nil, and kindCount is no more than their
	// number: kinds that came since they were counted are not in it. If it is rough, neither are
	// some of the others.
	kinds     []*kind
	kindCount int
	wide      bool
	rough     bool

	// What follows serves one pass; see choose.go.
	choice choice
	fresh  uint64                 // the pass that found that a kind that can run it is fresh
	queued uint64                 // the filling of the lane queue that the rest belongs to
	front  int                    // where its first lane was then
	behind minheap.Heap[laneHead] // its other lanes in the queue
}

// These bound what is stored about which kinds can run which needs. A need or kind with more
// partners has them found anew each time, which then costs no more than going through them.
const (
	narrowNeed = 16
	narrowKind = 256
	countedMax = 64 // kinds of a need are counted up to so many
)

type needKey struct{ base, prov *labelSet }

// A file has needs in order of their serials: those that are wide apart from the others, which are
// the only ones that a kind that comes is a difference to.
type file struct{ narrow, wide []*need }

func (f *file) len() int { return len(f.narrow) + len(f.wide) }

// list returns the list in which a need is, or is to be.
func (f *file) list(n *need) *[]*need {
	if n.wide {
		return &f.wide
	}
	return &f.narrow
}

func (f *file) add(n *need) {
	list := f.list(n)
	i, _ := slices.BinarySearchFunc(*list, n.serial, compareSerial)
	*list = slices.Insert(*list, i, n)
}

func (f *file) remove(n *need) {
	list := f.list(n)
	i, _ := slices.BinarySearchFunc(*list, n.serial, compareSerial)
	*list = slices.Delete(*list, i, i+1)
}

func compareSerial(n *need, serial uint64) int { return cmp.Compare(n.serial, serial) }
