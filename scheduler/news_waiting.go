package scheduler

import (
	"slices"
	"time"
)

// AddRequest is the news that a request waited at time t, with these tags. If the request is known
// to wait, its content is replaced. If it was assigned, and not reported running, the assignment
// stands, and the content is kept for when it waits again. If it was reported running, it waits
// again. Of what it has lost to preemption by the news and what is known, the greater counts. Old
// news is ignored. The request is copied. It costs O(labels) and O(log n).
//
// The error is ErrInvalid for a nil request, an empty id, a time out of range, or text that is not
// UTF-8.
func (s *Scheduler) AddRequest(r *TaskRequest, t time.Time, tags []string, e EventSink) error {
	s.checkMade()
	defer s.changed()
	if err := s.checkRequest(r, tags); err != nil {
		return err
	}
	if err := checkTime("time", t); err != nil {
		return err
	}
	sink, at, req := s.sinkFor(e), instantOf(t), s.requests[r.ID]
	if o := checkRequestNews(req, at); o != nil {
		s.ignore(sink, req, newsOf{request: r.ID}, o, at)
		return nil
	}
	lost := r.LostWork.Milliseconds()
	switch {
	case req == nil:
	case req.worker == nil:
		req.setLost(max(req.lost(), lost))
	case lost > req.lost():
		s.refileQuietly(req.worker.run, func() { req.setLost(lost) })
	}
	switch {
	case req == nil:
		req = &request{id: r.ID, confirmed: at, enqueued: instantOf(r.EnqueueTime)}
		req.setExtra(more{tags: copyTags(tags), lost: lost})
		s.requests[r.ID] = req
		req.lane = s.laneFor(s.account(r.Account), s.labels.internFound(&s.base),
			s.labels.internFound(&s.prov))
		s.wait(req)
		if sink != nil {
			sink.AddEvent(s.enqueuedEvent(req, at))
		}
	case req.worker == nil:
		s.updateWaiting(req, contentOf(r, tags), at, sink)
	case req.worker.run.stage != Running:
		req.confirmed = at
		req.worker.run.next = nil
		if c := contentOf(r, tags); !s.hasContent(req, c) {
			req.worker.run.next = c
		}
	default:
		w, run := req.worker, req.worker.run
		run.next = contentOf(r, tags)
		s.requeues(run, at, sink)
		s.forget(w)
	}
	return nil
}

// updateWaiting replaces the content of a request that waits.
func (s *Scheduler) updateWaiting(r *request, c *content, t instant, sink EventSink) {
	r.confirmed = t
	if s.hasContent(r, c) {
		return
	}
	s.unwait(r)
	s.setContent(r, c)
	s.wait(r)
	if sink != nil {
		sink.AddEvent(&s.newEvent(updated, fromDispatcher, t, r).event)
	}
}

// checkRequest returns an error unless a request and its tags are valid. Else its labels have been
// looked up.
func (s *Scheduler) checkRequest(r *TaskRequest, tags []string) error {
	if err := r.checkID(); err != nil {
		return err
	}
	err := r.checkAllButLabels()
	if err == nil {
		err = checkTexts("tag", tags)
	}
	if err == nil {
		err = s.labels.lookUp(&s.base, "base label", r.BaseLabels)
	}
	if err == nil {
		err = s.labels.lookUp(&s.prov, "provisionable label", r.ProvisionableLabels)
	}
	return r.named(err)
}

// contentOf returns the content of a request, which shares nothing with it.
func contentOf(r *TaskRequest, tags []string) *content {
	return &content{
		account:  r.Account,
		base:     sortedSet(r.BaseLabels),
		prov:     sortedSet(r.ProvisionableLabels),
		enqueued: instantOf(r.EnqueueTime),
		tags:     copyTags(tags),
	}
}

// sortedSet returns a sorted copy without repetition.
func sortedSet(names []string) []string {
	if len(names) == 0 {
		return nil
	}
	set := slices.Clone(names)
	slices.Sort(set)
	return slices.Compact(set)
}

// copyTags returns a copy, nil if there are none.
func copyTags(tags []string) []string {
	if len(tags) == 0 {
		return nil
	}
	return slices.Clone(tags)
}
