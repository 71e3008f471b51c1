package reference

import (
	"time"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// NotifyWorkerGone says that at t a worker was gone: what is known to run there is over, and the
// request of any other run waits again. The worker is forgotten.
func (s *Scheduler) NotifyWorkerGone(id scheduler.WorkerID, t time.Time,
	e scheduler.EventSink) error {
	if err := checkID("worker", string(id)); err != nil {
		return err
	}
	if err := checkTime("gone", t); err != nil {
		return err
	}
	t = t.UTC()
	w := s.workers[id]
	if w == nil {
		return nil
	}
	var on *request
	if w.run != nil {
		on = w.run.request
	}
	if o := firstOf(olderThanWorker(t, w), olderThanRequest(t, on)); o != nil {
		s.ignore(e, o, happening{time: t, request: on, worker: w})
		return nil
	}
	if w.run != nil {
		var h happening
		if w.run.stage == scheduler.Running {
			h = s.leave(w, t, protos.TaskEvent_Completed_REASON_WORKER_GONE)
		} else {
			h = s.requeue(w, t)
		}
		s.emit(e, h)
	}
	delete(s.workers, id)
	return nil
}
