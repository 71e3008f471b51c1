package simulator

import (
	"fmt"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// AddEvent implements scheduler.EventSink: the engine follows what the pool decides, to know which
// workers have something to fetch, at which level tasks run, and whether the pool contradicts what
// happened.
func (e *engine) AddEvent(event *protos.TaskEvent) {
	if e.checks != nil {
		e.checks.events = append(e.checks.events, event)
	}
	switch event.Type {
	case protos.TaskEvent_TYPE_ENQUEUED, protos.TaskEvent_TYPE_UPDATED:
		return // the pool only repeats the news
	case protos.TaskEvent_TYPE_IGNORED:
		e.tally.ignoredNews++
		return
	case protos.TaskEvent_TYPE_WORKER_EXPIRED:
		e.tally.expiredWorkers++
		return
	}
	r := e.outstandingCalled(scheduler.RequestID(event.RequestId))
	switch event.Type {
	case protos.TaskEvent_TYPE_ASSIGNED:
		e.onAssigned(event, r)
	case protos.TaskEvent_TYPE_PREEMPTED:
		e.onPreempted(event, r)
	case protos.TaskEvent_TYPE_REPRIORITIZED:
		if r != nil {
			e.changeLevel(r, level(event.GetReprioritized().NewPriority))
		}
		e.tally.reprioritized++
	case protos.TaskEvent_TYPE_COMPLETED:
		e.onCompleted(event, r)
	case protos.TaskEvent_TYPE_UNASSIGNED, protos.TaskEvent_TYPE_REQUEUED:
		e.onTakenBack(event, r)
	case protos.TaskEvent_TYPE_ADOPTED:
		if r != nil {
			e.changeLevel(r, level(event.GetAdopted().Priority))
		}
	}
}

// OnlyReads implements scheduler.EventReader: only checks keep events.
func (e *engine) OnlyReads() bool { return e.checks == nil }

// outstandingCalled returns the request with an id that has arrived and not ended; nil if there is
// none. Most events of news are about its own request, which is at hand.
func (e *engine) outstandingCalled(id scheduler.RequestID) *request {
	if r := e.dispatcher.subject; r != nil && r.id == id {
		return unlessEnded(r)
	}
	return e.requests.called(id)
}

// offered returns the same for a request that the pool has for a worker, which may be nil: usually
// the one that was assigned to it last.
func (e *engine) offered(w *worker, id scheduler.RequestID) *request {
	if w != nil && w.promised != nil && w.promised.id == id {
		return unlessEnded(w.promised)
	}
	return e.requests.called(id)
}

// unlessEnded returns a request, or nil if it is over.
func unlessEnded(r *request) *request {
	if r.ended {
		return nil
	}
	return r
}

// onAssigned holds the request for its worker.
func (e *engine) onAssigned(event *protos.TaskEvent, r *request) {
	w := e.fleet.byID[scheduler.WorkerID(event.WorkerId)]
	switch {
	case w != nil && e.mishaps != nil && (r == nil || r.claimed()):
		// The pool is wrong about the request, and will hear of it when the worker polls.
		e.dispatcher.assigned = append(e.dispatcher.assigned, w)
		return
	case r == nil:
		e.breaks("request %q was assigned to %q, but it is not outstanding: it would run twice",
			event.RequestId, event.WorkerId)
		return
	case w == nil:
		e.breaks("request %q was assigned to the unknown worker %q", r.id, event.WorkerId)
		return
	case r.onWorker() && e.mishaps == nil:
		e.breaks("request %q was assigned to %q while %q has it", r.id, w.id, r.worker.id)
		return
	}
	if !r.onWorker() { // a worker that is about to start it may still be faster
		r.state, r.worker = requestHeld, w
	}
	r.level = level(event.GetAssigned().Priority)
	e.tally.place(r)
	e.tally.assignments++
	if event.GetAssigned().Preempting {
		r.account.caused++
	}
	w.promised = r
	e.dispatcher.assigned = append(e.dispatcher.assigned, w)
}

// onPreempted notes that the request's worker is to be stopped, or that it waits again if its
// worker never knew of it.
func (e *engine) onPreempted(event *protos.TaskEvent, r *request) {
	if e.mishaps != nil {
		e.dispatcher.cancelDue = true
	}
	if r == nil && e.mishaps != nil {
		e.tally.preemptions++
		return
	}
	if r == nil {
		e.breaks("request %q was preempted, but it is not outstanding", event.RequestId)
		return
	}
	e.tally.preempts(r, scheduler.AccountID(event.GetPreempted().ByAccountId))
	if r.state == requestHeld {
		r.state, r.worker = requestWaiting, nil
		return
	}
	e.dispatcher.cancelDue = true
	r.stopping = true
}

// onCompleted checks that the pool takes for ended only what has ended. A task that has ended is
// not outstanding any more when the pool hears of it.
func (e *engine) onCompleted(event *protos.TaskEvent, r *request) {
	if r == nil {
		return
	}
	reason := event.GetCompleted().GetReason()
	if reason == protos.TaskEvent_Completed_REASON_EXPIRED && e.mishaps != nil {
		e.dispatcher.cancelDue = true
		return
	}
	if reason == protos.TaskEvent_Completed_REASON_EXPIRED && !r.onWorker() {
		e.dispatcher.cancelDue = true
		r.stopping = true
		return
	}
	if e.mishaps == nil {
		e.breaks("the pool took request %q for ended (%v), which has not ended", r.id, reason)
	}
}

// onTakenBack makes a request wait again whose worker never ran it.
func (e *engine) onTakenBack(event *protos.TaskEvent, r *request) {
	if event.Type == protos.TaskEvent_TYPE_UNASSIGNED {
		e.tally.timeouts++
	}
	if r != nil {
		e.tally.unplace(r)
	}
	if r == nil || e.mishaps != nil && r.onWorker() || r.state == requestMissing {
		return
	}
	if r.onWorker() {
		e.breaks("the pool lets request %q wait again (%v) while %q has it", r.id, event.Type,
			r.worker.id)
		return
	}
	r.state, r.worker = requestWaiting, nil
}

// changeLevel settles what the task used at its level, and goes on at another one.
func (e *engine) changeLevel(r *request, to level) {
	e.settleLevel(r)
	r.level = to
	e.tally.place(r)
}

// settleLevel books what a running task has used at its level since it was last settled.
func (e *engine) settleLevel(r *request) {
	if r.state == requestRunning {
		r.account.usedMillis[r.level] += e.tally.between(r.levelSince, e.now)
	}
	r.levelSince = e.now
}

// breaks notes a broken promise: something that must not happen in any run.
func (e *engine) breaks(format string, args ...any) {
	e.tally.broken++
	if len(e.tally.brokenText) < maxBrokenText {
		text := fmt.Sprintf(format, args...)
		e.tally.brokenText = append(e.tally.brokenText, fmt.Sprintf("at %v: %s", e.now, text))
	}
}
