package scheduler

import (
	"time"

	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/protos"
)

// MarkIdle is the news that a worker was idle, with these labels, at time t. An assignment that the
// worker had not been reported to run waits again; a task that it was reported to run is over.
// Old news, and news of the very time at which the worker was reported to run its task, is ignored.
// It costs O(labels) and O(log n).
//
// The error is ErrInvalid for an empty id, a time out of range, or text that is not UTF-8.
func (s *Scheduler) MarkIdle(id WorkerID, labels stringset.Set, t time.Time, e EventSink) error {
	return s.MarkIdleWith(id, labels.ToSlice(), t, e)
}

// MarkIdleWith is MarkIdle with the labels in any order, in which they may repeat. They are copied.
func (s *Scheduler) MarkIdleWith(id WorkerID, names []string, t time.Time, e EventSink) error {
	s.checkMade()
	defer s.checkInvariants()
	w := s.workers[id]
	if w == nil { // else the id is one that was checked before
		if err := checkID("worker id", string(id)); err != nil {
			return err
		}
	}
	if err := checkTime("time", t); err != nil {
		return err
	}
	if err := checkTexts("label", names); err != nil {
		return err
	}
	sink, at := s.sinkFor(e), instantOf(t)
	if w == nil {
		w = s.addWorker(id, s.labels.intern(names))
		w.idleSince, w.confirmed = at, at
		s.addIdle(w)
		return nil
	}
	if o := checkIdleNews(w, at); o != nil {
		var r *request
		if w.run != nil {
			r = w.run.req
		}
		s.ignore(sink, r, newsOf{worker: id}, o, at)
		return nil
	}
	if w.run != nil {
		s.idleEnds(w.run, at, sink)
		s.setLabels(w, s.labels.internAs(w.class.set, names))
		w.idleSince, w.confirmed = at, at
		s.addIdle(w)
		return nil
	}
	w.confirmed = at
	set := s.labels.internAs(w.class.set, names)
	if set == w.class.set {
		s.labels.release(set)
		return nil
	}
	s.removeIdle(w)
	w.idleSince = at
	s.setLabels(w, set)
	s.addIdle(w)
	return nil
}

// checkIdleNews returns why the news that a worker was idle is old, or nil.
func checkIdleNews(w *worker, t instant) *older {
	if o := checkWorkerNews(w, t); o != nil || w.run == nil {
		return o
	}
	r := w.run
	if t.Before(r.req.confirmed) {
		return &older{requestNewer, r.req.confirmed}
	}
	if r.stage == Running && t == r.req.confirmed {
		return &older{runWins, t}
	}
	return nil
}

// idleEnds ends the run of a worker that was reported idle.
func (s *Scheduler) idleEnds(r *run, t instant, sink EventSink) {
	if r.stage == Running {
		s.completes(r, t, sink, protos.TaskEvent_Completed_REASON_WORKER_IDLE)
		return
	}
	s.requeues(r, t, sink)
}
