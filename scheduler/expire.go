package scheduler

import (
	"cmp"
	"slices"
)

// expireWorkers forgets the idle workers not heard of for too long, with events in order of id.
func (s *Scheduler) expireWorkers(sink EventSink) {
	var gone []*worker
	for s.byConfirmed.len() > 0 {
		w := s.byConfirmed.first().worker
		if s.now.since(w.confirmed) <= s.workerExpiration {
			break
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
