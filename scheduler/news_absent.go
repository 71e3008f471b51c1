package scheduler

import (
	"time"

	"github.com/quotasched/quotasched/protos"
)

// NotifyTaskAbsent is the news that a request neither waited nor ran at time t: it leaves, and its
// worker, if it was on one, is forgotten until its next pull. Old news, and news of an unknown
// request, is ignored. It costs O(log n).
//
// The error is ErrInvalid for an empty id, a time out of range, or text that is not UTF-8.
func (s *Scheduler) NotifyTaskAbsent(id RequestID, t time.Time, e EventSink) error {
	s.checkMade()
	defer s.changed()
	if err := checkID("request id", string(id)); err != nil {
		return err
	}
	if err := checkTime("time", t); err != nil {
		return err
	}
	sink, at, r := s.sinkFor(e), instantOf(t), s.requests[id]
	if r == nil {
		return nil
	}
	if o := checkRequestNews(r, at); o != nil {
		s.ignore(sink, r, newsOf{request: id}, o, at)
		return nil
	}
	if r.worker == nil {
		s.unwait(r)
		if sink != nil {
			sink.AddEvent(s.completedEvent(r, &place{}, at,
				protos.TaskEvent_Completed_REASON_WAITING_TASK_ABSENT))
		}
		s.leave(r)
		return nil
	}
	w := r.worker
	s.completes(w.run, at, sink, protos.TaskEvent_Completed_REASON_RUNNING_TASK_ABSENT)
	s.forget(w)
	return nil
}
