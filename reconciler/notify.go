package reconciler

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.chromium.org/luci/common/data/stringset"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// TaskWaitingRequest encapsulates the arguments to NotifyTaskWaiting.
type TaskWaitingRequest struct {
	// AccountID for the request.
	AccountID scheduler.AccountID

	// BaseLabels of the request that is waiting.
	BaseLabels stringset.Set

	// EnqueueTime is the time at which the task was first enqueued.
	EnqueueTime time.Time

	// ProvisionableLabels of the request that is waiting.
	ProvisionableLabels stringset.Set

	// RequestID of the request that is waiting.
	RequestID scheduler.RequestID

	// Tags is the set of tags for the request.
	Tags []string

	// Time at which the task was waiting.
	Time time.Time
}

// TaskRunningRequest encapsulates the arguments to NotifyTaskRunning.
type TaskRunningRequest struct {
	// RequestID of the request that is running.
	RequestID scheduler.RequestID

	// Time at which the task was running.
	Time time.Time

	// WorkerID of the worker that is running the task.
	WorkerID scheduler.WorkerID
}

// TaskAbsentRequest encapsulates the arguments to NotifyTaskAbsent.
type TaskAbsentRequest struct {
	// RequestID of the request that is absent.
	RequestID scheduler.RequestID

	// Time at which the task was absent.
	Time time.Time

	// WorkerID is ignored: an absent task is on no worker.
	WorkerID scheduler.WorkerID
}

// NotifyTaskWaiting informs the quotascheduler about a waiting task. It ends the cancellation of a
// preempted task, which waits for another try, unless the news is older than the preemption: then
// it is ignored. The error is scheduler.ErrInvalid; it costs O(labels) and O(log n).
func (state *State) NotifyTaskWaiting(ctx context.Context, s *scheduler.Scheduler,
	events scheduler.EventSink, update *TaskWaitingRequest) error {
	state.checkCall(ctx)
	if update == nil {
		return fmt.Errorf("%w: nil TaskWaitingRequest", scheduler.ErrInvalid)
	}
	r := scheduler.NewTaskRequest(update.RequestID, update.AccountID, update.ProvisionableLabels,
		update.BaseLabels, update.EnqueueTime)
	r.Tags = update.Tags
	return state.taskWaiting(s, events, r, update.Time)
}

// taskWaiting is NotifyTaskWaiting for a request with its tags.
func (state *State) taskWaiting(s *scheduler.Scheduler, events scheduler.EventSink,
	r *scheduler.TaskRequest, t time.Time) error {
	if err := r.Validate(); err != nil {
		return err
	}
	if err := checkTime(t); err != nil {
		return fmt.Errorf("request %s: %w", check.Quote(r.ID), err)
	}
	if state.preemptedSince(r.ID, t, events) {
		return nil
	}
	must(s.AddRequest(r, t, r.Tags, events))
	state.endAborts(r.ID)
	state.dropStaleOf(s, r.ID)
	return nil
}

// NotifyTaskRunning informs the quotascheduler about a running task. It acknowledges the task's
// assignment, unless the news is older than that. That a task which is being aborted still runs is
// expected, and changes nothing. The error is scheduler.ErrInvalid; it costs O(log n).
func (state *State) NotifyTaskRunning(ctx context.Context, s *scheduler.Scheduler,
	events scheduler.EventSink, update *TaskRunningRequest) error {
	state.checkCall(ctx)
	if update == nil {
		return fmt.Errorf("%w: nil TaskRunningRequest", scheduler.ErrInvalid)
	}
	id, w := update.RequestID, update.WorkerID
	if err := checkNews(id, update.Time); err != nil {
		return err
	}
	if err := checkWorkerID(w); err != nil {
		return err
	}
	if _, ok := state.aborts[abort{w, id}]; ok {
		return nil
	}
	var displaced scheduler.RequestID
	if e := state.entries[w]; e != nil {
		displaced = e.request
	}
	must(s.NotifyTaskRunning(id, w, update.Time, events))
	if e := state.entries[w]; e != nil && e.request == id && !update.Time.Before(e.since) {
		state.dropEntry(w)
	}
	state.dropStale(s, w)
	state.dropStaleOf(s, id)
	state.dropStaleOf(s, displaced)
	if e := state.errors[id]; e != nil && s.IsAssigned(id, w) {
		e.worker = w
	}
	return nil
}

// NotifyTaskAbsent informs the quotascheduler about an absent task, one that neither waits nor
// runs. It ends the cancellation of the task; the assignment that took its worker stays held. News
// older than a preemption of the task is ignored. The error is scheduler.ErrInvalid; it costs
// O(log n).
func (state *State) NotifyTaskAbsent(ctx context.Context, s *scheduler.Scheduler,
	events scheduler.EventSink, update *TaskAbsentRequest) error {
	state.checkCall(ctx)
	if update == nil {
		return fmt.Errorf("%w: nil TaskAbsentRequest", scheduler.ErrInvalid)
	}
	id := update.RequestID
	if err := checkNews(id, update.Time); err != nil {
		return err
	}
	if state.preemptedSince(id, update.Time, events) {
		return nil
	}
	must(s.NotifyTaskAbsent(id, update.Time, events))
	state.endAborts(id)
	delete(state.expired, id)
	if len(state.errors) > 0 && !s.Knows(id) {
		delete(state.errors, id)
	}
	state.dropStaleOf(s, id)
	return nil
}

// preemptedSince reports whether news at time t about a request is older than a preemption of it
// that was not acknowledged, and if so tells the sink that it is ignored.
func (state *State) preemptedSince(r scheduler.RequestID, t time.Time,
	events scheduler.EventSink) bool {
	since, ok := state.abortedAfter(r, t)
	if ok && events != nil {
		events.AddEvent(&protos.TaskEvent{
			Type:      protos.TaskEvent_TYPE_IGNORED,
			Category:  protos.TaskEvent_CATEGORY_DISPATCHER,
			Time:      timestamppb.New(t),
			RequestId: string(r),
			Details: &protos.TaskEvent_Ignored_{Ignored: &protos.TaskEvent_Ignored{
				Reason:    protos.TaskEvent_Ignored_REASON_PREEMPTED_SINCE,
				KnownTime: timestamppb.New(since),
			}},
		})
	}
	return ok
}

// AddTaskError marks a given task as having failed due to an error, and in need of cancellation
// until it is reported absent. From the next AssignTasks on it is not placed or handed out. What is
// not UTF-8 in the error's text is replaced. The error returned is scheduler.ErrInvalid, for an
// empty id or a nil error.
func (state *State) AddTaskError(requestID scheduler.RequestID, err error) error {
	state.checkMade()
	if e := checkRequestID(requestID); e != nil {
		return e
	}
	if err == nil {
		return fmt.Errorf("%w: nil error for request %s", scheduler.ErrInvalid,
			check.Quote(requestID))
	}
	e := &taskError{message: strings.ToValidUTF8(err.Error(), "\uFFFD")}
	if w, ok := state.entryOf[requestID]; ok && state.entries[w].handedOut {
		e.worker = w
	}
	state.errors[requestID] = e
	return nil
}
