package script

import (
	"errors"
	"time"

	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/reconciler"
	"github.com/quotasched/quotasched/scheduler"
)

// A reconciler has two doors, which must do the same: operations, and the methods that they call.

// Package reference has one door.

// apply gives the reconciler an operation at a time and prints the answer.
func (p *pool) apply(op *protos.Operation, at time.Time) error {
	op.Time = timestamp(at)
	result, err := p.applyOperation(op)
	if err != nil {
		return err
	}
	p.printResult(result)
	return nil
}

// applyOperation goes through the door that the pool uses. Operations that no method could be
// given (a message without a time, say) and those that have none go through the other.
func (p *pool) applyOperation(op *protos.Operation) (*protos.Result, error) {
	if p.byMethods && op.GetTime().IsValid() && validYear(op.GetTime().AsTime()) {
		if do := methodFor(op); do != nil {
			return do(p, op.GetTime().AsTime())
		}
	}
	if p.onReference {
		return p.naive.Apply(op, p)
	}
	return reconciler.Apply(p.context(), p.r, p.s.(*scheduler.Scheduler), op, p)
}

func validYear(t time.Time) bool {
	return t.Year() >= 1970 && t.Year() <= 9999
}

// methodFor returns how the methods do an operation; nil if they cannot.
func methodFor(op *protos.Operation) func(p *pool, t time.Time) (*protos.Result, error) {
	switch k := op.GetKind().(type) {
	case *protos.Operation_TaskWaiting:
		if k.TaskWaiting.GetEnqueueTime().IsValid() {
			return waitingMethod(k.TaskWaiting)
		}
	case *protos.Operation_TaskRunning:
		return func(p *pool, t time.Time) (*protos.Result, error) {
			return nil, p.r.NotifyTaskRunning(p.context(), p.engine(), p, &reconciler.TaskRunningRequest{
				RequestID: scheduler.RequestID(k.TaskRunning.GetRequestId()),
				WorkerID:  scheduler.WorkerID(k.TaskRunning.GetWorkerId()),
				Time:      t,
			})
		}
	case *protos.Operation_TaskAbsent:
		return func(p *pool, t time.Time) (*protos.Result, error) {
			return nil, p.r.NotifyTaskAbsent(p.context(), p.engine(), p, &reconciler.TaskAbsentRequest{
				RequestID: scheduler.RequestID(k.TaskAbsent.GetRequestId()),
				Time:      t,
			})
		}
	case *protos.Operation_AddTaskError:
		return func(p *pool, _ time.Time) (*protos.Result, error) {
			return nil, p.r.AddTaskError(scheduler.RequestID(k.AddTaskError.GetRequestId()),
				errors.New(k.AddTaskError.GetMessage()))
		}
	case *protos.Operation_AssignTasks:
		return assignMethod(k.AssignTasks)
	case *protos.Operation_GetCancellations:
		return cancellationsMethod
	}
	return nil
}

func waitingMethod(w *protos.TaskWaiting) func(*pool, time.Time) (*protos.Result, error) {
	return func(p *pool, t time.Time) (*protos.Result, error) {
		return nil, p.r.NotifyTaskWaiting(p.context(), p.engine(), p, &reconciler.TaskWaitingRequest{
			AccountID:           scheduler.AccountID(w.AccountId),
			BaseLabels:          stringset.NewFromSlice(w.BaseLabels...),
			EnqueueTime:         w.EnqueueTime.AsTime(),
			ProvisionableLabels: stringset.NewFromSlice(w.ProvisionableLabels...),
			RequestID:           scheduler.RequestID(w.RequestId),
			Tags:                w.Tags,
			Time:                t,
		})
	}
}

func assignMethod(op *protos.AssignTasks) func(*pool, time.Time) (*protos.Result, error) {
	return func(p *pool, t time.Time) (*protos.Result, error) {
		var workers []*reconciler.IdleWorker
		for _, w := range op.GetWorkers() {
			workers = append(workers, &reconciler.IdleWorker{
				ID:     scheduler.WorkerID(w.GetWorkerId()),
				Labels: stringset.NewFromSlice(w.GetLabels()...),
			})
		}
		result := &protos.Result{}
		for _, a := range p.r.AssignTasks(p.context(), p.engine(), t, p, workers...) {
			result.Assignments = append(result.Assignments, &protos.Assignment{
				WorkerId:          string(a.WorkerID),
				RequestId:         string(a.RequestID),
				ProvisionRequired: a.ProvisionRequired,
			})
		}
		return result, nil
	}
}

// cancellationsMethod asks the method, whose answer leaves the reason to be guessed.
func cancellationsMethod(p *pool, _ time.Time) (*protos.Result, error) {
	result := &protos.Result{}
	for _, c := range p.r.Cancellations(p.context()) {
		reason := protos.Cancellation_REASON_ERROR
		switch {
		case c.ErrorMessage == "":
			reason = protos.Cancellation_REASON_PREEMPTED
		case c.ErrorMessage == "EXPIRED" && c.WorkerID == "":
			reason = protos.Cancellation_REASON_EXPIRED
		}
		result.Cancellations = append(result.Cancellations, &protos.Cancellation{
			WorkerId:     c.WorkerID,
			RequestId:    c.RequestID,
			ErrorMessage: c.ErrorMessage,
			Reason:       reason,
		})
	}
	return result, nil
}
