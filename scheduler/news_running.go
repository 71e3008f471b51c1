package scheduler

import (
	"time"

	"github.com/quotasched/quotasched/protos"
)

// NotifyTaskRunning is the news that a request ran on a worker at time t. It acknowledges an
// assignment. A request that waits, or was believed to be elsewhere, is adopted where it runs; what
// the worker was believed to run is over if it was reported running there, and waits again if not.
// If the request is unknown, the worker runs something foreign, and is forgotten until its next
// pull. Old news is ignored. It costs O(log n).
//
// The error is ErrInvalid for empty ids, a time out of range, or text that is not UTF-8.
func (s *Scheduler) NotifyTaskRunning(id RequestID, worker WorkerID, t time.Time,
	e EventSink) error {
	return s.NotifyTaskSaved(id, worker, time.Time{}, t, e)
}

// NotifyTaskSaved is NotifyTaskRunning, and says up to when the task's work is saved; the zero time
// says nothing about that. It counts as if within the task's hand-out and the last update, and
// never goes back. What is saved is paid for: the task has cost what it has paid since, at its
// level alone, so a preemption gives back, and costs, only what is lost.
//
// The error is ErrInvalid, also for a saved time that is out of range and not zero.
func (s *Scheduler) NotifyTaskSaved(id RequestID, worker WorkerID, saved, t time.Time,
	e EventSink) error {
	s.checkMade()
	defer s.changed()
	if !saved.IsZero() {
		if err := checkTime("saved time", saved); err != nil {
			return err
		}
	}
	if err := checkNews(id, worker, t); err != nil {
		return err
	}
	sink, at := s.sinkFor(e), instantOf(t)
	w := s.workers[worker]
	r := s.requestNear(id, w)
	if o := checkRunningNews(r, w, at); o != nil {
		s.ignore(sink, r, newsOf{id, worker}, o, at)
		return nil
	}
	if r != nil && w != nil && r.worker == w {
		r.confirmed, w.confirmed = at, at
		s.advanceTo(w.run, Running)
		if !saved.IsZero() {
			s.save(w.run, saved)
		}
		return nil
	}
	if w != nil {
		s.vacate(w, id, at, sink)
	}
	switch {
	case r == nil && w != nil:
		s.forget(w)
	case r != nil:
		if w == nil {
			w = s.addWorker(worker, s.labels.intern(nil))
		}
		s.adopt(r, w, at, sink)
		if !saved.IsZero() {
			s.save(w.run, saved)
		}
	}
	return nil
}

// requestNear returns the request of that name, or nil: in the usual case the one on the worker,
// which may be nil.
func (s *Scheduler) requestNear(id RequestID, w *worker) *request {
	if w != nil && w.run != nil && w.run.req.id == id {
		return w.run.req
	}
	return s.requests[id]
}

// checkRunningNews returns why the news that r runs on w is old, or nil. Either may be nil.
func checkRunningNews(r *request, w *worker, t instant) *older {
	if o := checkRequestNews(r, t); o != nil {
		return o
	}
	if o := checkWorkerNews(w, t); o != nil {
		return o
	}
	if w != nil && w.run != nil && t.Before(w.run.req.confirmed) {
		return &older{requestNewer, w.run.req.confirmed}
	}
	return nil
}

// vacate makes room on a worker that runs another task than it was believed to.
func (s *Scheduler) vacate(w *worker, by RequestID, t instant, sink EventSink) {
	if w.run == nil {
		s.removeIdle(w)
		return
	}
	run, req := w.run, w.run.req
	if run.stage != Running {
		s.requeues(run, t, sink)
		return
	}
	was := s.placeOf(sink, run)
	s.endByNews(run, t)
	s.delist(run)
	if sink != nil {
		e := s.completedEvent(req, &was, t,
			protos.TaskEvent_Completed_REASON_INCONSISTENT_TASK_FOR_WORKER)
		e.GetCompleted().OtherRequestId = string(by)
		sink.AddEvent(e)
	}
	s.leave(req)
}

// adopt puts a request where it was reported to run, on a worker that is neither idle nor has a
// run. If it was believed to be on another worker, it comes with its cost, and that is forgotten.
func (s *Scheduler) adopt(r *request, w *worker, t instant, sink EventSink) {
	var run *run
	var from WorkerID
	if other := r.worker; other != nil {
		run, from = other.run, other.id
		s.delist(run)
		s.forget(other)
	} else {
		s.unwait(r)
		run = s.newAdopted(r)
	}
	run.worker = w
	s.comeTo(run, Running)
	r.confirmed, w.confirmed = t, t
	s.enlist(run)
	if sink != nil {
		sink.AddEvent(s.adoptedEvent(run, from, t))
	}
}

// newAdopted returns the run of a request that waited: at the best level where its account may
// start it, and free if it is over its fanout limit.
func (s *Scheduler) newAdopted(r *request) *run {
	level := FreeBucket
	if !r.lane.isFull() {
		level = r.lane.account.bestLevel(s.burstCover)
	}
	return &run{req: r, level: level, since: s.now.millis(), start: s.now, stage: Held}
}
