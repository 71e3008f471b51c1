package state

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/dispatcher/internal/wire"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// A taskMessage is a task as messages, in one piece of memory but for its lease.
type taskMessage struct {
	task              dispatch.Task
	enqueued, changed timestamppb.Timestamp
	lease             *leaseMessage // nil before the first
}

// A leaseMessage is a lease as messages, in one piece of memory.
type leaseMessage struct {
	lease                      dispatch.Lease
	assigned, started, stopped timestamppb.Timestamp
}

// A storedMessage is a task as messages, with what only the state knows. A snapshot makes those of
// a million tasks, one after the other, in the same memory.
type storedMessage struct {
	taskMessage
	stored          replica.StoredTask
	silent          timestamppb.Timestamp
	lostWork, saved durationpb.Duration
}

// fill makes the message of a task, without pool and spec. It sets all other fields.
func (m *taskMessage) fill(t *task) *dispatch.Task {
	p := &m.task
	p.Id, p.Identity, p.State = t.id, t.identity, t.state
	p.EnqueueTime = fillTime(&m.enqueued, t.enqueued)
	p.ChangeTime = fillTime(&m.changed, t.changed)
	p.Attempts, p.Losses, p.Failures, p.Preemptions = t.attempts, t.losses, t.failures, t.preemptions
	p.Lease = nil
	if t.lease != nil {
		if m.lease == nil {
			m.lease = &leaseMessage{}
		}
		p.Lease = m.lease.fill(t.lease)
	}
	p.Disconnected = t.lease != nil && !t.lease.silent.IsZero()
	p.Message, p.Result, p.LateResult = t.message, t.result, t.late
	return p
}

// fill makes the message of a lease. It sets all fields.
func (m *leaseMessage) fill(l *lease) *dispatch.Lease {
	p := &m.lease
	p.Id, p.Worker, p.BootId, p.Phase, p.StopReason = l.id, l.worker, l.boot, l.phase, l.stop
	p.AssignTime = fillTime(&m.assigned, l.assigned)
	p.StartTime = fillTime(&m.started, l.started)
	p.StopTime = fillTime(&m.stopped, l.stopped)
	return p
}

// fillStored makes the message. It sets all fields.
func (m *storedMessage) fillStored(t *task) *replica.StoredTask {
	p := &m.stored
	p.Task, p.Spec, p.SpecHash = m.fill(t), t.spec, nil
	if t.key != nil {
		p.SpecHash = t.key.hash[:]
	}
	p.LostWork = fillDuration(&m.lostWork, t.lostWork)
	p.ProvisionRequired, p.SavedFor, p.DisconnectTime = false, nil, nil
	if l := t.lease; l != nil {
		p.ProvisionRequired = l.provision
		p.SavedFor = fillDuration(&m.saved, l.saved)
		p.DisconnectTime = fillTime(&m.silent, l.silent)
	}
	return p
}

// fillTime makes a time a message; nil for the zero time.
func fillTime(m *timestamppb.Timestamp, t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	m.Seconds, m.Nanos = t.Unix(), int32(t.Nanosecond())
	return m
}

// fillDuration makes a duration, which is not negative, a message; nil for 0.
func fillDuration(m *durationpb.Duration, d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	m.Seconds, m.Nanos = int64(d/time.Second), int32(d%time.Second)
	return m
}

// answers are messages of tasks without their payloads, for the answer of one command, in one piece
// of memory.
type answers struct {
	free []struct {
		taskMessage
		spec dispatch.TaskSpec
	}
	lists []string
}

// newAnswers returns memory for n of them.
func newAnswers(n int) *answers {
	a := &answers{lists: make([]string, 0, 2*n)}
	a.free = slices.Grow(a.free, n)[:n]
	return a
}

// of returns the message of a task.
func (a *answers) of(t *task, pool string) *dispatch.Task {
	m := &a.free[0]
	a.free = a.free[1:]
	p := m.fill(t)
	p.Pool, p.Spec = pool, &m.spec
	if !wire.ReadHead(&m.spec, t.spec, &a.lists) {
		p.Spec = t.parseSpec()
		p.Spec.Payload = nil
	}
	return p
}

// tasksField is the number of the tasks in a section of them.
var tasksField = fieldNumber(&replica.Tasks{}, "tasks")

// append appends the bytes of a task in a section of tasks.
func (m *storedMessage) append(b []byte, t *task) ([]byte, error) {
	return wire.AppendTaskField(b, tasksField, m.fillStored(t))
}
