package reconciler

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// Apply runs one operation on a pool, as the method of the same name would, and returns its answer,
// which is empty for operations that have none. The error is one of the scheduler's kinds; then
// nothing has changed. It costs as much as the method, and panics where that does: without a
// context, a state or a scheduler.
func Apply(ctx context.Context, state *State, s *scheduler.Scheduler, op *protos.Operation,
	events scheduler.EventSink) (*protos.Result, error) {
	answer := &protos.Result{}
	if err := ApplyInto(ctx, state, s, op, events, answer); err != nil {
		return nil, err
	}
	return answer, nil
}

// ApplyInto is Apply for many operations, most of which answer nothing: it writes the
// answer into a message of the caller's, in place of what that had. After an error it is empty.
func ApplyInto(ctx context.Context, state *State, s *scheduler.Scheduler, op *protos.Operation,
	events scheduler.EventSink, answer *protos.Result) error {
	state.checkCall(ctx)
	if answer == nil {
		return fmt.Errorf("%w: nil answer", scheduler.ErrInvalid)
	}
	answer.Reset()
	t, err := operationTime(op)
	if err != nil {
		return err
	}
	state.scheduler = s
	switch k := op.GetKind().(type) {
	case *protos.Operation_AssignTasks:
		assignTasks(ctx, state, s, t, k.AssignTasks, events, answer)
		return nil
	case *protos.Operation_GetCancellations:
		getCancellations(state, answer)
		return nil
	case *protos.Operation_AddAccount:
		return addAccount(k.AddAccount, s.AddAccount)
	case *protos.Operation_DeleteAccount:
		return s.DeleteAccount(scheduler.AccountID(k.DeleteAccount.GetAccountId()))
	case *protos.Operation_ResetBalance:
		return s.ResetBalance(scheduler.AccountID(k.ResetBalance.GetAccountId()))
	case *protos.Operation_TaskWaiting:
		return taskWaiting(state, s, t, k.TaskWaiting, events)
	case *protos.Operation_TaskRunning:
		return taskRunning(ctx, state, s, t, k.TaskRunning, events)
	case *protos.Operation_TaskAbsent:
		return state.NotifyTaskAbsent(ctx, s, events, &TaskAbsentRequest{
			RequestID: scheduler.RequestID(k.TaskAbsent.GetRequestId()),
			Time:      t,
		})
	case *protos.Operation_AddTaskError:
		return state.AddTaskError(scheduler.RequestID(k.AddTaskError.GetRequestId()),
			errors.New(k.AddTaskError.GetMessage()))
	case *protos.Operation_WorkerGone:
		return state.NotifyWorkerGone(ctx, s, events, &WorkerGoneRequest{
			WorkerID: scheduler.WorkerID(k.WorkerGone.GetWorkerId()),
			Time:     t,
		})
	case nil:
		return fmt.Errorf("%w: operation without a kind", scheduler.ErrInvalid)
	}
	return applyOrder(state, s, t, op, events)
}

// Replay is Apply for an operation of a record, such as a journal, which may be older than this
// version: it accepts also what was accepted then and is refused today. That is an add_account with
// a rate without a max_charge.
func Replay(ctx context.Context, state *State, s *scheduler.Scheduler, op *protos.Operation,
	events scheduler.EventSink) (*protos.Result, error) {
	state.checkCall(ctx)
	add, ok := op.GetKind().(*protos.Operation_AddAccount)
	if !ok {
		return Apply(ctx, state, s, op, events)
	}
	_, err := operationTime(op)
	if err == nil {
		err = addAccount(add.AddAccount, s.ReplayAddAccount)
	}
	if err != nil {
		return nil, err
	}
	return &protos.Result{}, nil
}

// operationTime returns the time of an operation.
func operationTime(op *protos.Operation) (time.Time, error) {
	if op == nil {
		return time.Time{}, fmt.Errorf("%w: nil operation", scheduler.ErrInvalid)
	}
	if op.GetTime() == nil {
		return time.Time{}, fmt.Errorf("%w: operation without a time", scheduler.ErrInvalid)
	}
	if err := checkNanos(op.GetTime()); err != nil {
		return time.Time{}, fmt.Errorf("time: %w", err)
	}
	t := op.GetTime().AsTime()
	return t, checkTime(t)
}

// addAccount adds an account by a method of the scheduler.
func addAccount(op *protos.AddAccount, add func(scheduler.AccountID, *scheduler.AccountConfig,
	scheduler.Balance) error) error {
	config, err := scheduler.AccountConfigFromProto(op.GetConfig())
	if err != nil {
		return fmt.Errorf("account %s: %w", check.Quote(op.GetAccountId()), err)
	}
	var initial scheduler.Balance
	if units := op.GetBalance(); len(units) == len(initial) {
		for p, u := range units {
			initial[p] = scheduler.Quota(u)
		}
	} else if len(units) != 0 {
		return fmt.Errorf("account %s: %w: balance has %d numbers instead of %d",
			check.Quote(op.GetAccountId()), scheduler.ErrInvalid, len(units), len(initial))
	}
	return add(scheduler.AccountID(op.GetAccountId()), config, initial)
}

func taskWaiting(state *State, s *scheduler.Scheduler, t time.Time,
	op *protos.TaskWaiting, events scheduler.EventSink) error {
	id := scheduler.RequestID(op.GetRequestId())
	if op.GetEnqueueTime() == nil {
		return fmt.Errorf("request %s: %w: no enqueue time", check.Quote(id), scheduler.ErrInvalid)
	}
	if err := checkNanos(op.GetEnqueueTime()); err != nil {
		return fmt.Errorf("request %s: enqueue time: %w", check.Quote(id), err)
	}
	lost, ok := check.Duration(op.GetLostWork())
	if !ok {
		return fmt.Errorf("request %s: %w: lost work of %d s and %d ns is not within 292 years",
			check.Quote(id), scheduler.ErrInvalid, op.GetLostWork().GetSeconds(),
			op.GetLostWork().GetNanos())
	}
	return state.taskWaiting(s, events, &scheduler.TaskRequest{
		ID:                  id,
		LostWork:            lost,
		Account:             scheduler.AccountID(op.GetAccountId()),
		BaseLabels:          op.GetBaseLabels(),
		ProvisionableLabels: op.GetProvisionableLabels(),
		Tags:                op.GetTags(),
		EnqueueTime:         op.GetEnqueueTime().AsTime(),
	}, t)
}

func taskRunning(ctx context.Context, state *State, s *scheduler.Scheduler, t time.Time,
	op *protos.TaskRunning, events scheduler.EventSink) error {
	update := &TaskRunningRequest{
		RequestID: scheduler.RequestID(op.GetRequestId()),
		WorkerID:  scheduler.WorkerID(op.GetWorkerId()),
		Time:      t,
	}
	if saved := op.GetSavedTime(); saved != nil {
		if err := checkNanos(saved); err != nil {
			return fmt.Errorf("request %s: saved time: %w", check.Quote(update.RequestID), err)
		}
		if update.SavedTime = saved.AsTime(); update.SavedTime.IsZero() {
			return fmt.Errorf("request %s: saved time: %w", check.Quote(update.RequestID),
				checkTime(update.SavedTime))
		}
	}
	return state.NotifyTaskRunning(ctx, s, events, update)
}

func assignTasks(ctx context.Context, state *State, s *scheduler.Scheduler, t time.Time,
	op *protos.AssignTasks, events scheduler.EventSink, answer *protos.Result) {
	pulls := state.pulls[:0]
	for i, w := range op.GetWorkers() {
		pulls = append(pulls, pull{index: i, id: scheduler.WorkerID(w.GetWorkerId()),
			labels: w.GetLabels()})
	}
	assignments := state.assignTasks(ctx, s, t, events, pulls, state.answered[:0])
	clear(pulls)
	state.pulls, state.answered = pulls, assignments[:0]
	if len(assignments) == 0 {
		return
	}
	defer clear(assignments)
	answer.Assignments = make([]*protos.Assignment, len(assignments))
	memory := make([]protos.Assignment, len(assignments))
	for i := range assignments {
		a, m := &assignments[i], &memory[i]
		m.WorkerId, m.RequestId = string(a.WorkerID), string(a.RequestID)
		m.ProvisionRequired = a.ProvisionRequired
		answer.Assignments[i] = m
	}
}

func getCancellations(state *State, answer *protos.Result) {
	for _, c := range state.cancellations() {
		answer.Cancellations = append(answer.Cancellations, &protos.Cancellation{
			WorkerId:     c.WorkerID,
			RequestId:    c.RequestID,
			ErrorMessage: c.ErrorMessage,
			Reason:       c.reason,
		})
	}
}
