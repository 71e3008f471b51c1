package scheduler

import (
	"cmp"
	"iter"
	"slices"

	"github.com/quotasched/quotasched/internal/minheap"
	"github.com/quotasched/quotasched/protos"
)

// workersMax is how many workers a suggestion lists.
const workersMax = 5

// freeWorkers searches the workers any one of which would have to be free. Those whose tasks have
// cost least are tried first.
func (f *search) freeWorkers() {
	queue := f.s.busyByCost(f.r.lane.demand)
	if found, start := f.anyOf(queue.workers(), (*trial).freeWorker); start != nil {
		f.add(start, &protos.Change{Kind: &protos.Change_FreeWorker{
			FreeWorker: &protos.FreeWorkerChange{WorkerIds: found},
		}})
	}
}

// uncordon searches the workers the cordon of any one of which would have to end.
func (f *search) uncordon() {
	workers := slices.Values(f.s.cordonedFor(f.r.lane.demand))
	if found, start := f.anyOf(workers, (*trial).uncordon); start != nil {
		f.add(start, &protos.Change{Kind: &protos.Change_UncordonWorker{
			UncordonWorker: &protos.UncordonWorkerChange{WorkerIds: found},
		}})
	}
}

// anyOf tries a change with one worker after the other. It returns the first with which it does it,
// and how the request starts with the first of these; nil if there is none.
func (f *search) anyOf(workers iter.Seq[*worker], change func(*trial, *worker)) (found []string,
	start *begun) {
	for w := range workers {
		t := f.try(nil, func(t *trial) { change(t, w) })
		if t == nil {
			break
		}
		if t.start == nil {
			continue
		}
		if start == nil {
			start = t.start
		}
		if found = append(found, string(w.id)); len(found) == workersMax {
			break
		}
	}
	return found, start
}

// cordonedFor returns the known cordoned workers that match a demand: those without a run first, in
// order of id. It costs O(cordoned workers).
func (s *Scheduler) cordonedFor(demand *demand) (all []*worker) {
	for id := range s.cordons { // the order is free: they are sorted next
		if w := s.workers[id]; w != nil && demand.base.within(w.class.set) {
			all = append(all, w)
		}
	}
	slices.SortFunc(all, func(a, b *worker) int {
		if idle := a.run == nil; idle != (b.run == nil) {
			if idle {
				return -1
			}
			return 1
		}
		return cmp.Compare(a.id, b.id)
	})
	return all
}

// A costQueue gives runs on the classes of a demand, cheapest first.
type costQueue struct {
	heads minheap.Heap[costHead]
	now   int64
}

// A costHead is the cheapest run of a class at one level that was not given yet.
type costHead struct {
	key costKey
	run *run
}

// Before orders heads by what their runs have cost.
func (h costHead) Before(g costHead) bool { return h.key.Before(&g.key) }

func (s *Scheduler) busyByCost(demand *demand) *costQueue {
	q := &costQueue{now: s.now.millis()}
	s.index.eachClass(demand, &s.index.all, func(class *workerClass) bool {
		for p := range class.runs {
			if r := class.runs[p].cheapest(binSafe, q.now, nil); r != nil {
				q.heads.Append(costHead{r.keyAt(q.now), r})
			}
		}
		return true
	})
	q.heads.Init()
	return q
}

// workers yields the workers of all runs, those of the cheapest first.
func (q *costQueue) workers() iter.Seq[*worker] {
	return func(yield func(*worker) bool) {
		for q.heads.Len() > 0 {
			if !yield(q.next().worker) {
				return
			}
		}
	}
}

// next returns the cheapest run; there must be one.
func (q *costQueue) next() *run {
	r, key := q.heads.Top().run, q.heads.Top().key
	next := r.worker.class.runs[r.level].cheapest(binSafe, q.now, &key)
	if next == nil {
		q.heads.Pop()
		return r
	}
	q.heads.ReplaceTop(costHead{next.keyAt(q.now), next})
	return r
}

// moreWorkersStepwise is the number of new workers up to which each number is tried. Above it more
// and more are tried, and how many of them are taken until the request starts is how many suffice:
// with just so many, the pass would be the same up to then.
const moreWorkersStepwise = 8

// moreWorkers searches how many new workers it takes.
func (f *search) moreWorkers() {
	demand := f.r.lane.demand
	for count := 1; ; count = nextCount(count) {
		if f.budget < count*(workerCost+decisionCost) {
			f.ended = true
			return
		}
		t := f.try(nil, func(t *trial) { t.addWorkers(demand, count) })
		switch {
		case t == nil:
			return
		case t.start != nil:
			if count > moreWorkersStepwise {
				count = t.taken
			}
			f.addMoreWorkers(t.start, count)
			return
		case t.taken < count:
			return // a new worker is left over, and so would all further ones be
		}
	}
}

func nextCount(count int) int {
	if count < moreWorkersStepwise {
		return count + 1
	}
	return 4 * count
}

func (f *search) addMoreWorkers(start *begun, n int) {
	f.add(start, &protos.Change{Kind: &protos.Change_MoreWorkers{
		MoreWorkers: &protos.MoreWorkersChange{Count: int64(n), Labels: f.s.labelsOf(f.r.lane.demand)},
	}})
}

// labelsOf returns all labels of a demand, sorted.
func (s *Scheduler) labelsOf(demand *demand) []string {
	return sortedSet(append(s.labels.names(demand.base), s.labels.names(demand.prov)...))
}
