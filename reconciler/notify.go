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

	// LostWork is how much work of earlier tries was lost to preemption, in whole milliseconds; if
	// the reconciler remembers more, that counts.
	LostWork time.Duration

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

	// SavedTime is up to when the task's work is saved, so that a preemption would lose only what
	// came since; zero if nothing new is known.
	SavedTime time.Time

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

// WorkerGoneRequest encapsulates the arguments to NotifyWorkerGone.
type WorkerGoneRequest struct {
	// Time at which the worker was gone.
	Time time.Time

	// WorkerID of the worker that is gone.
	WorkerID scheduler.WorkerID
}

// NotifyTaskWaiting informs the quotascheduler about a waiting task. It ends the cancellation of a
// preempted task, which waits for another try with the work that it has lost so far, unless the
// news is older than the preemption: then it is ignored. It ends the cancellation of a request that
// expired if its enqueue time is newer than that of the try that expired; else the request stays
// cancelled. The error is scheduler.ErrInvalid; it costs O(labels) and O(log n).
func (state *State) NotifyTaskWaiting(ctx context.Context, s *scheduler.Scheduler,
	events scheduler.EventSink, update *TaskWaitingRequest) error {
	state.checkCall(ctx)
	if update == nil {
		return fmt.Errorf("%w: nil TaskWaitingRequest", scheduler.ErrInvalid)
	}
	r := scheduler.NewTaskRequest(update.RequestID, update.AccountID, update.ProvisionableLabels,
		update.BaseLabels, update.EnqueueTime)
	r.Tags, r.LostWork = update.Tags, update.LostWork
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
	state.scheduler = s
	if state.preemptedSince(r.ID, t, events) || state.isExpiredTry(r, t, events) {
		return nil
	}
	r.LostWork = max(r.LostWork, state.lostWork(r.ID))
	state.endAborts(r.ID)
	delete(state.expired, r.ID)
	must(s.AddRequest(r, t, r.Tags, events))
	state.dropStaleOf(s, r.ID)
	return nil
}

// NotifyTaskRunning informs the quotascheduler about a running task, and about saves of its work.
// It acknowledges the task's assignment, unless the scheduler ignores the news as old. That a task
// which is being aborted still runs is expected, and changes nothing. The error is
// scheduler.ErrInvalid; it costs O(log n).
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
	if !update.SavedTime.IsZero() {
		if err := invalid(check.Time("saved time", update.SavedTime)); err != nil {
			return fmt.Errorf("request %s: %w", check.Quote(id), err)
		}
	}
	state.scheduler = s
	if _, ok := state.aborts[w][id]; ok {
		return nil
	}
	must(s.NotifyTaskSaved(id, w, update.SavedTime, update.Time, events))
	state.dropStale(s, w)
	state.dropStaleOf(s, id)
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
	state.scheduler = s
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

// NotifyWorkerGone informs the quotascheduler that a worker is gone: what ran there is absent,
// what was only assigned there waits again, and what had to stop there has stopped. Of an unknown
// worker that is nothing new. The error is scheduler.ErrInvalid; it costs O(log n) and O(aborts on
// the worker).
func (state *State) NotifyWorkerGone(ctx context.Context, s *scheduler.Scheduler,
	events scheduler.EventSink, update *WorkerGoneRequest) error {
	state.checkCall(ctx)
	if update == nil {
		return fmt.Errorf("%w: nil WorkerGoneRequest", scheduler.ErrInvalid)
	}
	w, t := update.WorkerID, update.Time
	if err := checkWorkerID(w); err != nil {
		return err
	}
	if err := checkTime(t); err != nil {
		return fmt.Errorf("worker %s: %w", check.Quote(w), err)
	}
	state.scheduler = s
	must(s.NotifyWorkerGone(w, t, events))
	state.dropStale(s, w)
	if _, known := s.Worker(w); !known { // else it was old news
		state.endAbortsOn(w, t)
	}
	return nil
}

// isExpiredTry reports whether a request that waits is the try that has expired, not another one,
// and if so tells the sink that the news is ignored: the request stays cancelled.
func (state *State) isExpiredTry(r *scheduler.TaskRequest, t time.Time,
	events scheduler.EventSink) bool {
	enqueued, ok := state.expired[r.ID]
	if !ok || r.EnqueueTime.After(enqueued) {
		return false
	}
	ignore(events, r.ID, t, protos.TaskEvent_Ignored_REASON_EXPIRED, enqueued)
	return true
}

// preemptedSince reports whether news at time t about a request is older than a preemption of it
// that was not acknowledged, and if so tells the sink that it is ignored.
func (state *State) preemptedSince(r scheduler.RequestID, t time.Time,
	events scheduler.EventSink) bool {
	since, ok := state.abortedAfter(r, t)
	if ok {
		ignore(events, r, t, protos.TaskEvent_Ignored_REASON_PREEMPTED_SINCE, since)
	}
	return ok
}

// ignore tells a sink that news of time t about a request is ignored, for a reason and because of
// the time that is known.
func ignore(events scheduler.EventSink, r scheduler.RequestID, t time.Time,
	reason protos.TaskEvent_Ignored_Reason, known time.Time) {
	if events == nil {
		return
	}
	events.AddEvent(&protos.TaskEvent{
		Type:      protos.TaskEvent_TYPE_IGNORED,
		Category:  protos.TaskEvent_CATEGORY_DISPATCHER,
		Time:      timestamppb.New(t),
		RequestId: string(r),
		Details: &protos.TaskEvent_Ignored_{Ignored: &protos.TaskEvent_Ignored{
			Reason:    reason,
			KnownTime: timestamppb.New(known),
		}},
	})
}

// AddTaskError marks a given task as having failed due to an error, and in need of cancellation
// until it is reported absent, on the worker that it was handed to or runs on, if there is one.
// From the next AssignTasks on it is not placed or handed out. What is not UTF-8 in the error's
// text is replaced. The error returned is scheduler.ErrInvalid, for an empty id or a nil error.
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
		e.worker = w // nothing more is known until the scheduler is
	}
	state.errors[requestID] = e
	return nil
}
