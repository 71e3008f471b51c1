package reconciler

import (
	"cmp"
	"context"
	"slices"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// Cancellation represents a scheduler-initiated operation to cancel a task on a worker. The worker
// should be aborted if and only if it is currently running the given task.
type Cancellation struct {
	// WorkerID is the id of the worker where we should cancel a task; empty if the task is not
	// known to be on one.
	WorkerID string

	// RequestID is the id of the task that we should cancel.
	RequestID string

	// ErrorMessage is a description of the error that caused the task to be cancelled, if it was
	// cancelled due to error; "EXPIRED" if it waited for too long; and empty if it was preempted.
	ErrorMessage string
}

const (
	reasonPreempted = protos.Cancellation_REASON_PREEMPTED
	reasonError     = protos.Cancellation_REASON_ERROR
	reasonExpired   = protos.Cancellation_REASON_EXPIRED
)

// A reasoned cancellation says why it is one.
type reasoned struct {
	Cancellation
	reason protos.Cancellation_Reason
}

// Cancellations returns the set of workers and tasks that should be cancelled, in order of worker
// (the empty one first), then request: preempted tasks until they are reported absent or waiting,
// requests that expired until they are reported absent, or waiting with a newer enqueue time, and
// tasks with errors until they are reported absent, each with the worker that it was handed to or
// runs on at this moment. It costs O(n log n) in their number.
func (state *State) Cancellations(ctx context.Context) []Cancellation {
	state.checkCall(ctx)
	var out []Cancellation
	for _, c := range state.cancellations() {
		out = append(out, c.Cancellation)
	}
	return out
}

// Cancels reports whether a request is among Cancellations. O(1).
func (state *State) Cancels(r scheduler.RequestID) bool {
	state.checkMade()
	_, expired := state.expired[r]
	return expired || len(state.abortOf[r]) > 0 || state.errors[r] != nil
}

func (state *State) cancellations() []reasoned {
	type place struct {
		worker  scheduler.WorkerID
		request scheduler.RequestID
	}
	all := make(map[place]reasoned, len(state.abortOf)+len(state.errors)+len(state.expired))
	add := func(w scheduler.WorkerID, r scheduler.RequestID, text string,
		reason protos.Cancellation_Reason) {
		all[place{w, r}] = reasoned{Cancellation{string(w), string(r), text}, reason}
	}
	// The order within each map is free, as the result is sorted. Of what is to be said of the
	// same task on the same worker, the error is said.
	for w, tasks := range state.aborts {
		for r := range tasks {
			add(w, r, "", reasonPreempted)
		}
	}
	for r := range state.expired {
		add("", r, "EXPIRED", reasonExpired)
	}
	for r, e := range state.errors {
		add(state.startedOn(r, e), r, e.message, reasonError)
	}
	out := make([]reasoned, 0, len(all))
	for _, c := range all {
		out = append(out, c)
	}
	slices.SortFunc(out, func(a, b reasoned) int {
		return cmp.Or(cmp.Compare(a.WorkerID, b.WorkerID), cmp.Compare(a.RequestID, b.RequestID))
	})
	return out
}
