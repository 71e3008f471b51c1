package scheduler

import (
	"time"

	"github.com/quotasched/quotasched/protos"
)

// NotifyWorkerGone is the news that a worker was gone at time t: a task that it was reported to run
// is over, an assignment that it was not reported to run waits again, and the worker is forgotten.
// Old news, and news of an unknown worker, is ignored. It costs O(log n).
//
// The error is ErrInvalid for an empty id, a time out of range, or text that is not UTF-8.
func (s *Scheduler) NotifyWorkerGone(id WorkerID, t time.Time, e EventSink) error {
	s.checkMade()
	defer s.changed()
	if err := checkID("worker id", string(id)); err != nil {
		return err
	}
	if err := checkTime("time", t); err != nil {
		return err
	}
	sink, at, w := s.sinkFor(e), instantOf(t), s.workers[id]
	if w == nil {
		return nil
	}
	var r *request
	if w.run != nil {
		r = w.run.req
	}
	o := checkWorkerNews(w, at)
	if o == nil {
		o = checkRequestNews(r, at)
	}
	if o != nil {
		s.ignore(sink, r, newsOf{worker: id}, o, at)
		return nil
	}
	switch {
	case w.run == nil:
		s.removeIdle(w)
	case w.run.stage == Running:
		s.completes(w.run, at, sink, protos.TaskEvent_Completed_REASON_WORKER_GONE)
	default:
		s.requeues(w.run, at, sink)
	}
	s.forget(w)
	return nil
}
