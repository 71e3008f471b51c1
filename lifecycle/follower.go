package lifecycle

import (
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// A Follower knows where each request of a pool is. Make one with New. It is not safe for
// concurrent use.
type Follower struct {
	// requests has the requests that are not Unknown.
	requests map[scheduler.RequestID]Request
	// stops has what must stop on each worker, with the time of the call that decided it.
	stops map[scheduler.WorkerID]map[scheduler.RequestID]time.Time
	// changes is the memory of what Step returns.
	changes []Change
}

// Step follows one operation with its outcome, and returns the changes that it made, in order. It
// keeps neither message. The slice is valid until the next call.
func (f *Follower) Step(op *protos.Operation, outcome *protos.Outcome) []Change {
	clear(f.changes) // lest they keep events alive
	f.changes = f.changes[:0]
	if outcome.GetError() != "" {
		return nil
	}
	ignored := protos.TaskEvent_Ignored_REASON_UNSPECIFIED
	for _, e := range outcome.GetEvents() {
		if e.GetType() == protos.TaskEvent_TYPE_IGNORED {
			ignored = e.GetIgnored().GetReason()
		}
		c, changed := f.Event(e)
		if changed && c.Kind == Preempted && c.Now.State == Stopping {
			f.stops[c.Now.Worker][c.Now.ID] = op.GetTime().AsTime()
		}
		f.append(c, changed)
	}
	at := op.GetTime().AsTime()
	switch k := op.GetKind().(type) {
	case *protos.Operation_AssignTasks:
		for _, a := range outcome.GetResult().GetAssignments() {
			f.append(f.Start(scheduler.RequestID(a.GetRequestId()),
				scheduler.WorkerID(a.GetWorkerId()), at))
		}
	case *protos.Operation_TaskRunning:
		if ignored == protos.TaskEvent_Ignored_REASON_UNSPECIFIED {
			id := scheduler.RequestID(k.TaskRunning.GetRequestId())
			worker := scheduler.WorkerID(k.TaskRunning.GetWorkerId())
			f.append(f.Start(id, worker, at))
			f.append(f.acknowledge(id, worker, at))
		}
	case *protos.Operation_TaskAbsent:
		f.append(f.absent(scheduler.RequestID(k.TaskAbsent.GetRequestId()), at, ignored))
	case *protos.Operation_TaskWaiting:
		f.lost(scheduler.RequestID(k.TaskWaiting.GetRequestId()),
			k.TaskWaiting.GetLostWork().AsDuration())
	case *protos.Operation_WorkerGone:
		if ignored == protos.TaskEvent_Ignored_REASON_UNSPECIFIED {
			f.workerGone(scheduler.WorkerID(k.WorkerGone.GetWorkerId()), at)
		}
	case *protos.Operation_DeleteAccount:
		f.free(scheduler.AccountID(k.DeleteAccount.GetAccountId()), at)
	case *protos.Operation_Wipe:
		f.wiped(at)
	}
	return f.changes
}

func (f *Follower) append(c Change, changed bool) {
	if changed {
		f.changes = append(f.changes, c)
	}
}

// Event follows one event, and returns the change that it tells of, if it tells of one. It is a
// part of Step, for callers that get events while an operation goes on.
func (f *Follower) Event(e *protos.TaskEvent) (Change, bool) {
	was := f.known(scheduler.RequestID(e.GetRequestId()))
	now := was
	kind := now.follow(e)
	if kind == 0 {
		return Change{}, false
	}
	return f.change(Change{Kind: kind, Time: e.GetTime().AsTime(), Was: was, Now: now, Event: e})
}

// follow changes a request as an event says, and returns the kind of the change; 0 for none.
func (r *Request) follow(e *protos.TaskEvent) Kind {
	r.Account = scheduler.AccountID(e.GetAccountId())
	r.Since = e.GetTime().AsTime()
	switch e.GetType() {
	case protos.TaskEvent_TYPE_ENQUEUED:
		r.State = Waiting
		r.leaveWorker()
		return Arrived
	case protos.TaskEvent_TYPE_UPDATED:
		r.State = Waiting
		return Updated
	case protos.TaskEvent_TYPE_ASSIGNED:
		r.State, r.Worker = Held, scheduler.WorkerID(e.GetWorkerId())
		r.Level = scheduler.Priority(e.GetAssigned().GetPriority())
		return Assigned
	case protos.TaskEvent_TYPE_ADOPTED:
		r.State, r.Worker = Running, scheduler.WorkerID(e.GetWorkerId())
		r.Level = scheduler.Priority(e.GetAdopted().GetPriority())
		r.Start = r.Since
		return Adopted
	case protos.TaskEvent_TYPE_REPRIORITIZED:
		r.Level = scheduler.Priority(e.GetReprioritized().GetNewPriority())
		return Moved
	case protos.TaskEvent_TYPE_UNASSIGNED, protos.TaskEvent_TYPE_REQUEUED:
		r.State = Waiting
		r.leaveWorker()
		return Requeued
	case protos.TaskEvent_TYPE_PREEMPTED:
		if r.State == Held {
			r.State = Waiting
			r.leaveWorker()
		} else {
			r.State = Stopping
			r.Lost = e.GetPreempted().GetLostWork().AsDuration()
		}
		return Preempted
	case protos.TaskEvent_TYPE_COMPLETED:
		if e.GetCompleted().GetReason() == protos.TaskEvent_Completed_REASON_EXPIRED {
			r.State, r.Lost = Stopping, 0
			return Expired
		}
		r.State, r.Lost = Unknown, 0
		r.leaveWorker()
		return Ended
	}
	return 0
}

// Start follows that a worker was given a task, and returns the change unless it was given it
// before, or is not to have it. It is a part of Step, for callers that know it by other means than
// an answer.
func (f *Follower) Start(id scheduler.RequestID, worker scheduler.WorkerID,
	at time.Time) (Change, bool) {
	was := f.known(id)
	if was.State != Held || was.Worker != worker {
		return Change{}, false
	}
	now := was
	now.State, now.Since, now.Start = HandedOut, at, at
	if was.Since.After(at) { // the pool's time was ahead of the caller's
		now.Since, now.Start = was.Since, was.Since
	}
	return f.change(Change{Kind: Started, Time: now.Since, Was: was, Now: now})
}

// acknowledge follows that a task was reported as running.
func (f *Follower) acknowledge(id scheduler.RequestID, worker scheduler.WorkerID,
	at time.Time) (Change, bool) {
	was := f.known(id)
	if was.State != HandedOut || was.Worker != worker {
		return Change{}, false
	}
	now := was
	now.State, now.Since = Running, at
	if was.Since.After(at) {
		now.Since = was.Since
	}
	return f.change(Change{Kind: Acknowledged, Time: now.Since, Was: was, Now: now})
}

// absent follows that a request was reported absent, which the pool may have ignored: for a request
// that it knows there was an event.
func (f *Follower) absent(id scheduler.RequestID, at time.Time,
	ignored protos.TaskEvent_Ignored_Reason) (Change, bool) {
	was := f.known(id)
	if was.State != Stopping {
		return Change{}, false
	}
	switch ignored {
	case protos.TaskEvent_Ignored_REASON_UNSPECIFIED:
		now := Request{ID: id, Account: was.Account, Since: at}
		return f.change(Change{Kind: Stopped, Time: at, Was: was, Now: now})
	case protos.TaskEvent_Ignored_REASON_PREEMPTED_SINCE:
		return Change{Kind: EndedBefore, Time: at, Was: was, Now: was}, true
	}
	return Change{}, false
}

// lost follows that the dispatcher says how much work a waiting request has lost.
func (f *Follower) lost(id scheduler.RequestID, lost time.Duration) {
	if r, ok := f.requests[id]; ok && r.State != Stopping && lost > r.Lost {
		r.Lost = lost.Truncate(time.Millisecond)
		f.requests[id] = r
	}
}

// workerGone follows that a worker is gone, and with it what had to stop there by then.
func (f *Follower) workerGone(worker scheduler.WorkerID, at time.Time) {
	for _, id := range slices.Sorted(maps.Keys(f.stops[worker])) {
		if f.stops[worker][id].After(at) {
			continue
		}
		was := f.known(id)
		now := Request{ID: id, Account: was.Account, Since: at}
		f.append(f.change(Change{Kind: Stopped, Time: at, Was: was, Now: now}))
	}
}

// wiped follows that the pool was emptied, and with it all that had to stop.
func (f *Follower) wiped(at time.Time) {
	for was := range f.Requests() {
		now := Request{ID: was.ID, Account: was.Account, Since: at}
		f.append(f.change(Change{Kind: Stopped, Time: at, Was: was, Now: now}))
	}
}

// free follows that an account is gone: its runs go on in the free bucket, without an event.
func (f *Follower) free(account scheduler.AccountID, at time.Time) {
	for was := range f.Requests() {
		if was.Account != account || !was.State.OnWorker() || was.Level == scheduler.FreeBucket {
			continue
		}
		now := was
		now.Level, now.Since = scheduler.FreeBucket, at
		f.append(f.change(Change{Kind: Moved, Time: at, Was: was, Now: now}))
	}
}

// known returns what is known of a request.
func (f *Follower) known(id scheduler.RequestID) Request {
	if r, ok := f.requests[id]; ok {
		return r
	}
	return Request{ID: id}
}

// change makes a change.
func (f *Follower) change(c Change) (Change, bool) {
	if c.Was.State == Stopping {
		delete(f.stops[c.Was.Worker], c.Was.ID)
		if len(f.stops[c.Was.Worker]) == 0 {
			delete(f.stops, c.Was.Worker)
		}
	}
	if c.Now.State == Stopping && c.Kind == Preempted {
		f.stopOn(c.Now.Worker, c.Now.ID, c.Time)
	}
	if c.Now.State == Unknown {
		delete(f.requests, c.Now.ID)
	} else {
		f.requests[c.Now.ID] = c.Now
	}
	return c, true
}

// stopOn notes that a request must stop on a worker, as a call at a time decided.
func (f *Follower) stopOn(w scheduler.WorkerID, id scheduler.RequestID, at time.Time) {
	if f.stops[w] == nil {
		f.stops[w] = map[scheduler.RequestID]time.Time{}
	}
	f.stops[w][id] = at
}

// Request returns a request that the pool knows or stops.
func (f *Follower) Request(id scheduler.RequestID) (Request, bool) {
	r, ok := f.requests[id]
	return r, ok
}

// Requests returns all requests that the pool knows or stops when the iteration begins, by id. It
// costs O(n log n).
func (f *Follower) Requests() iter.Seq[Request] {
	return func(yield func(Request) bool) {
		for _, id := range slices.Sorted(maps.Keys(f.requests)) {
			if r, ok := f.requests[id]; ok && !yield(r) {
				return
			}
		}
	}
}
