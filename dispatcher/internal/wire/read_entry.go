package wire

import (
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// An Entry is an entry of the log.
type Entry struct {
	Message replica.Entry
	// Specs has the bytes of the specs of the tasks that a command submits, by command, as
	// deterministic marshalling makes them: parts of those of the entry. It is nil for a command whose
	// specs were not looked at.
	Specs [][][]byte

	time timestamppb.Timestamp
}

// An EntryReader reads one entry after the other, in the same memory. The zero value is ready.
type EntryReader struct {
	lists []string
	specs []specMessage
}

// reusedTexts and reusedSpecs are how much of that memory is used again.
const reusedTexts, reusedSpecs = 64 << 10, 8 << 10

// Read reads an entry, from bytes that deterministic marshalling has made. It is not ok if they are
// other ones, or if there is anything in the entry that this code does not know. The entry is good
// until the next one is read, but for its texts, of which those that nobody keeps for long share
// memory.
func (m *EntryReader) Read(b []byte) (e *Entry, ok bool) {
	m.release()
	e = &Entry{}
	r := reader{b: b, s: string(b), lists: &m.lists, specs: &m.specs}
	e.Message.RuleVersion = r.unsigned(1)
	if r.next(2, bytesTag) {
		e.Message.Time = &e.time
		e.time.Seconds, e.time.Nanos = r.pair()
	}
	for r.next(3, bytesTag) {
		m := r.message()
		c, specs := m.command()
		r.end(&m)
		e.Message.Commands, e.Specs = append(e.Message.Commands, c), append(e.Specs, specs)
	}
	e.Message.NodeId = r.text(4)
	return e, r.whole()
}

// release lets go what is in the memory.
func (m *EntryReader) release() {
	if clear(m.lists); cap(m.lists) > reusedTexts {
		m.lists = nil
	}
	if clear(m.specs); cap(m.specs) > reusedSpecs {
		m.specs = nil
	}
	m.lists, m.specs = m.lists[:0], m.specs[:0]
}

// A submitMessage and a cancelMessage are commands, each in one piece of memory.
type (
	submitMessage struct {
		command replica.Command
		kind    replica.Command_SubmitTasks
		submit  replica.SubmitTasks
		request dispatch.SubmitTasksRequest
	}
	cancelMessage struct {
		command replica.Command
		kind    replica.Command_CancelTasks
		cancel  dispatch.CancelTasksRequest
	}
)

// command reads a command.
func (r *reader) command() (c *replica.Command, specs [][]byte) {
	identity, requestID := r.ownText(1), r.ownText(2)
	switch {
	case r.next(14, bytesTag):
		m := &submitMessage{}
		inner := r.message()
		specs = inner.submitTasks(m)
		r.end(&inner)
		c, m.kind.SubmitTasks, m.command.Kind = &m.command, &m.submit, &m.kind
	case r.next(15, bytesTag):
		m := &cancelMessage{}
		inner := r.message()
		inner.cancelTasks(&m.cancel)
		r.end(&inner)
		c, m.kind.CancelTasks, m.command.Kind = &m.command, &m.cancel, &m.kind
	default:
		return r.anyCommand(), nil
	}
	c.Identity, c.RequestId = identity, requestID
	return c, specs
}

// anyCommand reads a command as the standard library does, from its beginning.
func (r *reader) anyCommand() *replica.Command {
	c := &replica.Command{}
	err := proto.UnmarshalOptions{DiscardUnknown: true}.Unmarshal(r.b, c)
	if err != nil || proto.Size(c) != len(r.b) {
		r.fail()
	}
	r.at = len(r.b)
	return c
}

// submitTasks reads what tasks are submitted, and returns the bytes of their specs.
func (r *reader) submitTasks(m *submitMessage) (specs [][]byte) {
	if r.next(1, bytesTag) {
		m.submit.Request = &m.request
		inner := r.message()
		specs = inner.submitRequest(&m.request)
		r.end(&inner)
	}
	if n := r.count(2); n > 0 {
		m.submit.Ids = make([]string, n)
		for i := range n {
			r.next(2, bytesTag)
			m.submit.Ids[i] = strings.Clone(r.element())
		}
	}
	return specs
}

func (r *reader) submitRequest(q *dispatch.SubmitTasksRequest) (specs [][]byte) {
	q.Pool = r.ownText(1)
	if n := r.count(2); n > 0 {
		q.Tasks, specs = make([]*dispatch.TaskSpec, n), make([][]byte, n)
		memory := r.specMemory(n)
		for i := range n {
			r.next(2, bytesTag)
			m := r.message()
			m.spec(&memory[i])
			r.end(&m)
			q.Tasks[i], specs[i] = &memory[i].spec, m.b
		}
	}
	q.RequestId = r.ownText(3)
	return specs
}

// specMemory returns memory for n specs. What was returned before stays where it is.
func (r *reader) specMemory(n int) []specMessage {
	used := len(*r.specs)
	if used+n > cap(*r.specs) {
		*r.specs, used = make([]specMessage, 0, max(n, 2*used)), 0
	}
	*r.specs = (*r.specs)[:used+n]
	return (*r.specs)[used:]
}

// cancelTasks reads what tasks are cancelled.
func (r *reader) cancelTasks(q *dispatch.CancelTasksRequest) {
	q.Pool = r.ownText(1)
	q.Ids = r.texts(2)
	q.Reason = r.ownText(3)
	q.RequestId = r.ownText(4)
}

// count returns how often a field of texts or messages comes next.
func (r *reader) count(field byte) (n int) {
	for at := r.at; at < len(r.b) && r.b[at] == field<<3|bytesTag; n++ {
		size := protowire.ConsumeFieldValue(1, protowire.BytesType, r.b[at+1:])
		if size < 0 {
			return n
		}
		at += 1 + size
	}
	return n
}
