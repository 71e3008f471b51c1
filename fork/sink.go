package fork

import (
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// AddEvent implements scheduler.EventSink: the events say which workers were given a task without
// a pull, which are no longer taken for idle, and when there is something to stop.
func (r *runner) AddEvent(e *protos.TaskEvent) {
	w, id := r.byID[scheduler.WorkerID(e.GetWorkerId())], scheduler.RequestID(e.GetRequestId())
	switch e.GetType() {
	case protos.TaskEvent_TYPE_ASSIGNED:
		if w != nil && w.idle() && w.heard {
			r.give(w, id, e.GetAssigned().GetProvisionRequired())
		}
	case protos.TaskEvent_TYPE_PREEMPTED:
		if r.mayHaveStarted(id) { // else it waits again
			r.outstanding--
			r.cancelDue = true
		}
	case protos.TaskEvent_TYPE_COMPLETED:
		if e.GetCompleted().GetReason() == protos.TaskEvent_Completed_REASON_EXPIRED {
			r.outstanding--
			r.cancelDue = true
			r.observe(Expired, r.last, Task{Request: scheduler.TaskRequest{ID: id}})
			break
		}
		r.unheard(w)
	case protos.TaskEvent_TYPE_UNASSIGNED, protos.TaskEvent_TYPE_REQUEUED:
		delete(r.handedOut, id)
		r.unheard(w)
	case protos.TaskEvent_TYPE_WORKER_EXPIRED:
		r.unheard(w)
	}
	if r.options.Events != nil {
		r.options.Events.AddEvent(e)
	}
}

// mayHaveStarted reports whether a request runs, or was handed out, so that it leaves the pool when
// it is preempted.
func (r *runner) mayHaveStarted(id scheduler.RequestID) bool {
	_, handedOut := r.handedOut[id]
	return handedOut || r.running[id] != nil
}

// unheard notes that the pool no longer takes a worker for idle.
func (r *runner) unheard(w *worker) {
	if w != nil && w.heard {
		w.heard = false
		r.forgotten = append(r.forgotten, w)
	}
}
