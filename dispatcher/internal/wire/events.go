package wire

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// AppendEventField appends an event as a field of another message, and returns how long the event
// itself is.
func AppendEventField(b []byte, field protowire.Number, e *dispatch.Event) (longer []byte, size int,
	err error) {
	w := writer{b: b}
	at := w.begin(field)
	w.event(e)
	size = len(w.b) - at
	w.end(at)
	return w.b, size, w.err
}

// AppendOutcome appends the outcome of an operation as journals have it: without the pool's name in
// its events.
func AppendOutcome(b []byte, o *protos.Outcome) ([]byte, error) {
	w := writer{b: b}
	if r := o.GetResult(); r != nil {
		at := w.begin(1)
		if len(r.GetAssignments()) > 0 || len(r.GetCancellations()) > 0 {
			w.rest(r)
		}
		w.end(at)
	}
	w.text(2, o.GetError())
	for _, e := range o.GetEvents() {
		at := w.begin(3)
		w.taskEvent(e, "")
		w.end(at)
	}
	return w.b, w.err
}

// AppendOperation appends an operation.
func AppendOperation(b []byte, o *protos.Operation) ([]byte, error) {
	w := writer{b: b}
	w.time(1, o.GetTime())
	switch k := o.GetKind().(type) {
	case *protos.Operation_TaskWaiting:
		at := w.begin(5)
		w.taskWaiting(k.TaskWaiting)
		w.end(at)
	case *protos.Operation_TaskAbsent:
		at := w.begin(7)
		w.text(1, k.TaskAbsent.GetRequestId())
		w.end(at)
	default:
		w.rest(&protos.Operation{Kind: k})
	}
	return w.b, w.err
}

// taskWaiting writes that a task waits.
func (w *writer) taskWaiting(t *protos.TaskWaiting) {
	w.text(1, t.GetRequestId())
	w.text(2, t.GetAccountId())
	w.texts(3, t.GetBaseLabels())
	w.texts(4, t.GetProvisionableLabels())
	w.time(5, t.GetEnqueueTime())
	w.texts(6, t.GetTags())
	w.duration(7, t.GetLostWork())
}

// event writes an event of the dispatcher.
func (w *writer) event(e *dispatch.Event) {
	if p := e.GetPosition(); p != nil {
		w.pair(1, p.GetIndex(), uint64(p.GetN()))
	}
	w.time(2, e.GetTime())
	w.text(3, e.GetPool())
	switch k := e.GetKind().(type) {
	case *dispatch.Event_Scheduler:
		at := w.begin(4)
		w.taskEvent(k.Scheduler, k.Scheduler.GetPool())
		w.end(at)
	case *dispatch.Event_Task:
		at := w.begin(5)
		w.taskChange(k.Task)
		w.end(at)
	default:
		w.rest(&dispatch.Event{Kind: k})
	}
}

// taskChange writes what a task came to.
func (w *writer) taskChange(c *dispatch.TaskChange) {
	w.text(1, c.GetId())
	w.text(2, c.GetAccountId())
	w.number(3, uint64(c.GetFrom()))
	w.number(4, uint64(c.GetTo()))
	w.text(5, c.GetLeaseId())
	w.text(6, c.GetWorker())
	if r := c.GetResult(); r != nil {
		w.message(7, r)
	}
	w.text(8, c.GetMessage())
}

// taskEvent writes an event of the scheduler, with a name of the pool.
func (w *writer) taskEvent(e *protos.TaskEvent, pool string) {
	w.number(1, uint64(e.GetType()))
	w.number(2, uint64(e.GetCategory()))
	w.text(3, pool)
	w.time(4, e.GetTime())
	w.text(5, e.GetRequestId())
	w.text(6, e.GetAccountId())
	w.number(7, flag(e.GetAccountValid()))
	w.numbers(8, e.GetAccountBalance())
	w.texts(9, e.GetBaseLabels())
	w.texts(10, e.GetProvisionableLabels())
	w.text(11, e.GetWorkerId())
	w.texts(12, e.GetWorkerLabels())
	w.numbers(13, e.GetCost())
	w.number(14, flag(e.GetIsCallback()))
	switch d := e.GetDetails().(type) {
	case nil:
	case *protos.TaskEvent_Enqueued_:
		at := w.begin(20)
		w.texts(1, d.Enqueued.GetTags())
		w.end(at)
	case *protos.TaskEvent_Completed_:
		at := w.begin(24)
		w.number(1, uint64(d.Completed.GetReason()))
		w.text(2, d.Completed.GetOtherRequestId())
		w.text(3, d.Completed.GetOtherWorkerId())
		w.end(at)
	default:
		w.rest(&protos.TaskEvent{Details: d})
	}
}

// rest writes the fields of a message, which come after all that are written.
func (w *writer) rest(m proto.Message) {
	b, err := deterministic.MarshalAppend(w.b, m)
	if w.b = b; err != nil {
		w.err = err
	}
}
