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

// watchIdle watches a worker that became idle.
func (s *Scheduler) watchIdle(w *worker) {
	if w.watched {
		return
	}
	w.watched = true
	s.watches.push(watch{w.confirmed, w}, watchBefore)
	if s.watches.len() > 64 && s.watches.len() > 2*len(s.workers) { // mostly of workers that went
		s.watches.items = slices.DeleteFunc(s.watches.items, func(v watch) bool {
			return v.worker.forgotten
		})
		s.watches.init(watchBefore)
	}
}

// expireWorkers forgets the idle workers not heard of for too long, with events in order of id.
func (s *Scheduler) expireWorkers(sink EventSink) {
	var gone []*worker
	for s.watches.len() > 0 {
		due := s.watches.top()
		if s.now.since(due.since) <= s.workerExpiration {
			break
		}
		s.watches.pop(watchBefore)
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
