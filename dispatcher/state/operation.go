package state

import (
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// An operationMemory is what the operations are made in that come by the million, one after the
// other in the same memory: nobody keeps an operation.
type operationMemory struct {
	operation      protos.Operation
	time, enqueued timestamppb.Timestamp
	lostWork       durationpb.Duration

	waiting     protos.Operation_TaskWaiting
	taskWaiting protos.TaskWaiting
	absent      protos.Operation_TaskAbsent
	taskAbsent  protos.TaskAbsent

	answer *protos.Result // of the next operation; nil if it is to be made
}

// at begins an operation.
func (m *operationMemory) at(t time.Time) *protos.Operation {
	m.time.Seconds, m.time.Nanos = t.Unix(), int32(t.Nanosecond())
	m.operation.Time = &m.time
	return &m.operation
}

// waitingOp says that a task waits. It is pool.TaskWaiting.
func (p *hosted) waitingOp(t *task, s *dispatch.TaskSpec) *protos.Operation {
	m := &p.memory.operation
	w := &m.taskWaiting
	w.RequestId, w.AccountId, w.Tags = t.id, s.GetAccountId(), s.GetTags()
	w.BaseLabels, w.ProvisionableLabels = s.GetBaseLabels(), s.GetProvisionableLabels()
	w.EnqueueTime = fillTime(&m.enqueued, t.enqueued)
	w.LostWork = fillDuration(&m.lostWork, t.lostWork)
	op := m.at(p.now)
	m.waiting.TaskWaiting, op.Kind = w, &m.waiting
	return op
}

// absentOp says that a task neither waits nor is on a worker. It is pool.TaskAbsent.
func (p *hosted) absentOp(t *task) *protos.Operation {
	m := &p.memory.operation
	m.taskAbsent.RequestId = t.id
	op := m.at(p.now)
	m.absent.TaskAbsent, op.Kind = &m.taskAbsent, &m.absent
	return op
}

// A stepMemory is the outcome of an operation in one piece of memory, with room for one event.
type stepMemory struct {
	outcome protos.Outcome
	events  [1]*protos.TaskEvent
}

// noAnswer is the result of most operations. Nobody writes to it.
var noAnswer = &protos.Result{}

// answerable returns the result of the next operation, which is empty.
func (m *operationMemory) answerable() *protos.Result {
	if m.answer == nil {
		m.answer = &protos.Result{}
	}
	return m.answer
}

// result returns the result of an operation that has run.
func (m *operationMemory) result() *protos.Result {
	r := m.answer
	if len(r.GetAssignments()) == 0 && len(r.GetCancellations()) == 0 {
		return noAnswer
	}
	m.answer = nil
	return r
}

// of makes the outcome of an operation. It is pool.OutcomeOf, but for the name of the pool in the
// events.
func (m *stepMemory) of(result *protos.Result, events []*decision, err error) *protos.Outcome {
	list := m.events[:0]
	for _, d := range events {
		list = append(list, &d.scheduler)
	}
	if len(list) > 0 {
		m.outcome.Events = list
	}
	if err != nil {
		m.outcome.Error = strings.ToValidUTF8(err.Error(), "?")
	} else {
		m.outcome.Result = result
	}
	return &m.outcome
}
