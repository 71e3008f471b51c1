package state

import (
	"bytes"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/dispatcher/internal/wire"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// Specs of tasks are kept as they were marshalled: a million of them take a fraction of what they
// would as messages.

// marshalSpec returns the bytes of a spec.
func marshalSpec(s *dispatch.TaskSpec) []byte {
	spec, err := deterministic.Marshal(s)
	if err != nil {
		panic("invariant: a checked spec can be marshalled: " + err.Error())
	}
	return spec
}

// parseSpec returns what is wanted.
func (t *task) parseSpec() *dispatch.TaskSpec {
	if s, ok := wire.ReadSpec(t.spec); ok {
		return s
	}
	s := &dispatch.TaskSpec{}
	if err := proto.Unmarshal(t.spec, s); err != nil {
		panic("invariant: a stored spec can be read")
	}
	return s
}

// payloadFields are the numbers of the fields of a spec that are its payload.
var payloadFields = func() map[protowire.Number]bool {
	numbers := map[protowire.Number]bool{}
	fields := (&dispatch.TaskSpec{}).ProtoReflect().Descriptor().Oneofs().ByName("payload").Fields()
	for i := range fields.Len() {
		numbers[fields.Get(i).Number()] = true
	}
	return numbers
}()

// withoutPayload returns the bytes of a spec that marshalSpec made, without its payload.
func withoutPayload(spec []byte) []byte {
	kept := make([]byte, 0, 512)
	for len(spec) > 0 {
		number, _, n := protowire.ConsumeField(spec)
		if n < 0 {
			panic("invariant: a stored spec can be read")
		}
		if !payloadFields[number] {
			kept = append(kept, spec[:n]...)
		}
		spec = spec[n:]
	}
	return bytes.Clone(kept)
}

// payloadBytes is how much of a pool's bound for payloads a spec takes.
func payloadBytes(s *dispatch.TaskSpec) int {
	return len(s.GetOpaque()) + proto.Size(s.GetExec())
}
