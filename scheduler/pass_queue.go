package scheduler

import "github.com/quotasched/quotasched/internal/minheap"

// A laneQueue gives the lanes that take part in a step, in the order of their heads. Of the lanes
// with the same demand only the first one is in the queue, and the others stand behind it: once no
// worker is left that the demand can run on, none of them has to come to the front.
type laneQueue struct {
	added  []queuedLane
	fronts minheap.Heap[queuedLane]
	behind []*demandPass // those with lanes behind the first one
	fills  uint64        // how often it was filled
}

// A queuedLane is a lane in the queue, with what the pass knows of its demand.
type queuedLane struct {
	laneHead
	demand *demandPass
}

// Before orders lanes by their heads.
func (l queuedLane) Before(m queuedLane) bool { return l.laneHead.Before(m.laneHead) }

// reset empties the queue and keeps its memory.
func (q *laneQueue) reset() {
	q.fronts.Reset()
	for _, demand := range q.behind {
		demand.behind.Reset()
	}
	clear(q.behind)
	q.behind = q.behind[:0]
}

// add puts a lane, which is not empty, into a queue that was reset, to be filled.
func (q *laneQueue) add(l queuedLane) { q.added = append(q.added, l) }

// fill puts the lanes that were added in order.
func (q *laneQueue) fill() {
	q.fills++
	for _, l := range q.added {
		demand := l.demand
		if demand.queued != q.fills {
			demand.queued, demand.front = q.fills, q.fronts.Len()
			q.fronts.Append(l)
			continue
		}
		if f := &q.fronts.Items()[demand.front]; l.Before(*f) {
			l, *f = *f, l
		}
		if demand.behind.Len() == 0 {
			q.behind = append(q.behind, demand)
		}
		demand.behind.Append(l.laneHead)
	}
	clear(q.added)
	q.added = q.added[:0]
	q.fronts.Init()
	for _, demand := range q.behind {
		demand.behind.Init()
	}
}

func (q *laneQueue) len() int { return q.fronts.Len() }

// first returns the lane whose head is the first one.
func (q *laneQueue) first() queuedLane { return q.fronts.Top() }

// moved puts the first lane where it belongs after its head has changed.
func (q *laneQueue) moved() {
	first := q.first()
	first.laneHead = headOf(first.lane)
	if b := &first.demand.behind; b.Len() > 0 && b.Top().Before(first.laneHead) {
		first.laneHead = b.ReplaceTop(first.laneHead)
	}
	q.fronts.ReplaceTop(first)
}

// done takes out the first lane.
func (q *laneQueue) done() {
	first := q.first()
	if first.demand.behind.Len() == 0 {
		q.fronts.Pop()
		return
	}
	first.laneHead = first.demand.behind.Pop()
	q.fronts.ReplaceTop(first)
}

// demandDone takes out the first lane, and all with its demand.
func (q *laneQueue) demandDone() {
	q.first().demand.behind.Reset()
	q.fronts.Pop()
}
