package state

import (
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// deterministic makes the same bytes of the same message.
var deterministic = proto.MarshalOptions{Deterministic: true}

// fieldNumber returns the number of a message's field.
func fieldNumber(m proto.Message, name protoreflect.Name) protowire.Number {
	return m.ProtoReflect().Descriptor().Fields().ByName(name).Number()
}

// appendField appends a message as a field of another one, as deterministic marshalling of that one
// does, and returns how long the message itself is.
func appendField(b []byte, field protowire.Number, m proto.Message) (longer []byte, size int,
	err error) {
	size = proto.Size(m)
	b = protowire.AppendTag(b, field, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(size))
	sized := proto.MarshalOptions{Deterministic: true, UseCachedSize: true}
	b, err = sized.MarshalAppend(b, m)
	return b, size, err
}
