package pool

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// This file makes operations, in three groups: accounts, news and workers. Those of operators are
// in orders.go. A constructor checks nothing, as Apply checks everything. An operation shares the
// slices that it is made from; the pool keeps neither.

// Accounts.

// An Account is an account with its settings and its balance.
type Account struct {
	ID     scheduler.AccountID
	Config *scheduler.AccountConfig
	// Balance is what the account begins with.
	Balance scheduler.Balance
}

// AddAccount makes an account, or replaces the settings and the balance of one that exists.
func AddAccount(at time.Time, a Account) *protos.Operation {
	add := &protos.AddAccount{AccountId: string(a.ID), Balance: make([]int64, len(a.Balance))}
	if a.Config != nil {
		add.Config = scheduler.AccountConfigToProto(a.Config)
	}
	for p, quota := range a.Balance {
		add.Balance[p] = int64(quota)
	}
	return &protos.Operation{Time: timestamppb.New(at),
		Kind: &protos.Operation_AddAccount{AddAccount: add}}
}

// DeleteAccount ends an account. Its running tasks go on as free ones.
func DeleteAccount(at time.Time, id scheduler.AccountID) *protos.Operation {
	return &protos.Operation{Time: timestamppb.New(at),
		Kind: &protos.Operation_DeleteAccount{
			DeleteAccount: &protos.DeleteAccount{AccountId: string(id)}}}
}

// ResetBalance sets the balance of an account to zero at every level.
func ResetBalance(at time.Time, id scheduler.AccountID) *protos.Operation {
	return &protos.Operation{Time: timestamppb.New(at),
		Kind: &protos.Operation_ResetBalance{
			ResetBalance: &protos.ResetBalance{AccountId: string(id)}}}
}

// News: what is true of a request at a time.

// TaskWaiting says that a request waits: a new one, one with new content, or one whose task was
// stopped and is to be tried again. It reads ID, Account, BaseLabels, ProvisionableLabels, Tags,
// LostWork and EnqueueTime, which must be set: a request that waits again keeps its place in the
// queue by it.
func TaskWaiting(at time.Time, r scheduler.TaskRequest) *protos.Operation {
	waiting := &protos.TaskWaiting{
		RequestId:           string(r.ID),
		AccountId:           string(r.Account),
		BaseLabels:          r.BaseLabels,
		ProvisionableLabels: r.ProvisionableLabels,
		Tags:                r.Tags,
	}
	if r.LostWork != 0 {
		waiting.LostWork = durationpb.New(r.LostWork)
	}
	if !r.EnqueueTime.IsZero() {
		waiting.EnqueueTime = timestamppb.New(r.EnqueueTime)
	}
	return &protos.Operation{Time: timestamppb.New(at),
		Kind: &protos.Operation_TaskWaiting{TaskWaiting: waiting}}
}

// TaskRunning says that a request runs on a worker. It acknowledges the assignment.
func TaskRunning(at time.Time, r scheduler.RequestID, w scheduler.WorkerID) *protos.Operation {
	return &protos.Operation{Time: timestamppb.New(at),
		Kind: &protos.Operation_TaskRunning{
			TaskRunning: &protos.TaskRunning{RequestId: string(r), WorkerId: string(w)}}}
}

// TaskSaved says that a request runs on a worker, as TaskRunning does, and that its work is saved
// up to a time: a preemption would lose only what came since. That makes it a likelier victim,
// which loses and costs less.
func TaskSaved(at time.Time, r scheduler.RequestID, w scheduler.WorkerID,
	saved time.Time) *protos.Operation {
	op := TaskRunning(at, r, w)
	op.GetTaskRunning().SavedTime = timestamppb.New(saved)
	return op
}

// TaskAbsent says that a request neither waits nor runs any more: it ended, or was cancelled. It
// acknowledges a cancellation.
func TaskAbsent(at time.Time, r scheduler.RequestID) *protos.Operation {
	return &protos.Operation{Time: timestamppb.New(at),
		Kind: &protos.Operation_TaskAbsent{
			TaskAbsent: &protos.TaskAbsent{RequestId: string(r)}}}
}

// AddTaskError says that a request cannot run, and why: it gets no worker, and is cancelled until
// it is reported absent.
func AddTaskError(at time.Time, r scheduler.RequestID, message string) *protos.Operation {
	return &protos.Operation{Time: timestamppb.New(at),
		Kind: &protos.Operation_AddTaskError{
			AddTaskError: &protos.AddTaskError{RequestId: string(r), Message: message}}}
}

// Workers.

// WorkerGone says that a worker is gone: what ran there is over, what it was only assigned waits
// again, and what had to stop there has stopped.
func WorkerGone(at time.Time, w scheduler.WorkerID) *protos.Operation {
	return &protos.Operation{Time: timestamppb.New(at),
		Kind: &protos.Operation_WorkerGone{
			WorkerGone: &protos.WorkerGone{WorkerId: string(w)}}}
}

// IdleWorker returns a worker that wants a task, for AssignTasks.
func IdleWorker(id scheduler.WorkerID, labels ...string) *protos.IdleWorker {
	return &protos.IdleWorker{WorkerId: string(id), Labels: labels}
}

// AssignTasks lets workers pull. It moves the pool to its time and runs a scheduling pass, also
// without workers; the result has the tasks for these workers.
func AssignTasks(at time.Time, workers ...*protos.IdleWorker) *protos.Operation {
	return &protos.Operation{Time: timestamppb.New(at),
		Kind: &protos.Operation_AssignTasks{
			AssignTasks: &protos.AssignTasks{Workers: workers}}}
}

// GetCancellations asks which tasks must stop. It changes nothing; the result has the tasks.
func GetCancellations(at time.Time) *protos.Operation {
	return &protos.Operation{Time: timestamppb.New(at),
		Kind: &protos.Operation_GetCancellations{GetCancellations: &protos.GetCancellations{}}}
}
