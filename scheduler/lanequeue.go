package scheduler

import "github.com/quotasched/quotasched/internal/minheap"

// A laneQueue gives the lanes that take part in a step, in the order of their heads. Of the lanes
// with the same need only the first one is in the queue, and the others stand behind it: once no
// worker is left that the need can run on, none of them has to come to the front.
type laneQueue struct {
	added  []laneHead
	fronts minheap.Heap[laneHead]
	behind []*need // those with lanes behind the first one
	fills  uint64  // how often it was filled
}

// reset empties the queue and keeps its memory.
func (q *laneQueue) reset() {
	q.fronts.Reset()
	for _, n := range q.behind {
		n.behind.Reset()
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
		n := h.lane.need
		if n.queued != q.fills {
			n.queued, n.front = q.fills, q.fronts.Len()
			q.fronts.Append(h)
			continue
		}
		if f := &q.fronts.Items()[n.front]; h.Before(*f) {
			h, *f = *f, h
		}
		if n.behind.Len() == 0 {
			q.behind = append(q.behind, n)
		}
		n.behind.Append(h)
	}
	clear(q.added)
	q.added = q.added[:0]
	q.fronts.Init()
	for _, n := range q.behind {
		n.behind.Init()
	}
}

func (q *laneQueue) len() int { return q.fronts.Len() }

// first returns the lane whose head is the first one.
func (q *laneQueue) first() *lane { return q.fronts.Top().lane }

// moved puts the first lane where it belongs after its head has changed.
func (q *laneQueue) moved() {
	l := q.first()
	h := headOf(l)
	if b := &l.need.behind; b.Len() > 0 && b.Top().Before(h) {
		h = b.ReplaceTop(h)
	}
	q.fronts.ReplaceTop(h)
}

// done takes out the first lane.
func (q *laneQueue) done() {
	b := &q.first().need.behind
	if b.Len() == 0 {
		q.fronts.Pop()
		return
	}
	q.fronts.ReplaceTop(b.Pop())
}

// needDone takes out the first lane, and all with its need, after a call of f for each.
func (q *laneQueue) needDone(f func(*lane)) {
	l := q.first()
	f(l)
	b := &l.need.behind
	for _, h := range b.Items() {
		f(h.lane)
	}
	b.Reset()
	q.fronts.Pop()
}
