package wire

import (
	"errors"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/quotasched/quotasched/protos/replica"
)

// A Command is the bytes of a command that was marshalled deterministically, and the ids of tasks
// that it got since.
type Command struct {
	Bytes []byte
	IDs   []string
}

// ErrNoTasks says that a command got ids that submits no tasks.
var ErrNoTasks = errors.New("a command without tasks has ids")

// AppendEntry appends an entry with these commands in place of its own.
func AppendEntry(b []byte, e *replica.Entry, commands []Command) ([]byte, error) {
	w := writer{b: b}
	w.number(1, uint64(e.GetRuleVersion()))
	w.time(2, e.GetTime())
	for _, c := range commands {
		w.command(3, &c)
	}
	w.text(4, e.GetNodeId())
	return w.b, w.err
}

// submitField is the number of the tasks that a command submits, and idsField that of their ids.
const submitField, idsField = 14, 2

// command writes a command. The kind is its last field, and the ids are the last one of that.
func (w *writer) command(field protowire.Number, c *Command) {
	if len(c.IDs) == 0 {
		w.b = protowire.AppendTag(w.b, field, protowire.BytesType)
		w.b = protowire.AppendBytes(w.b, c.Bytes)
		return
	}
	r := reader{b: c.Bytes}
	for r.next(1, bytesTag) || r.next(2, bytesTag) {
		r.content()
	}
	before := c.Bytes[:r.at]
	if !r.next(submitField, bytesTag) {
		w.err = ErrNoTasks
		return
	}
	submit := r.content()
	if !r.whole() {
		w.err = ErrNoTasks
		return
	}
	at := w.begin(field)
	w.b = append(w.b, before...)
	inner := w.begin(submitField)
	w.b = append(w.b, submit...)
	w.texts(idsField, c.IDs)
	w.end(inner)
	w.end(at)
}
