package reconciler_test

import (
	"context"
	"time"

	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/reconciler"
	"github.com/quotasched/quotasched/scheduler"
)

// The API that dispatchers were written against; it must go on compiling.
type (
	ctx    = context.Context
	sched  = *scheduler.Scheduler
	events = scheduler.EventSink
	state  = *reconciler.State
)

var (
	_ time.Duration = reconciler.WorkerQueueTimeout

	_ func(...reconciler.Option) state                                                   = reconciler.New
	_ func(*protos.Reconciler) state                                                     = reconciler.NewFromProto
	_ func(*protos.Reconciler) (state, error)                                            = reconciler.Restore
	_ func(*protos.Reconciler) error                                                     = reconciler.Validate
	_ func(time.Duration) reconciler.Option                                              = reconciler.WithWorkerQueueTimeout
	_ func(ctx, state, sched, *protos.Operation, events) (*protos.Result, error)         = reconciler.Apply
	_ func(ctx, state, sched, *protos.Operation, events, *protos.Result) error           = reconciler.ApplyInto
	_ func(state) *protos.Reconciler                                                     = state.ToProto
	_ func(state, scheduler.RequestID, error) error                                      = state.AddTaskError
	_ func(state, scheduler.RequestID) bool                                              = state.Cancels
	_ func(state, ctx) []reconciler.Cancellation                                         = state.Cancellations
	_ func(state, ctx, sched, events, *reconciler.TaskAbsentRequest) error               = state.NotifyTaskAbsent
	_ func(state, ctx, sched, events, *reconciler.TaskRunningRequest) error              = state.NotifyTaskRunning
	_ func(state, ctx, sched, events, *reconciler.WorkerGoneRequest) error               = state.NotifyWorkerGone
	_ func(state, ctx, sched, events, *reconciler.TaskWaitingRequest) error              = state.NotifyTaskWaiting
	_ func(state, ctx, sched, time.Time, events, ...*reconciler.IdleWorker) []assignment = state.AssignTasks

	_ = reconciler.Assignment{WorkerID: scheduler.WorkerID(""), RequestID: scheduler.RequestID(""),
		ProvisionRequired: false}
	_ = reconciler.Cancellation{WorkerID: "", RequestID: "", ErrorMessage: ""}
	_ = reconciler.IdleWorker{ID: scheduler.WorkerID(""), Labels: stringset.Set(nil)}
	_ = reconciler.TaskAbsentRequest{RequestID: scheduler.RequestID(""), Time: time.Time{},
		WorkerID: scheduler.WorkerID("")}
	_ = reconciler.TaskRunningRequest{RequestID: scheduler.RequestID(""), Time: time.Time{},
		WorkerID: scheduler.WorkerID("")}
	_ = reconciler.TaskWaitingRequest{AccountID: scheduler.AccountID(""),
		BaseLabels: stringset.Set(nil), EnqueueTime: time.Time{},
		ProvisionableLabels: stringset.Set(nil), RequestID: scheduler.RequestID(""),
		Tags: []string(nil), Time: time.Time{}}
)

type assignment = reconciler.Assignment
