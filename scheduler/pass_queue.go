package scheduler

import "github.com/quotasched/quotasched/internal/minheap"

// A laneQueue gives the lanes that take part in a step, in the order of their heads. Of the lanes
// with the same demand only the first one is in the queue, and the others stand behind it: once no
// worker is left that the demand can run on, none of them has to come to the front.
type laneQueue struct {
	added  []laneHead
	fronts minheap.Heap[laneHead]
	behind []*demand // those with lanes behind the first one
	fills  uint64    // how often it was filled
}

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
func (q *laneQueue) add(l *lane) { q.added = append(q.added, headOf(l)) }

// fill puts the lanes that were added in order.
func (q *laneQueue) fill() {
	q.fills++
	for _, h := range q.added {
		demand := h.lane.demand
		if demand.queued != q.fills {
			demand.queued, demand.front = q.fills, q.fronts.Len()
			q.fronts.Append(h)
			continue
		}
		if f := &q.fronts.Items()[demand.front]; h.Before(*f) {
			h, *f = *f, h
		}
		if demand.behind.Len() == 0 {
			q.behind = append(q.behind, demand)
		}
		demand.behind.Append(h)
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
func (q *laneQueue) first() *lane { return q.fronts.Top().lane }

// moved puts the first lane where it belongs after its head has changed.
func (q *laneQueue) moved() {
	l := q.first()
	h := headOf(l)
	if b := &l.demand.behind; b.Len() > 0 && b.Top().Before(h) {
		h = b.ReplaceTop(h)
	}
	q.fronts.ReplaceTop(h)
}

// done takes out the first lane.
func (q *laneQueue) done() {
	b := &q.first().demand.behind
	if b.Len() == 0 {
		q.fronts.Pop()
		return
	}
	q.fronts.ReplaceTop(b.Pop())
}

// demandDone takes out the first lane, and all with its demand, after a call of f for each.
func (q *laneQueue) demandDone(f func(*lane)) {
	l := q.first()
	f(l)
	b := &l.demand.behind
	for _, h := range b.Items() {
		f(h.lane)
	}
	b.Reset()
	q.fronts.Pop()
}
