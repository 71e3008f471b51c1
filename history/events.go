package history

import (
	"slices"
	"time"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// event notes one event of an operation.
func (r *Recorder) event(op *protos.Operation, e *protos.TaskEvent) {
	id, at := scheduler.RequestID(e.GetRequestId()), e.GetTime().AsTime()
	switch e.GetType() {
	case protos.TaskEvent_TYPE_ENQUEUED:
		r.enqueued(op.GetTaskWaiting(), at)
		return
	case protos.TaskEvent_TYPE_WORKER_EXPIRED:
		return
	}
	t := r.requests[id]
	if t == nil {
		return // old news of a request that was never seen
	}
	switch e.GetType() {
	case protos.TaskEvent_TYPE_UPDATED:
		t.Content = contentOf(op.GetTaskWaiting())
	case protos.TaskEvent_TYPE_ASSIGNED:
		r.begin(t, Run{Worker: scheduler.WorkerID(e.GetWorkerId()), Assigned: at})
	case protos.TaskEvent_TYPE_PREEMPTED:
		r.preempted(t, e, at)
	case protos.TaskEvent_TYPE_COMPLETED:
		r.completed(t, e.GetCompleted().GetReason(), at)
	case protos.TaskEvent_TYPE_UNASSIGNED:
		r.end(t, TakenBack, at)
	case protos.TaskEvent_TYPE_REQUEUED:
		r.end(t, lostOrTakenBack(t), at)
	case protos.TaskEvent_TYPE_ADOPTED:
		r.end(t, lostOrTakenBack(t), at)
		r.begin(t, Run{Worker: scheduler.WorkerID(e.GetWorkerId()), Assigned: at, Start: at})
		t.reported = true
	case protos.TaskEvent_TYPE_IGNORED:
		if op.GetTaskAbsent() != nil &&
			e.GetIgnored().GetReason() == protos.TaskEvent_Ignored_REASON_PREEMPTED_SINCE {
			r.endedBefore(t, at)
		}
	}
}

// contentOf returns what the dispatcher says of a request.
func contentOf(w *protos.TaskWaiting) scheduler.TaskRequest {
	return scheduler.TaskRequest{
		ID:                  scheduler.RequestID(w.GetRequestId()),
		Account:             scheduler.AccountID(w.GetAccountId()),
		BaseLabels:          asSet(w.GetBaseLabels()),
		ProvisionableLabels: asSet(w.GetProvisionableLabels()),
		Tags:                slices.Clone(w.GetTags()),
		EnqueueTime:         w.GetEnqueueTime().AsTime(),
	}
}

// asSet returns labels in order, each once.
func asSet(labels []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(labels)))
}

// enqueued notes that a request waits that the pool did not know.
func (r *Recorder) enqueued(w *protos.TaskWaiting, at time.Time) {
	content := contentOf(w)
	t := r.requests[content.ID]
	if t == nil || t.Fate != Stopping && !t.Content.EnqueueTime.Equal(content.EnqueueTime) {
		r.arrive(content, at)
		return
	}
	// Another try of the same request, so what it did is in vain.
	if n := len(t.Runs); n > 0 && t.Runs[n-1].Ending == Completed {
		t.Runs[n-1].Ending = Lost
	}
	if t.Fate != Open {
		r.open++
	}
	t.Content, t.Fate = content, Open
}

// begin notes that a run was assigned.
func (r *Recorder) begin(t *tracked, run Run) {
	t.Runs = append(t.Runs, run)
	t.reported = false
	if w := r.workers[run.Worker]; w != nil {
		w.Busy = true
	} else { // adopted on a worker that never pulled
		r.workers[run.Worker] = &Worker{ID: run.Worker, First: run.Assigned, Last: run.Assigned,
			Busy: true}
	}
}

// end ends the present run, if there is one.
func (r *Recorder) end(t *tracked, how Ending, at time.Time) {
	run := t.run()
	if run == nil {
		return
	}
	run.End, run.Ending = at, how
	if w := r.workers[run.Worker]; w != nil {
		w.Busy = false
		if at.After(w.Last) {
			w.Last = at
		}
	}
}

// lostOrTakenBack is how a run ended whose request waits again, or runs elsewhere.
func lostOrTakenBack(t *tracked) Ending {
	if t.reported {
		return Lost
	}
	return TakenBack
}

// leave notes what has become of a request.
func (r *Recorder) leave(t *tracked, fate Fate) {
	if t.Fate == Open {
		r.open--
	}
	t.Fate = fate
}

func (r *Recorder) preempted(t *tracked, e *protos.TaskEvent, at time.Time) {
	run := t.run()
	if run == nil {
		return
	}
	if run.Start.IsZero() { // it was held, and waits again
		r.end(t, TakenBack, at)
		return
	}
	run.By = scheduler.AccountID(e.GetPreempted().GetByAccountId())
	r.end(t, Preempted, at)
	r.leave(t, Stopping)
}

func (r *Recorder) completed(t *tracked, why protos.TaskEvent_Completed_Reason, at time.Time) {
	run := t.run()
	switch {
	case why == protos.TaskEvent_Completed_REASON_EXPIRED:
		r.leave(t, Expired)
	case run == nil || run.Start.IsZero():
		r.end(t, TakenBack, at)
		r.leave(t, Withdrawn)
	case why == protos.TaskEvent_Completed_REASON_INCONSISTENT_TASK_FOR_WORKER:
		r.end(t, Lost, at)
		r.leave(t, Stopped)
	default:
		r.end(t, Completed, at)
		r.leave(t, Done)
	}
}

// endedBefore notes that a task which was preempted had come to its end by itself before.
func (r *Recorder) endedBefore(t *tracked, at time.Time) {
	if t.Fate != Stopping {
		return
	}
	run := &t.Runs[len(t.Runs)-1]
	if at.Before(run.Start) {
		return
	}
	run.End, run.Ending, run.By = at, Completed, ""
	t.Fate = Done
}

// absent notes that a preempted task is gone, and does not wait again.
func (r *Recorder) absent(id scheduler.RequestID) {
	if t := r.requests[id]; t != nil && t.Fate == Stopping {
		t.Fate = Stopped
	}
}

// handedOut notes that a worker was given a task. That may be repeated; the first time counts.
func (r *Recorder) handedOut(a *protos.Assignment, at time.Time) {
	t := r.requests[scheduler.RequestID(a.GetRequestId())]
	if t == nil {
		return
	}
	if run := t.run(); run != nil && run.Start.IsZero() {
		run.Start = at
		if run.Assigned.After(at) { // the pool's time was ahead of the caller's
			run.Start = run.Assigned
		}
	}
}

// running notes that a task was reported as running.
func (r *Recorder) running(news *protos.TaskRunning, at time.Time) {
	r.heard(scheduler.WorkerID(news.GetWorkerId()), at)
	t := r.requests[scheduler.RequestID(news.GetRequestId())]
	if t == nil {
		return
	}
	run := t.run()
	if run == nil || string(run.Worker) != news.GetWorkerId() || at.Before(run.Assigned) {
		return
	}
	t.reported = true
	if run.Start.IsZero() {
		run.Start = at
	}
}

// heard notes that something was heard of a worker.
func (r *Recorder) heard(id scheduler.WorkerID, at time.Time) *Worker {
	w := r.workers[id]
	if w == nil {
		w = &Worker{ID: id, First: at, Last: at}
		r.workers[id] = w
	}
	if !w.Busy && at.Sub(w.Last) > r.history.WorkerExpiration {
		w.Gaps++
	}
	if at.After(w.Last) {
		w.Last = at
	}
	return w
}

// heardPull notes that a worker pulled.
func (r *Recorder) heardPull(pull *protos.IdleWorker, at time.Time) {
	if pull.GetWorkerId() == "" {
		return // the pool passes it over
	}
	w := r.heard(scheduler.WorkerID(pull.GetWorkerId()), at)
	if w.Labels != nil && slices.Equal(w.Labels, pull.GetLabels()) {
		return
	}
	labels := asSet(pull.GetLabels())
	switch {
	case w.Labels == nil:
		w.Constant = labels
	case !slices.Equal(w.Labels, labels):
		w.Constant = slices.DeleteFunc(slices.Clone(w.Constant), func(l string) bool {
			_, has := slices.BinarySearch(labels, l)
			return !has
		})
	}
	if labels == nil {
		labels = []string{}
	}
	w.Labels = labels
}
