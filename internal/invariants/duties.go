package invariants

import (
	"time"

	"github.com/quotasched/quotasched/protos"
)

// duties are the cancellations that a pool owes its dispatcher.
type duties struct {
	// aborts has the preempted tasks that may have started, by worker.
	aborts map[string]map[string]abort
	// abortedOn has the workers of the same tasks, by task.
	abortedOn map[string]map[string]bool
	// errors has the tasks with an error.
	errors map[string]bool
	// expired has the requests that waited for too long, with their enqueue times.
	expired map[string]time.Time
}

// abort is a task that must stop on a worker.
type abort struct {
	// since is the time of the call in which it lost that worker.
	since time.Time
	// lost is the work that its request has lost in all, in milliseconds.
	lost int64
}

func newDuties() *duties {
	return &duties{
		aborts:    map[string]map[string]abort{},
		abortedOn: map[string]map[string]bool{},
		errors:    map[string]bool{},
		expired:   map[string]time.Time{},
	}
}

// read takes the duties from a snapshot.
func (d *duties) read(r *protos.Reconciler) {
	for _, q := range r.GetWorkerQueues() {
		for _, a := range q.GetTasksToAbort() {
			d.abort(q.GetWorkerId(), a.GetRequestId(), abortOf(a))
		}
	}
	for _, e := range r.GetTaskErrors() {
		d.errors[e.GetRequestId()] = true
	}
	for i, id := range r.GetExpiredRequests() {
		d.expired[id] = expiredAt(r, i)
	}
}

// abortOf reads an abort.
func abortOf(a *protos.TaskToAbort) abort {
	return abort{a.GetSinceTime().AsTime(), a.GetLostWork().AsDuration().Milliseconds()}
}

// expiredAt returns the enqueue time of an expired request; the zero time if there is none.
func expiredAt(r *protos.Reconciler, i int) time.Time {
	if times := r.GetExpiredEnqueueTimes(); i < len(times) {
		return times[i].AsTime()
	}
	return time.Time{}
}

// abort notes that a task lost its worker, and may have started there.
func (d *duties) abort(worker, request string, a abort) {
	if d.aborts[worker] == nil {
		d.aborts[worker] = map[string]abort{}
	}
	d.aborts[worker][request] = a
	if d.abortedOn[request] == nil {
		d.abortedOn[request] = map[string]bool{}
	}
	d.abortedOn[request][worker] = true
}

// lost returns the most work that a task is known to have lost where it must stop.
func (d *duties) lost(request string) (lost int64) {
	for w := range d.abortedOn[request] {
		lost = max(lost, d.aborts[w][request].lost)
	}
	return lost
}

// workerGone notes that at t a worker was gone, and what had to stop there by then with it.
func (d *duties) workerGone(worker string, t time.Time) {
	for id, a := range d.aborts[worker] {
		if a.since.After(t) {
			continue
		}
		delete(d.aborts[worker], id)
		if delete(d.abortedOn[id], worker); len(d.abortedOn[id]) == 0 {
			delete(d.abortedOn, id)
		}
	}
	if len(d.aborts[worker]) == 0 {
		delete(d.aborts, worker)
	}
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
		if d.aborts[w][request].since.After(t) {
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
	}
}

// checkAnswer compares cancellations with the duties: each is there exactly once, an error before
// other reasons for the same task on the same worker and with the worker on which the task may have
// started, and nothing else is.
func (d *duties) checkAnswer(rows []*protos.Cancellation, s *story) error {
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
			_, expired := d.expired[at.request]
			owed, legal = expired && at.worker == "", true
		case protos.Cancellation_REASON_ERROR:
			owed = d.errors[at.request] && !failed[at.request]
			legal = at.worker == s.startedOn(at.request)
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
func (d *duties) compare(r *protos.Reconciler, p *picture, s *story) error {
	aborts := 0
	for _, q := range r.GetWorkerQueues() {
		for _, a := range q.GetTasksToAbort() {
			aborts++
			want, owed := d.aborts[q.GetWorkerId()][a.GetRequestId()]
			got := abortOf(a)
			if !owed || !want.since.Equal(got.since) || want.lost != got.lost {
				return broken(OnlyStarted, "%q is to be aborted on %q: %+v, should be %+v",
					a.GetRequestId(), q.GetWorkerId(), got, want)
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
	for _, e := range r.GetTaskErrors() {
		if w := s.startedOn(e.GetRequestId()); w != e.GetWorkerId() || !d.errors[e.GetRequestId()] {
			return broken(OnlyStarted, "%q has an error on %q, should be on %q", e.GetRequestId(),
				e.GetWorkerId(), w)
		}
	}
	for i, id := range r.GetExpiredRequests() {
		if want, ok := d.expired[id]; !ok || !want.Equal(expiredAt(r, i)) {
			return broken(NothingDropped, "%q expired, enqueued at %v, should be %v", id,
				expiredAt(r, i), want)
		}
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
