package scheduler

import (
	"cmp"
	"slices"
)

// watchIdle watches a worker that became idle.
func (s *Scheduler) watchIdle(w *worker) {
	if w.watched {
		return
	}
	w.watched = true
	s.watches.push(&s.watches.became, watch{w.confirmed, w})
	if s.watches.len() > 64 && s.watches.len() > 2*len(s.workers) { // mostly of workers that went
		s.watches.dropForgotten()
	}
}

// expireWorkers forgets the idle workers not heard of for too long, with events in order of id.
func (s *Scheduler) expireWorkers(sink EventSink) {
	var gone []*worker
	for {
		due, ok := s.watches.first()
		if !ok || s.now.since(due.since) <= s.workerExpiration {
			break
		}
		s.watches.drop(due)
		w := due.worker
		w.watched = false
		if w.forgotten || w.run != nil {
			continue
		}
		if s.now.since(w.confirmed) <= s.workerExpiration {
			w.watched = true
			s.watches.push(&s.watches.still, watch{w.confirmed, w})
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
