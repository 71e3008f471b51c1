package simulator

import (
	"fmt"
	"slices"

	"github.com/quotasched/quotasched/scheduler"
)

// This file has how the dispatcher stands between workers and a pool that may be wrong, because
// news to it was lost or late. What it knows of a request, it knows from workers: a worker claims a
// request before it runs it, and says when it has stopped.

// endedRequest is a request that is over, and how often the pool was told so again.
type endedRequest struct {
	id   scheduler.RequestID
	told int
}

// resyncsAfterEnd is how often the pool is told again that a request is over.
const resyncsAfterEnd = 3

// mayOffer says whether a worker that polled gets what the pool has for it. It does not if the
// request is over or another worker has claimed it, of which the pool is then told again, nor if
// the answer is lost: then the worker will poll again.
func (e *engine) mayOffer(w *worker, id scheduler.RequestID) bool {
	m := e.mishaps
	refused := false
	if r := e.requests.called(id); r == nil || r.claimed() {
		refused = true
		e.correct(id)
	} else if m.happens(m.pollLost, e.setup.Faults.PollLost, e.now) {
		refused = true
		m.counts.PollsLost++
	}
	if refused {
		w.state = workerIdle
		e.planPoll(w)
	}
	return !refused
}

// mayStart says whether a worker may run the request that it was given: it claims it, unless that
// is over or another worker was faster. Then it asks for another one.
func (e *engine) mayStart(w *worker) bool {
	r := w.request
	if !r.ended && !r.claimed() {
		e.tally.dequeue(r)
		return true
	}
	e.correct(r.id)
	e.drop(w)
	return false
}

// drop takes a request off a worker that has not claimed it.
func (e *engine) drop(w *worker) {
	w.request = nil
	w.turn++
	w.state = workerIdle
	e.poll(w)
}

// order tells a worker to stop a request, and tells the pool what the worker answers. A dead worker
// does not hear it, and an order can be lost like an answer to a poll; the pool repeats it.
func (e *engine) order(w *worker, id scheduler.RequestID) {
	m := e.mishaps
	if w.state == workerDead {
		return
	}
	if m.happens(m.stopLost, e.setup.Faults.PollLost, e.now) {
		m.counts.PollsLost++
		return
	}
	r := e.requests.called(id)
	has := w.request != nil && w.request.id == id
	elsewhere := r == nil || r.claimed() && r.worker != w
	switch {
	case has && elsewhere: // it was about to claim what is over, or another one's
		e.drop(w)
	case has:
		e.stop(w)
		return
	case w.claimed != nil && w.claimed.id == id:
		e.giveBack(w)
		return
	}
	if r == nil {
		e.correct(id)
	} else if !elsewhere {
		e.retry(r, nil)
	}
}

// correct tells the pool again where a request is.
func (e *engine) correct(id scheduler.RequestID) {
	r := e.requests.called(id)
	switch {
	case r == nil:
		e.reportAbsent(id, nil, nil)
	case r.claimed():
		e.reportRunning(r, r.worker, nil)
	default:
		e.reportWaiting(r, nil)
	}
}

// maybeResync tells the pool again where all requests are, if that is due.
func (e *engine) maybeResync() {
	d := &e.dispatcher
	if d.lastResync == noTick {
		d.lastResync = e.now
	}
	if e.now-d.lastResync < e.setup.Timing.Resync {
		return
	}
	d.lastResync = e.now
	for r := range e.requests.each() {
		e.correct(r.id)
	}
	for i := range d.ended {
		d.ended[i].told++
		e.correct(d.ended[i].id)
	}
	d.ended = slices.DeleteFunc(d.ended, func(r endedRequest) bool {
		return r.told >= resyncsAfterEnd
	})
}

// explainHangs notes, at the end of a run with faults, each request that has not ended although the
// pool is not right about it. One that the pool lets wait may wait for quota, which is no mistake.
func (e *engine) explainHangs() {
	if e.requests.len() == 0 {
		return
	}
	places := map[string]string{}
	s := e.pool.Snapshot().GetScheduler()
	for _, r := range s.GetWaitingRequests() {
		places[r.GetId()] = "waiting"
	}
	for _, w := range s.GetWorkers() {
		if run := w.GetRun(); run != nil {
			places[run.GetRequest().GetId()] = fmt.Sprintf("on worker %q", w.GetId())
		}
	}
	for r := range e.requests.each() {
		known, really := places[string(r.id)], "waiting"
		if r.claimed() {
			really = fmt.Sprintf("on worker %q", r.worker.id)
		}
		if known == "" {
			known = "gone"
		}
		if known != "waiting" || r.claimed() {
			e.breaks("request %q hangs: the pool takes it for %s, the dispatcher for %s", r.id,
				known, really)
		}
	}
}
