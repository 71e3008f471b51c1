package scheduler

import "slices"

// A watch says when to look whether a worker has expired: not before it has not been heard of for
// WorkerExpiration since then.
//
// Every idle worker has one watch at most, made when it became idle. Being heard of again, or given
// a task, costs nothing: what has come of a worker is found out when its watch is due.
type watch struct {
	since  instant
	worker *worker
}

func watchBefore(a, b watch) bool { return a.since.before(b.since) }

// A watchList gives watches in order of since. As time goes on, nearly all are made in that order,
// for workers that became idle and, apart from those, for workers that are still idle when a watch
// of theirs is due. So each of the two waits in a queue, and only what comes too late in a heap.
type watchList struct {
	became, still fifo[watch]
	late          heap[watch]
}

func (l *watchList) len() int { return l.became.len() + l.still.len() + l.late.len() }

// push adds a watch to a queue of the list, or to the heap.
func (l *watchList) push(q *fifo[watch], w watch) {
	if q.len() > 0 && watchBefore(w, q.last()) {
		l.late.push(w, watchBefore)
		return
	}
	q.push(w)
}

// first returns the first watch; ok is false if there is none.
func (l *watchList) first() (w watch, ok bool) {
	for _, q := range [][]watch{l.became.all(), l.still.all(), l.late.items} {
		if len(q) > 0 && (!ok || watchBefore(q[0], w)) {
			w, ok = q[0], true
		}
	}
	return w, ok
}

// drop takes out the watch that is first.
func (l *watchList) drop(first watch) {
	for _, q := range []*fifo[watch]{&l.became, &l.still} {
		if q.len() > 0 && q.all()[0] == first {
			q.pop()
			return
		}
	}
	l.late.pop(watchBefore)
}

// dropForgotten takes out the watches of workers that are not known any more.
func (l *watchList) dropForgotten() {
	forgotten := func(w watch) bool { return w.worker.forgotten }
	l.became.remove(forgotten)
	l.still.remove(forgotten)
	l.late.items = slices.DeleteFunc(l.late.items, forgotten)
	l.late.init(watchBefore)
}
