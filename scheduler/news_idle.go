package scheduler

import (
	"fmt"
	"time"

	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos"
)

// MarkIdle is the news that a worker was idle, with these labels, at time t. An assignment that the
// worker had not been reported to run waits again; a task that it was reported to run is over.
// Old news, and news of the very time at which the worker was reported to run its task, is ignored.
// It costs O(labels) and O(log n).
//
// The error is ErrInvalid for an empty id, a time out of range, or text that is not UTF-8.
func (s *Scheduler) MarkIdle(id WorkerID, labels stringset.Set, t time.Time, e EventSink) error {
	s.checkMade()
	names := s.names[:0]
	for name := range labels { // the order is free: a set of labels has none
		names = append(names, name)
	}
	s.names = names
	defer clear(names) // they are the caller's
	return s.MarkIdleWith(id, names, t, e)
}

// MarkIdleWith is MarkIdle with the labels in any order, in which they may repeat. They are copied.
func (s *Scheduler) MarkIdleWith(id WorkerID, names []string, t time.Time, e EventSink) error {
	s.checkMade()
	defer s.changed()
	w := s.workers[id]
	if w == nil {
		return s.markNewIdle(id, names, t)
	}
	if err := checkTime("time", t); err != nil {
		return err
	}
	if err := checkTexts("label", names); err != nil {
		return err
	}
	s.markIdle(w, func() *labelSet { return s.labels.internAs(w.class.set, names) }, instantOf(t), e)
	return nil
}

// markNewIdle is MarkIdleWith for a worker that is not known.
func (s *Scheduler) markNewIdle(id WorkerID, names []string, t time.Time) error {
	if err := checkID("worker id", string(id)); err != nil {
		return err
	}
	if err := checkTime("time", t); err != nil {
		return err
	}
	if err := s.labels.lookUp(&s.base, "label", names); err != nil {
		return err
	}
	w, at := s.addWorker(id, s.labels.internFound(&s.base)), instantOf(t)
	w.idleSince, w.confirmed = at, at
	s.addIdle(w)
	return nil
}

// MarkIdleAgain is MarkIdle with the labels with which the worker is known, as most news has them:
// see HasLabels. It costs O(log n).
//
// The error is ErrInvalid for a worker that is not known, or a time out of range.
func (s *Scheduler) MarkIdleAgain(id WorkerID, t time.Time, e EventSink) error {
	s.checkMade()
	defer s.changed()
	w := s.workers[id]
	if w == nil {
		return fmt.Errorf("%w: worker %s is not known", ErrInvalid, check.Quote(id))
	}
	if err := checkTime("time", t); err != nil {
		return err
	}
	s.markIdle(w, func() *labelSet {
		w.class.set.refs++
		return w.class.set
	}, instantOf(t), e)
	return nil
}

// markIdle is MarkIdle for a worker that is known; labels returns its labels, with one more
// reference.
func (s *Scheduler) markIdle(w *worker, labels func() *labelSet, at instant, e EventSink) {
	sink := s.sinkFor(e)
	if o := checkIdleNews(w, at); o != nil {
		var r *request
		if w.run != nil {
			r = w.run.req
		}
		s.ignore(sink, r, newsOf{worker: w.id}, o, at)
		return
	}
	if w.run != nil {
		s.idleEnds(w.run, at, sink)
		s.setLabels(w, labels())
		w.idleSince, w.confirmed = at, at
		s.addIdle(w)
		return
	}
	w.confirmed = at
	set := labels()
	if set == w.class.set {
		s.labels.release(set)
		return
	}
	s.removeIdle(w)
	w.idleSince = at
	s.setLabels(w, set)
	s.addIdle(w)
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
