package wire

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// AppendTaskField appends a task, as snapshots have it, as a field of another message.
func AppendTaskField(b []byte, field protowire.Number, t *replica.StoredTask) ([]byte, error) {
	w := writer{b: b}
	at := w.begin(field)
	if m := t.GetTask(); m != nil {
		at := w.begin(1)
		w.task(m)
		w.end(at)
	}
	w.bytes(2, t.GetSpec())
	w.bytes(3, t.GetSpecHash())
	w.duration(4, t.GetLostWork())
	w.number(5, flag(t.GetProvisionRequired()))
	w.duration(6, t.GetSavedFor())
	w.time(7, t.GetDisconnectTime())
	w.end(at)
	return w.b, w.err
}

// task writes a task as people see it.
func (w *writer) task(t *dispatch.Task) {
	w.text(1, t.GetPool())
	w.text(2, t.GetId())
	if s := t.GetSpec(); s != nil {
		at := w.begin(3)
		w.spec(s)
		w.end(at)
	}
	w.text(4, t.GetIdentity())
	w.number(5, uint64(t.GetState()))
	w.time(6, t.GetEnqueueTime())
	w.time(7, t.GetChangeTime())
	w.number(8, uint64(t.GetAttempts()))
	w.number(9, uint64(t.GetLosses()))
	w.number(10, uint64(t.GetFailures()))
	w.number(11, uint64(t.GetPreemptions()))
	if l := t.GetLease(); l != nil {
		w.message(12, l)
	}
	w.number(13, flag(t.GetDisconnected()))
	w.text(14, t.GetMessage())
	if r := t.GetResult(); r != nil {
		w.message(15, r)
	}
	if r := t.GetLateResult(); r != nil {
		w.message(16, r)
	}
}

// bytes writes bytes.
func (w *writer) bytes(field protowire.Number, b []byte) {
	if len(b) > 0 {
		w.b = protowire.AppendTag(w.b, field, protowire.BytesType)
		w.b = protowire.AppendBytes(w.b, b)
	}
}
