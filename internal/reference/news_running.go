package reference

import (
	"time"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// NotifyTaskRunning says that at t a request ran on a worker.
func (s *Scheduler) NotifyTaskRunning(rid scheduler.RequestID, wid scheduler.WorkerID,
	t time.Time, e scheduler.EventSink) error {
	return s.NotifyTaskSaved(rid, wid, time.Time{}, t, e)
}

// NotifyTaskSaved says that at t a request ran on a worker, and that its work is saved up to a
// time; the zero time says nothing about that.
func (s *Scheduler) NotifyTaskSaved(rid scheduler.RequestID, wid scheduler.WorkerID,
	saved, t time.Time, e scheduler.EventSink) error {
	if !saved.IsZero() {
		if err := checkTime("saved", saved); err != nil {
			return err
		}
	}
	if err := checkID("request", string(rid)); err != nil {
		return err
	}
	if err := checkID("worker", string(wid)); err != nil {
		return err
	}
	if err := checkTime("running", t); err != nil {
		return err
	}
	t = t.UTC()
	r, former := s.find(rid)
	w := s.workers[wid]
	if o := runningIsOld(r, former, w, t); o != nil {
		h := happening{time: t, request: r, unknownID: rid, worker: w}
		if w == nil {
			h.worker = &worker{id: wid}
		}
		s.ignore(e, o, h)
		return nil
	}
	if w != nil && w.run != nil && w.run.request.id != rid {
		s.displace(w, rid, t, e)
	}
	switch {
	case r == nil:
		delete(s.workers, wid)
	case former != nil && former.id == wid:
		s.confirmRunning(w, t)
	default:
		s.adopt(r, former, wid, t, e)
	}
	if r != nil && !saved.IsZero() {
		s.save(s.workers[wid].run, saved)
	}
	return nil
}

// runningIsOld says why the news that r, believed on its former worker, ran on w at t is old.
func runningIsOld(r *request, former, w *worker, t time.Time) *old {
	o := firstOf(olderThanRequest(t, r), olderThanWorker(t, former), olderThanWorker(t, w))
	if o == nil && w != nil && w.run != nil && w.run.request != r {
		o = olderThanRequest(t, w.run.request)
	}
	return o
}

// displace ends the run of a worker that runs another request: a task that was known to run is
// over, and the request of any other waits again.
func (s *Scheduler) displace(w *worker, by scheduler.RequestID, t time.Time,
	e scheduler.EventSink) {
	var h happening
	if w.run.stage == scheduler.Running {
		h = s.leave(w, t, protos.TaskEvent_Completed_REASON_INCONSISTENT_TASK_FOR_WORKER)
		h.completed.OtherRequestId = string(by)
	} else {
		h = s.requeue(w, t)
	}
	s.emit(e, h)
}

// confirmRunning notes that what is on a worker runs there.
func (s *Scheduler) confirmRunning(w *worker, t time.Time) {
	w.confirmed = t
	w.run.request.confirmed = t
	s.comeTo(w.run, scheduler.Running)
}

// adopt puts a known request on the worker on which it was found running, which has no run: from
// waiting, or from its former worker, which is then forgotten.
func (s *Scheduler) adopt(r *request, former *worker, wid scheduler.WorkerID, t time.Time,
	e scheduler.EventSink) {
	w := s.workers[wid]
	if w == nil {
		w = &worker{id: wid}
		s.workers[wid] = w
	}
	details := &protos.TaskEvent_Adopted{}
	if former == nil {
		s.start(r, w, s.levelNow(r), scheduler.Balance{})
	} else {
		w.run = s.takeOff(former)
		delete(s.workers, former.id)
		details.OtherWorkerId = string(former.id)
	}
	s.confirmRunning(w, t)
	details.Priority = int32(w.run.level)
	cost := s.costNow(w.run)
	s.emit(e, happening{kind: protos.TaskEvent_TYPE_ADOPTED, time: t, request: r, worker: w,
		cost: &cost, adopted: details})
}
