package reference

import (
	"time"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// NotifyTaskAbsent says that at t a request neither waited nor ran.
func (s *Scheduler) NotifyTaskAbsent(id scheduler.RequestID, t time.Time,
	e scheduler.EventSink) error {
	if err := checkID("request", string(id)); err != nil {
		return err
	}
	if err := checkTime("absent", t); err != nil {
		return err
	}
	t = t.UTC()
	r, w := s.find(id)
	if r == nil {
		return nil
	}
	if o := firstOf(olderThanRequest(t, r), olderThanWorker(t, w)); o != nil {
		s.ignore(e, o, happening{time: t, request: r, worker: w})
		return nil
	}
	if w == nil {
		delete(s.waiting, id)
		s.emit(e, happening{kind: protos.TaskEvent_TYPE_COMPLETED, time: t, request: r,
			completed: &protos.TaskEvent_Completed{
				Reason: protos.TaskEvent_Completed_REASON_WAITING_TASK_ABSENT}})
		return nil
	}
	h := s.leave(w, t, protos.TaskEvent_Completed_REASON_RUNNING_TASK_ABSENT)
	delete(s.workers, w.id)
	s.emit(e, h)
	return nil
}
