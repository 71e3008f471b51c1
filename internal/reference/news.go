package reference

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// old says why news is to be ignored.
type old struct {
	reason protos.TaskEvent_Ignored_Reason
	known  time.Time
}

const (
	requestNewer = protos.TaskEvent_Ignored_REASON_REQUEST_NEWER
	workerNewer  = protos.TaskEvent_Ignored_REASON_WORKER_NEWER
	runWins      = protos.TaskEvent_Ignored_REASON_RUN_WINS
)

// olderThanRequest says why news of t is old, if something newer is known of r. An r of nil is
// unknown.
func olderThanRequest(t time.Time, r *request) *old {
	if r != nil && t.Before(r.confirmed) {
		return &old{requestNewer, r.confirmed}
	}
	return nil
}

// olderThanWorker says why news of t is old, if something newer is known of w. A w of nil is
// unknown.
func olderThanWorker(t time.Time, w *worker) *old {
	if w != nil && t.Before(w.confirmed) {
		return &old{workerNewer, w.confirmed}
	}
	return nil
}

// firstOf returns the first reason that there is.
func firstOf(reasons ...*old) *old {
	for _, o := range reasons {
		if o != nil {
			return o
		}
	}
	return nil
}

// ignore emits the event of old news. The happening says of what the news was.
func (s *Scheduler) ignore(e scheduler.EventSink, o *old, h happening) {
	h.kind = protos.TaskEvent_TYPE_IGNORED
	h.ignored = &protos.TaskEvent_Ignored{Reason: o.reason, KnownTime: timestamppb.New(o.known)}
	if h.request != nil {
		if _, w := s.find(h.request.id); w != nil {
			cost := s.costNow(w.run)
			h.cost = &cost
		}
	}
	s.emit(e, h)
}

// leave takes the run off a worker whose task is over, and returns what its event says.
func (s *Scheduler) leave(w *worker, t time.Time,
	reason protos.TaskEvent_Completed_Reason) happening {
	cost := s.costNow(w.run)
	r := s.endByNews(w, t)
	return happening{kind: protos.TaskEvent_TYPE_COMPLETED, time: t, request: r.request, worker: w,
		cost: &cost, completed: &protos.TaskEvent_Completed{Reason: reason}}
}

// requeue takes the run off a worker and makes its request wait again, confirmed at t, and returns
// what its event says.
func (s *Scheduler) requeue(w *worker, t time.Time) happening {
	cost := s.costNow(w.run)
	r := s.endByNews(w, t)
	s.waitAgain(r)
	r.request.confirmed = t
	return happening{kind: protos.TaskEvent_TYPE_REQUEUED, time: t, request: r.request, worker: w,
		cost: &cost}
}

// Unassign takes a request off a worker, at any stage: it waits again, and the worker is forgotten
// until its next pull. What it has paid by itself is given back unless it is known to run.
func (s *Scheduler) Unassign(r scheduler.RequestID, w scheduler.WorkerID, t time.Time,
	e scheduler.EventSink) error {
	if err := checkTime("unassign", t); err != nil {
		return err
	}
	if err := s.checkAssigned(r, w); err != nil {
		return err
	}
	wk := s.workers[w]
	cost := s.costNow(wk.run)
	ended := s.takeOff(wk)
	if ended.stage != scheduler.Running {
		s.giveBack(ended)
	}
	s.waitAgain(ended)
	delete(s.workers, w)
	s.emit(e, happening{kind: protos.TaskEvent_TYPE_UNASSIGNED, decision: true, time: t,
		request: ended.request, worker: wk, cost: &cost})
	return nil
}

// comeTo notes that a run is handed out or running, and since when it is not held any more.
func (s *Scheduler) comeTo(r *run, stage scheduler.Stage) {
	if r.stage == scheduler.Held {
		r.handedOut = s.accountingNow()
	}
	r.stage = stage
}

// MarkHandedOut says that a worker was given its task. It may have started from now on.
func (s *Scheduler) MarkHandedOut(r scheduler.RequestID, w scheduler.WorkerID) error {
	if err := s.checkAssigned(r, w); err != nil {
		return err
	}
	if run := s.workers[w].run; run.stage == scheduler.Held {
		s.comeTo(run, scheduler.HandedOut)
	}
	return nil
}

// Block keeps a request from being placed. Where it is already, it stays.
func (s *Scheduler) Block(r scheduler.RequestID) error { return s.setBlocked(r, true) }

// Unblock ends a Block.
func (s *Scheduler) Unblock(r scheduler.RequestID) error { return s.setBlocked(r, false) }

func (s *Scheduler) setBlocked(id scheduler.RequestID, blocked bool) error {
	if err := checkID("request", string(id)); err != nil {
		return err
	}
	r, _ := s.find(id)
	if r == nil {
		return fmt.Errorf("%w: %q", scheduler.ErrUnknownRequest, id)
	}
	r.blocked = blocked
	return nil
}

// checkAssigned returns an error unless r is on w.
func (s *Scheduler) checkAssigned(r scheduler.RequestID, w scheduler.WorkerID) error {
	if err := checkID("request", string(r)); err != nil {
		return err
	}
	if err := checkID("worker", string(w)); err != nil {
		return err
	}
	if !s.IsAssigned(r, w) {
		return fmt.Errorf("%w: %q, %q", scheduler.ErrNotAssigned, r, w)
	}
	return nil
}
