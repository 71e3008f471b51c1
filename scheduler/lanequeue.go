package scheduler

// A laneQueue gives the lanes that take part in a step, in the order of their heads. Of the lanes
// with the same need only the first one is in the queue, and the others stand behind it: once no
// worker is left that the need can run on, none of them has to come to the front.
type laneQueue struct {
	fronts heap[laneHead]
	behind []*need // those with lanes behind the first one
	fills  uint64  // how often it was filled
}

// reset empties the queue and keeps its memory.
func (q *laneQueue) reset() {
	q.fronts.reset()
	for _, n := range q.behind {
		n.behind.reset()
	}
	clear(q.behind)
	q.behind = q.behind[:0]
}

// add puts a lane, which is not empty, into a queue that was reset, to be filled.
func (q *laneQueue) add(l *lane) { q.fronts.items = append(q.fronts.items, headOf(l)) }

// fill puts the lanes that were added in order.
func (q *laneQueue) fill() {
	q.fills++
	fronts := q.fronts.items[:0]
	for _, h := range q.fronts.items {
		n := h.lane.need
		if n.queued != q.fills {
			n.queued, n.front = q.fills, len(fronts)
			fronts = append(fronts, h)
			continue
		}
		if f := &fronts[n.front]; headBefore(h, *f) {
			h, *f = *f, h
		}
		if n.behind.len() == 0 {
			q.behind = append(q.behind, n)
		}
		n.behind.items = append(n.behind.items, h)
	}
	clear(q.fronts.items[len(fronts):])
	q.fronts.items = fronts
	q.fronts.init(headBefore)
	for _, n := range q.behind {
		n.behind.init(headBefore)
	}
}

func (q *laneQueue) len() int { return q.fronts.len() }

// first returns the lane whose head is the first one.
func (q *laneQueue) first() *lane { return q.fronts.top().lane }

// moved puts the first lane where it belongs after its head has changed.
func (q *laneQueue) moved() {
	l := q.first()
	h := headOf(l)
	if b := &l.need.behind; b.len() > 0 && headBefore(b.top(), h) {
		h, b.items[0] = b.items[0], h
		b.fixTop(headBefore)
	}
	q.fronts.items[0] = h
	q.fronts.fixTop(headBefore)
}

// done takes out the first lane.
func (q *laneQueue) done() {
	b := &q.first().need.behind
	if b.len() == 0 {
		q.fronts.pop(headBefore)
		return
	}
	q.fronts.items[0] = b.pop(headBefore)
	q.fronts.fixTop(headBefore)
}

// needDone takes out the first lane, and all with its need, after a call of f for each.
func (q *laneQueue) needDone(f func(*lane)) {
	l := q.first()
	f(l)
	b := &l.need.behind
	for _, h := range b.items {
		f(h.lane)
	}
	b.reset()
	q.fronts.pop(headBefore)
}
