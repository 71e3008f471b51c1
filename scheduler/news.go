package scheduler

import (
	"fmt"
	"time"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos"
)

// News is what a dispatcher says was true at a time. News older than what is known of anything
// that it speaks of is ignored, with an event that says why; equal counts as new. What follows is
// common to all news; each kind of news has a file of its own.

// An older says why news is old.
type older struct {
	reason protos.TaskEvent_Ignored_Reason
	known  instant // the newer time that is known
}

const (
	requestNewer = protos.TaskEvent_Ignored_REASON_REQUEST_NEWER
	workerNewer  = protos.TaskEvent_Ignored_REASON_WORKER_NEWER
	runWins      = protos.TaskEvent_Ignored_REASON_RUN_WINS
)

// checkRequestNews returns why news of the request, which may be nil, is old at time t, or nil.
func checkRequestNews(r *request, t instant) *older {
	if r == nil {
		return nil
	}
	if t.Before(r.confirmed) {
		return &older{requestNewer, r.confirmed}
	}
	return checkWorkerNews(r.worker, t)
}

// checkWorkerNews returns why news of the worker, which may be nil, is old, or nil.
func checkWorkerNews(w *worker, t instant) *older {
	if w != nil && t.Before(w.confirmed) {
		return &older{workerNewer, w.confirmed}
	}
	return nil
}

// ignore tells the sink, if there is one, that news was ignored.
func (s *Scheduler) ignore(sink EventSink, r *request, named newsOf, o *older, t instant) {
	if sink != nil {
		sink.AddEvent(s.ignoredEvent(r, named, o, t))
	}
}

// A newsOf has the ids that news names.
type newsOf struct {
	request RequestID
	worker  WorkerID
}

// Unassign takes back the assignment of a request to a worker: the request waits again with its old
// enqueue time, and the worker is forgotten until its next pull. Unless the task was reported
// running, its account gets back what it has paid for its time. The time t is that of the event; it
// is not news. It costs O(log n).
//
// The errors are ErrInvalid for empty ids and times out of range, and ErrNotAssigned.
func (s *Scheduler) Unassign(id RequestID, worker WorkerID, at time.Time, e EventSink) error {
	s.checkMade()
	defer s.changed()
	if err := checkNews(id, worker, at); err != nil {
		return err
	}
	run, err := s.runOn(id, worker)
	if err != nil {
		return err
	}
	sink, w := s.sinkFor(e), run.worker
	was := s.placeOf(sink, run)
	if run.stage != Running {
		s.refund(run.account(), run)
	}
	s.takeBack(run)
	s.forget(w)
	if sink != nil {
		sink.AddEvent(s.placeEvent(unassigned, fromScheduler, instantOf(at), s.requests[id], &was))
	}
	return nil
}

// MarkHandedOut notes that the worker was given the request at a pull, so it may have started: from
// now on a preemption loses work. A task that was handed out already, or runs, stays as it is. The
// errors are ErrInvalid and ErrNotAssigned.
func (s *Scheduler) MarkHandedOut(id RequestID, worker WorkerID) error {
	s.checkMade()
	defer s.changed()
	run, err := s.runOn(id, worker)
	if err != nil {
		return err
	}
	if run.stage == Held {
		s.advanceTo(run, HandedOut)
	}
	return nil
}

// Block keeps a request from being placed until Unblock. A run that it has goes on. The errors are
// ErrInvalid and ErrUnknownRequest.
func (s *Scheduler) Block(id RequestID) error { return s.setBlocked(id, true) }

// Unblock ends what Block did.
func (s *Scheduler) Unblock(id RequestID) error { return s.setBlocked(id, false) }

func (s *Scheduler) setBlocked(id RequestID, blocked bool) error {
	s.checkMade()
	defer s.changed()
	if err := checkID("request id", string(id)); err != nil {
		return err
	}
	r := s.requests[id]
	if r == nil {
		return fmt.Errorf("%w: %s", ErrUnknownRequest, check.Quote(id))
	}
	if r.blocked() == blocked {
		return nil
	}
	if r.worker != nil {
		r.setBlocked(blocked)
		return nil
	}
	s.unwait(r)
	r.setBlocked(blocked)
	s.wait(r)
	return nil
}

// completes ends a run by news that its task is over, and its request leaves.
func (s *Scheduler) completes(r *run, t instant, sink EventSink,
	reason protos.TaskEvent_Completed_Reason) {
	was, req := s.placeOf(sink, r), r.req
	s.endByNews(r, t)
	s.delist(r)
	if sink != nil {
		sink.AddEvent(s.completedEvent(req, &was, t, reason))
	}
	s.leave(req)
}

// requeues ends a run by news, and its request waits again.
func (s *Scheduler) requeues(r *run, t instant, sink EventSink) {
	was, req := s.placeOf(sink, r), r.req
	s.endByNews(r, t)
	s.takeBack(r)
	req.confirmed = t
	if sink != nil {
		sink.AddEvent(s.placeEvent(requeued, fromDispatcher, t, req, &was))
	}
}

// runOn returns the run of a request on a worker.
func (s *Scheduler) runOn(id RequestID, worker WorkerID) (*run, error) {
	if err := checkIDs(id, worker); err != nil {
		return nil, err
	}
	run := s.runOf(id, worker)
	if run == nil {
		return nil, fmt.Errorf("%w: request %s, worker %s", ErrNotAssigned, check.Quote(id),
			check.Quote(worker))
	}
	return run, nil
}
