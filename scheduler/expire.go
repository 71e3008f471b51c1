package scheduler

import (
	"cmp"
	"slices"
)

// watchIdle watches a worker that became idle. Every idle worker is watched once: being heard of
// again, or given a task, costs nothing until it is due.
func (s *Scheduler) watchIdle(w *worker) {
	if w.watched {
		return
	}
	w.watched = true
	s.watches.Push(w.confirmed, w)
	s.watches.Compact(len(s.workers), func(w *worker) bool { return w.forgotten })
}

// expireWorkers forgets the idle workers not heard of for too long, with events in order of id.
func (s *Scheduler) expireWorkers(sink EventSink) {
	tooLong := func(since instant) bool { return s.now.since(since) > s.workerExpiration }
	var gone []*worker
	for {
		w, ok := s.watches.PopDue(tooLong)
		if !ok {
			break
		}
		w.watched = false
		switch {
		case w.forgotten || w.run != nil:
		case tooLong(w.confirmed):
			s.removeIdle(w)
			gone = append(gone, w)
		default:
			s.watchIdle(w)
		}
	}
	slices.SortFunc(gone, func(a, b *worker) int { return cmp.Compare(a.id, b.id) })
	for _, w := range gone {
		s.disturb()
		if sink != nil {
			sink.AddEvent(s.workerExpiredEvent(w))
		}
		s.forget(w)
	}
}

// expireRequests removes the requests that have waited for too long, in order.
func (s *Scheduler) expireRequests(sink EventSink) {
	for s.byEnqueued.Len() > 0 {
		r := s.byEnqueued.First()
		if s.now.since(r.enqueued) <= s.config.RequestExpiration {
			return
		}
		s.disturb()
		s.unwait(r)
		if sink != nil {
			sink.AddEvent(s.expiredEvent(r))
		}
		s.leave(r)
		s.expired[r.id] = r.enqueued
	}
}
