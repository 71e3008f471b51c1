package scheduler

import (
	"cmp"
	"slices"
)

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

// A watchList gives watches in order of since. As time goes on they are made in that order, and
// then wait in a queue; those that come late are in a heap.
type watchList struct {
	queue []watch
	late  heap[watch]
}

func (l *watchList) len() int { return len(l.queue) + l.late.len() }

func (l *watchList) push(w watch) {
	if n := len(l.queue); n > 0 && watchBefore(w, l.queue[n-1]) {
		l.late.push(w, watchBefore)
		return
	}
	l.queue = append(l.queue, w)
}

// lateFirst reports whether the first watch is the heap's.
func (l *watchList) lateFirst() bool {
	return len(l.queue) == 0 || l.late.len() > 0 && watchBefore(l.late.top(), l.queue[0])
}

// first returns the first watch; the list must not be empty.
func (l *watchList) first() watch {
	if l.lateFirst() {
		return l.late.top()
	}
	return l.queue[0]
}

// popFirst takes out the first watch; the list must not be empty.
func (l *watchList) popFirst() {
	if l.lateFirst() {
		l.late.pop(watchBefore)
		return
	}
	l.queue[0] = watch{}
	l.queue = l.queue[1:]
}

// dropForgotten takes out the watches of workers that are not known any more.
func (l *watchList) dropForgotten() {
	forgotten := func(w watch) bool { return w.worker.forgotten }
	l.queue = slices.DeleteFunc(l.queue, forgotten)
	l.late.items = slices.DeleteFunc(l.late.items, forgotten)
	l.late.init(watchBefore)
}

// watchIdle watches a worker that became idle.
func (s *Scheduler) watchIdle(w *worker) {
	if w.watched {
		return
	}
	w.watched = true
	s.watches.push(watch{w.confirmed, w})
	if s.watches.len() > 64 && s.watches.len() > 2*len(s.workers) { // mostly of workers that went
		s.watches.dropForgotten()
	}
}

// expireWorkers forgets the idle workers not heard of for too long, with events in order of id.
func (s *Scheduler) expireWorkers(sink EventSink) {
	var gone []*worker
	for s.watches.len() > 0 {
		due := s.watches.first()
		if s.now.since(due.since) <= s.workerExpiration {
			break
		}
		s.watches.popFirst()
		w := due.worker
		w.watched = false
		if w.forgotten || w.run != nil {
			continue
		}
		if s.now.since(w.confirmed) <= s.workerExpiration {
			s.watchIdle(w)
			continue
		}
		s.idleNo(w)
		gone = append(gone, w)
	}
	slices.SortFunc(gone, func(a, b *worker) int { return cmp.Compare(a.id, b.id) })
	for _, w := range gone {
		if sink != nil {
			sink.AddEvent(s.workerExpiredEvent(w))
		}
		s.forget(w)
	}
}

// expireRequests removes the requests that have waited for too long, in order.
func (s *Scheduler) expireRequests(sink EventSink) {
	for s.byEnqueued.len() > 0 {
		r := s.byEnqueued.first()
		if s.now.since(r.enqueued) <= s.config.RequestExpiration {
			return
		}
		s.unwait(r)
		if sink != nil {
			sink.AddEvent(s.expiredEvent(r))
		}
		s.leave(r)
		s.expired[r.id] = true
	}
}
