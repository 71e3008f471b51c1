package history

import (
	"slices"
	"time"

	"github.com/quotasched/quotasched/lifecycle"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// changed notes one change that an operation made.
func (r *Recorder) changed(op *protos.Operation, c *lifecycle.Change) {
	if c.Kind == lifecycle.Arrived {
		r.arrived(op.GetTaskWaiting(), c.Time)
		return
	}
	q := r.requests[c.Now.ID]
	if q == nil {
		return // it is being stopped since before the record
	}
	switch c.Kind {
	case lifecycle.Updated:
		q.Content = contentOf(op.GetTaskWaiting())
	case lifecycle.Assigned:
		r.begin(q, Run{Worker: c.Now.Worker, Assigned: c.Time})
	case lifecycle.Adopted:
		r.end(q, lostOrTakenBack(c), c.Time)
		r.begin(q, Run{Worker: c.Now.Worker, Assigned: c.Time, Start: c.Now.Start})
	case lifecycle.Started:
		if run := q.current(); run != nil {
			run.Start = c.Now.Start
		}
	case lifecycle.Requeued:
		r.end(q, lostOrTakenBack(c), c.Time)
	case lifecycle.Preempted:
		r.preempted(q, c)
	case lifecycle.Expired:
		r.leave(q, Expired)
	case lifecycle.Ended:
		r.ended(q, c)
	case lifecycle.EndedBefore:
		q.endedBefore(c.Time)
	case lifecycle.Stopped:
		if q.Fate == Stopping {
			q.Fate = Stopped
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
		LostWork:            w.GetLostWork().AsDuration(),
	}
}

// asSet returns labels in order, each once.
func asSet(labels []string) []string {
	return slices.Compact(slices.Sorted(slices.Values(labels)))
}

// arrived notes that a request waits that the pool did not know.
func (r *Recorder) arrived(w *protos.TaskWaiting, at time.Time) {
	content := contentOf(w)
	q := r.requests[content.ID]
	if q == nil || q.Fate != Stopping && !q.Content.EnqueueTime.Equal(content.EnqueueTime) {
		r.add(content, at)
		return
	}
	// Another try of the same request, so what it did is in vain.
	if n := len(q.Runs); n > 0 && q.Runs[n-1].Ending == Completed {
		q.Runs[n-1].Ending = Lost
	}
	if q.Fate != Open {
		r.open++
	}
	q.Content, q.Fate = content, Open
}

// begin notes that a run was assigned.
func (r *Recorder) begin(q *Request, run Run) {
	q.Runs = append(q.Runs, run)
	if w := r.workers[run.Worker]; w != nil {
		w.Busy = true
	} else { // adopted on a worker that never pulled
		r.workers[run.Worker] = &Worker{ID: run.Worker, First: run.Assigned, Last: run.Assigned,
			Busy: true}
	}
}

// current returns the run that goes on, or nil.
func (r *Request) current() *Run {
	if n := len(r.Runs); n > 0 && r.Runs[n-1].Ending == Running {
		return &r.Runs[n-1]
	}
	return nil
}

// end ends the present run, if there is one, and returns it.
func (r *Recorder) end(q *Request, how Ending, at time.Time) *Run {
	run := q.current()
	if run == nil {
		return nil
	}
	run.End, run.Ending = at, how
	if w := r.workers[run.Worker]; w != nil {
		w.Busy = false
		if at.After(w.Last) {
			w.Last = at
		}
	}
	return run
}

// lostOrTakenBack is how a run ended whose request waits again, or runs elsewhere.
func lostOrTakenBack(c *lifecycle.Change) Ending {
	if c.Was.State == lifecycle.Running {
		return Lost
	}
	return TakenBack
}

// leave notes what has become of a request.
func (r *Recorder) leave(q *Request, fate Fate) {
	if q.Fate == Open {
		r.open--
	}
	q.Fate = fate
}

func (r *Recorder) preempted(q *Request, c *lifecycle.Change) {
	if c.Now.State == lifecycle.Waiting {
		r.end(q, TakenBack, c.Time)
		return
	}
	if run := r.end(q, Preempted, c.Time); run != nil {
		run.By = scheduler.AccountID(c.Event.GetPreempted().GetByAccountId())
	}
	r.leave(q, Stopping)
}

func (r *Recorder) ended(q *Request, c *lifecycle.Change) {
	switch {
	case !c.Was.State.MayRun():
		r.end(q, TakenBack, c.Time)
		r.leave(q, Withdrawn)
	case isLost(c.Event.GetCompleted().GetReason()):
		r.end(q, Lost, c.Time)
		r.leave(q, Stopped)
	default:
		r.end(q, Completed, c.Time)
		r.leave(q, Done)
	}
}

// isLost reports whether a run that ended for a reason was not done.
func isLost(reason protos.TaskEvent_Completed_Reason) bool {
	return reason == protos.TaskEvent_Completed_REASON_INCONSISTENT_TASK_FOR_WORKER ||
		reason == protos.TaskEvent_Completed_REASON_WORKER_GONE ||
		reason == protos.TaskEvent_Completed_REASON_WIPED
}

// endedBefore notes that a task which was preempted had come to its end by itself before.
func (r *Request) endedBefore(at time.Time) {
	if r.Fate != Stopping {
		return
	}
	run := &r.Runs[len(r.Runs)-1]
	if at.Before(run.Start) {
		return
	}
	run.End, run.Ending, run.By = at, Completed, ""
	r.Fate = Done
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
