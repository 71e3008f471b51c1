package invariants

import (
	"time"

	"github.com/quotasched/quotasched/protos"
)

// duties are the cancellations that a pool owes its dispatcher.
type duties struct {
	// aborts has the preempted tasks that may have started, by worker, with the time of the call
	// in which they lost it.
	aborts map[string]map[string]time.Time
	// abortedOn has the workers of the same tasks, by task.
	abortedOn map[string]map[string]bool
	// errors has the tasks with an error, and expired the ones that waited for too long.
	errors, expired map[string]bool
	// startedOn has the workers on which a task may have started; only for tasks that are known
	// or have an error.
	startedOn map[string]map[string]bool
}

func newDuties() *duties {
	return &duties{
		aborts:    map[string]map[string]time.Time{},
		abortedOn: map[string]map[string]bool{},
		errors:    map[string]bool{},
		expired:   map[string]bool{},
		startedOn: map[string]map[string]bool{},
	}
}

// read takes the duties from a snapshot.
func (d *duties) read(r *protos.Reconciler, p *picture) {
	for _, q := range r.GetWorkerQueues() {
		for _, a := range q.GetTasksToAbort() {
			d.abort(q.GetWorkerId(), a.GetRequestId(), a.GetSinceTime().AsTime())
		}
	}
	for _, e := range r.GetTaskErrors() {
		d.errors[e.GetRequestId()] = true
		if e.GetWorkerId() != "" {
			d.started(e.GetRequestId(), e.GetWorkerId())
		}
	}
	for _, id := range r.GetExpiredRequests() {
		d.expired[id] = true
	}
	for id, at := range p.requests {
		if at.run != nil && at.run.GetStage() != protos.Stage_STAGE_HELD {
			d.started(id, at.worker)
		}
	}
}

// abort notes that a task lost its worker, and may have started there.
func (d *duties) abort(worker, request string, since time.Time) {
	if d.aborts[worker] == nil {
		d.aborts[worker] = map[string]time.Time{}
	}
	d.aborts[worker][request] = since
	if d.abortedOn[request] == nil {
		d.abortedOn[request] = map[string]bool{}
	}
	d.abortedOn[request][worker] = true
	d.left(request)
}

// endAborts notes that a preempted task was reported gone or waiting.
func (d *duties) endAborts(request string) {
	for w := range d.abortedOn[request] {
		delete(d.aborts[w], request)
		if len(d.aborts[w]) == 0 {
			delete(d.aborts, w)
		}
	}
	delete(d.abortedOn, request)
}

// preemptedSince says whether a task lost a worker after t and has not been reported gone.
func (d *duties) preemptedSince(request string, t time.Time) bool {
	for w := range d.abortedOn[request] {
		if d.aborts[w][request].After(t) {
			return true
		}
	}
	return false
}

// absent notes that at t a task was reported gone. It is still known if that was old news.
func (d *duties) absent(request string, t time.Time, known bool) {
	if d.preemptedSince(request, t) {
		return
	}
	d.endAborts(request)
	delete(d.expired, request)
	if !known {
		delete(d.errors, request)
		d.left(request)
	}
}

// addError notes that a task is to be cancelled.
func (d *duties) addError(request string, s *story) {
	d.errors[request] = true
	if t := s.tasks[request]; t != nil && t.worker != "" && t.stage != protos.Stage_STAGE_HELD {
		d.started(request, t.worker)
	}
}

// started notes that a task may have started on a worker.
func (d *duties) started(request, worker string) {
	if d.startedOn[request] == nil {
		d.startedOn[request] = map[string]bool{}
	}
	d.startedOn[request][worker] = true
}

// left notes that a request is not known any more.
func (d *duties) left(request string) {
	if !d.errors[request] {
		delete(d.startedOn, request)
	}
}

// checkAnswer compares cancellations with the duties: each is there exactly once, an error before
// other reasons for the same task on the same worker, and nothing else is.
func (d *duties) checkAnswer(rows []*protos.Cancellation) error {
	type place struct{ worker, request string }
	seen := map[place]bool{}
	failed := map[string]bool{}
	for _, c := range rows {
		at := place{c.GetWorkerId(), c.GetRequestId()}
		if seen[at] {
			return broken(NothingDropped, "%q is cancelled on %q twice", at.request, at.worker)
		}
		seen[at] = true
		var owed, legal bool
		_, aborting := d.aborts[at.worker][at.request]
		switch c.GetReason() {
		case protos.Cancellation_REASON_PREEMPTED:
			owed, legal = aborting, aborting
		case protos.Cancellation_REASON_EXPIRED:
			owed, legal = d.expired[at.request] && at.worker == "", true
		case protos.Cancellation_REASON_ERROR:
			owed = d.errors[at.request] && !failed[at.request]
			legal = at.worker == "" || aborting || d.startedOn[at.request][at.worker]
			failed[at.request] = true
		}
		if !owed || !legal {
			return broken(OnlyStarted, "%v of %q on %q: owed %v, may have started there %v",
				c.GetReason(), at.request, at.worker, owed, legal)
		}
	}
	for w, tasks := range d.aborts {
		for id := range tasks {
			if !seen[place{w, id}] {
				return broken(NothingDropped, "%q was preempted on %q and is not cancelled", id, w)
			}
		}
	}
	for id := range d.expired {
		if !seen[place{"", id}] {
			return broken(NothingDropped, "%q expired and is not cancelled", id)
		}
	}
	if len(failed) != len(d.errors) {
		return broken(NothingDropped, "%d tasks have an error, %d are cancelled for it",
			len(d.errors), len(failed))
	}
	return nil
}

// compare says where the snapshot of a reconciler has other duties, or an assignment that the
// scheduler does not have.
func (d *duties) compare(r *protos.Reconciler, p *picture) error {
	aborts := 0
	for _, q := range r.GetWorkerQueues() {
		for _, a := range q.GetTasksToAbort() {
			aborts++
			since, owed := d.aborts[q.GetWorkerId()][a.GetRequestId()]
			if !owed || !since.Equal(a.GetSinceTime().AsTime()) {
				return broken(OnlyStarted, "%q is to be aborted on %q since %v, should be %v",
					a.GetRequestId(), q.GetWorkerId(), a.GetSinceTime().AsTime(), since)
			}
			if at := p.requests[a.GetRequestId()]; at != nil && at.worker == q.GetWorkerId() {
				return broken(OnlyStarted, "%q is assigned to %q and to be aborted there",
					a.GetRequestId(), q.GetWorkerId())
			}
		}
		if err := checkEntry(q, p); err != nil {
			return err
		}
	}
	for _, tasks := range d.aborts {
		aborts -= len(tasks)
	}
	if aborts != 0 || len(r.GetTaskErrors()) != len(d.errors) ||
		len(r.GetExpiredRequests()) != len(d.expired) {
		return broken(NothingDropped, "%d tasks to abort too many, %d instead of %d errors, "+
			"%d instead of %d expired", aborts, len(r.GetTaskErrors()), len(d.errors),
			len(r.GetExpiredRequests()), len(d.expired))
	}
	return nil
}

// checkEntry checks that what a worker is to be handed is on that worker in the scheduler.
func checkEntry(q *protos.WorkerQueue, p *picture) error {
	entry := q.GetTaskToAssign()
	if entry == nil {
		return nil
	}
	at := p.requests[entry.GetRequestId()]
	if at == nil || at.worker != q.GetWorkerId() {
		return broken(OnePlace, "%q is to be assigned to %q, but is not on it",
			entry.GetRequestId(), q.GetWorkerId())
	}
	if entry.GetHandedOut() == (at.run.GetStage() == protos.Stage_STAGE_HELD) {
		return broken(OnlyStarted, "%q on %q is at %v; was it handed out: %v",
			entry.GetRequestId(), q.GetWorkerId(), at.run.GetStage(), entry.GetHandedOut())
	}
	return nil
}
