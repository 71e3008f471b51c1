package simulator

import (
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
)

// A letter has the memory of one operation with all its parts. The engine writes all its operations
// in one letter, as the pool keeps nothing of them; only a journal of operations does, and then
// each is written in a letter of its own.
type letter struct {
	operation      protos.Operation
	time, enqueued timestamppb.Timestamp

	waiting     protos.TaskWaiting
	waitingKind protos.Operation_TaskWaiting
	running     protos.TaskRunning
	runningKind protos.Operation_TaskRunning
	absent      protos.TaskAbsent
	absentKind  protos.Operation_TaskAbsent
	assign      protos.AssignTasks
	assignKind  protos.Operation_AssignTasks
}

// newLetter returns a letter of a moment, whose kind is still to be set.
func (e *engine) newLetter(at time.Duration) *letter {
	l := &e.dispatcher.letter
	if e.mishaps != nil {
		l = &letter{}
	}
	e.stampOn(&l.time, at)
	l.operation.Time = &l.time
	return l
}

// stampOn sets a timestamp to a moment of the clock, in the pool's time.
func (e *engine) stampOn(stamp *timestamppb.Timestamp, at time.Duration) {
	t := e.setup.Workload.Start.Add(at)
	stamp.Seconds, stamp.Nanos = t.Unix(), int32(t.Nanosecond())
}

// newsOperation returns the operation that tells news.
func (e *engine) newsOperation(n *news) *protos.Operation {
	l := e.newLetter(n.at)
	switch n.kind {
	case newsWaiting:
		s := &e.setup.Workload.Submissions[n.request.submission]
		e.stampOn(&l.enqueued, s.Submit)
		l.waiting.RequestId, l.waiting.AccountId = string(n.id), string(s.Account)
		l.waiting.BaseLabels = s.BaseLabels
		l.waiting.ProvisionableLabels = s.ProvisionableLabels
		l.waiting.EnqueueTime = &l.enqueued
		l.waitingKind.TaskWaiting = &l.waiting
		l.operation.Kind = &l.waitingKind
	case newsRunning:
		l.running.RequestId, l.running.WorkerId = string(n.id), string(n.worker.id)
		l.runningKind.TaskRunning = &l.running
		l.operation.Kind = &l.runningKind
	default:
		l.absent.RequestId = string(n.id)
		l.absentKind.TaskAbsent = &l.absent
		l.operation.Kind = &l.absentKind
	}
	return &l.operation
}

// pullOperation returns the operation that asks for tasks for the workers that polled.
func (e *engine) pullOperation() *protos.Operation {
	l := e.newLetter(e.now)
	workers := l.assign.Workers[:0]
	for _, w := range e.dispatcher.pulls {
		workers = append(workers, w.pull())
	}
	l.assign.Workers = workers
	l.assignKind.AssignTasks = &l.assign
	l.operation.Kind = &l.assignKind
	return &l.operation
}
