package reference

import (
	"slices"
	"time"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// AddRequest says that at t a request waited.
func (s *Scheduler) AddRequest(news *scheduler.TaskRequest, t time.Time, tags []string,
	e scheduler.EventSink) error {
	if err := checkRequest(news, tags); err != nil {
		return err
	}
	if err := checkTime("waiting", t); err != nil {
		return err
	}
	t = t.UTC()
	says := newContent(news, tags)
	r, w := s.find(news.ID)
	if o := firstOf(olderThanRequest(t, r), olderThanWorker(t, w)); o != nil {
		s.ignore(e, o, happening{time: t, request: r, worker: w})
		return nil
	}
	lost := news.LostWork.Milliseconds()
	if r != nil {
		r.lost = max(r.lost, lost)
	}
	switch {
	case r == nil:
		r = &request{id: news.ID, content: says, confirmed: t, lost: lost}
		s.waiting[r.id] = r
		s.emit(e, happening{kind: protos.TaskEvent_TYPE_ENQUEUED, time: t, request: r,
			enqueued: &protos.TaskEvent_Enqueued{Tags: slices.Clone(r.tags)}})
	case w == nil:
		s.update(r, says, t, e)
	case w.run.stage == scheduler.Running:
		w.run.next = &says
		h := s.requeue(w, t)
		delete(s.workers, w.id)
		s.emit(e, h)
	default:
		r.confirmed = t
		w.run.next = nil
		if !says.equal(&r.content) {
			w.run.next = &says
		}
	}
	return nil
}

// update replaces what is known of a request that waits.
func (s *Scheduler) update(r *request, says content, t time.Time, e scheduler.EventSink) {
	changed := !says.equal(&r.content)
	r.confirmed = t
	r.content = says
	if changed {
		s.emit(e, happening{kind: protos.TaskEvent_TYPE_UPDATED, time: t, request: r})
	}
}
