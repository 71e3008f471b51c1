package reference

import (
	"slices"
	"time"

	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// MarkIdle says that at t a worker was idle, with these labels.
func (s *Scheduler) MarkIdle(id scheduler.WorkerID, labels stringset.Set, t time.Time,
	e scheduler.EventSink) error {
	if err := checkID("worker", string(id)); err != nil {
		return err
	}
	if err := checkTexts("label", labels.ToSlice()...); err != nil {
		return err
	}
	if err := checkTime("idle", t); err != nil {
		return err
	}
	w := s.workers[id]
	if w == nil {
		s.workers[id] = &worker{id: id, labels: labelSet(labels.ToSlice()), confirmed: t.UTC(),
			idleSince: t.UTC()}
		return nil
	}
	if o := idleIsOld(w, t); o != nil {
		h := happening{time: t, worker: w}
		if w.run != nil {
			h.request = w.run.request
		}
		s.ignore(e, o, h)
		return nil
	}
	s.becomeIdle(w, labelSet(labels.ToSlice()), t.UTC(), e)
	return nil
}

// idleIsOld says why the news that w was idle at t is old; nil if it is new. At one and the same
// time, a run wins over an idle worker.
func idleIsOld(w *worker, t time.Time) *old {
	if o := olderThanWorker(t, w); o != nil || w.run == nil {
		return o
	}
	r := w.run.request
	if o := olderThanRequest(t, r); o != nil {
		return o
	}
	if w.run.stage == scheduler.Running && t.Equal(r.confirmed) {
		return &old{runWins, r.confirmed}
	}
	return nil
}

// becomeIdle makes a known worker idle, which ends its run if it has one: a task that was known to
// run is over, and the request of any other waits again.
func (s *Scheduler) becomeIdle(w *worker, labels []string, t time.Time, e scheduler.EventSink) {
	if w.run == nil {
		if !slices.Equal(w.labels, labels) {
			w.idleSince = t
		}
	} else {
		var h happening
		if w.run.stage == scheduler.Running {
			h = s.leave(w, t, protos.TaskEvent_Completed_REASON_WORKER_IDLE)
		} else {
			h = s.requeue(w, t)
		}
		s.emit(e, h)
		w.idleSince = t
	}
	w.labels = labels
	w.confirmed = t
}
