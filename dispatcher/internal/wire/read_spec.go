package wire

import (
	"bytes"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/quotasched/quotasched/protos/dispatch"
)

// A specMessage is a spec with the usual payload, in one piece of memory.
type specMessage struct {
	spec    dispatch.TaskSpec
	payload dispatch.TaskSpec_Exec
	exec    dispatch.Exec
}

// ReadSpec reads the spec of a task, from bytes that deterministic marshalling has made. It is not
// ok if they are other ones.
func ReadSpec(b []byte) (s *dispatch.TaskSpec, ok bool) {
	m, r := &specMessage{}, reader{b: b, s: string(b)}
	r.spec(m)
	return &m.spec, r.whole()
}

// ReadHead is ReadSpec without the payload, into a message that is empty. The texts of lists are
// appended to lists, which is memory for them.
func ReadHead(s *dispatch.TaskSpec, b []byte, lists *[]string) (ok bool) {
	r := reader{b: b, s: "", lists: lists}
	r.head(s)
	if r.next(opaqueField, bytesTag) || r.next(execField, bytesTag) {
		r.content()
	}
	return r.whole()
}

// spec reads a spec.
func (r *reader) spec(m *specMessage) {
	s := &m.spec
	r.head(s)
	if r.next(opaqueField, bytesTag) {
		s.Payload = &dispatch.TaskSpec_Opaque{Opaque: bytes.Clone(r.content())}
	} else if r.next(execField, bytesTag) {
		m.payload.Exec, s.Payload = &m.exec, &m.payload
		inner := r.message()
		inner.exec(&m.exec)
		r.end(&inner)
	}
}

// head reads all of a spec but the payload. A pool keeps it, so it is in memory of its own.
func (r *reader) head(s *dispatch.TaskSpec) {
	kept := r.b[r.at : r.at+payloadAt(r.b[r.at:])]
	head := reader{b: kept, s: string(kept), lists: r.lists}
	s.AccountId = head.text(1)
	s.BaseLabels = head.texts(2)
	s.ProvisionableLabels = head.texts(3)
	s.Tags = head.texts(4)
	s.StopSignal = head.text(7)
	s.Grace = head.duration(8)
	s.Timeout = head.duration(9)
	s.MaxAttempts = head.small(10)
	s.RetryOnFailure = head.small(11)
	s.OnDisconnect = dispatch.TaskSpec_OnDisconnect(head.small(12))
	s.Key = head.text(13)
	r.end(&head)
}

// The payload of a spec is one of these fields. Marshalled, one of several comes last.
const opaqueField, execField = 5, 6

// payloadAt returns where the payload of a spec begins; its end if there is none.
func payloadAt(b []byte) (at int) {
	for at < len(b) && b[at] != opaqueField<<3|bytesTag && b[at] != execField<<3|bytesTag {
		n := protowire.ConsumeFieldValue(1, protowire.Type(b[at]&7), b[at+1:])
		if n < 0 {
			return at
		}
		at += 1 + n
	}
	return at
}

// exec reads a payload for the exec driver.
func (r *reader) exec(x *dispatch.Exec) {
	x.Command = r.texts(1)
	x.Environment = r.environment()
	x.Directory = r.text(3)
	if r.next(4, bytesTag) {
		m := r.message()
		x.Limits = &dispatch.Limits{CpuMilli: int64(m.number(1)), MemoryBytes: int64(m.number(2)),
			Processes: int64(m.number(3))}
		r.end(&m)
	}
	x.User = r.text(5)
}

// environment reads a map of texts, whose keys are in order; nil if it is empty.
func (r *reader) environment() (env map[string]string) {
	last := ""
	for r.next(2, bytesTag) {
		m := r.message()
		var key, value string
		if m.next(1, bytesTag) {
			key = m.element()
		} else {
			m.fail()
		}
		if m.next(2, bytesTag) {
			value = m.element()
		} else {
			m.fail()
		}
		if r.end(&m); env != nil && key <= last {
			r.fail()
		}
		if env == nil {
			env = map[string]string{}
		}
		env[key], last = value, key
	}
	return env
}
