package wire

import (
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// AppendCommandField appends the outcome of a command as a field of another message.
func AppendCommandField(b []byte, field protowire.Number,
	o *replica.CommandOutcome) ([]byte, error) {
	w := writer{b: b}
	at := w.begin(field)
	w.number(1, uint64(o.GetCode()))
	w.text(2, o.GetError())
	switch k := o.GetAnswer().(type) {
	case nil:
	case *replica.CommandOutcome_SubmitTasks:
		at := w.begin(3)
		w.texts(1, k.SubmitTasks.GetIds())
		w.end(at)
	case *replica.CommandOutcome_CancelTasks:
		at := w.begin(4)
		for _, t := range k.CancelTasks.GetTasks() {
			at := w.begin(1)
			w.task(t)
			w.end(at)
		}
		w.end(at)
	default:
		w.rest(&replica.CommandOutcome{Answer: k})
	}
	w.end(at)
	return w.b, w.err
}

// spec writes the spec of a task.
func (w *writer) spec(s *dispatch.TaskSpec) {
	w.text(1, s.GetAccountId())
	w.texts(2, s.GetBaseLabels())
	w.texts(3, s.GetProvisionableLabels())
	w.texts(4, s.GetTags())
	w.text(7, s.GetStopSignal())
	w.duration(8, s.GetGrace())
	w.duration(9, s.GetTimeout())
	w.number(10, uint64(s.GetMaxAttempts()))
	w.number(11, uint64(s.GetRetryOnFailure()))
	w.number(12, uint64(s.GetOnDisconnect()))
	w.text(13, s.GetKey())
	if k := s.GetPayload(); k != nil {
		w.rest(&dispatch.TaskSpec{Payload: k})
	}
}
