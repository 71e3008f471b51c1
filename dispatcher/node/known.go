package node

import (
	"sync"
	"unicode/utf8"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/quotasched/quotasched/dispatcher/state"
)

// Codes of refusals, as gRPC numbers them.
const codeInvalid = uint32(codes.InvalidArgument)

// checkKnown refuses a message with fields that this code does not know, at any depth, or with text
// that is not UTF-8: an entry with them would stop every replica.
func checkKnown(m proto.Message) error {
	if isKnown(m) {
		return nil
	}
	if text := unknown(m.ProtoReflect()); text != "" {
		return &state.Refusal{Code: codeInvalid, Text: text}
	}
	return nil
}

// buffers are for bytes that nobody needs. One for more than so many bytes is not kept.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

const bufferMax = 1 << 20

// isKnown reports whether there is nothing to refuse in a message. To marshal it, and to walk over
// its bytes, takes a fraction of the time that it takes to ask for each field.
func isKnown(m proto.Message) bool {
	b := buffers.Get().(*[]byte)
	defer func() {
		if cap(*b) <= bufferMax {
			buffers.Put(b)
		}
	}()
	var known bool
	*b, known = appendKnown((*b)[:0], m)
	return known
}

// marshalKnown is checkKnown, and returns the bytes of the message.
func marshalKnown(m proto.Message) ([]byte, error) {
	if b, known := appendKnown(nil, m); known {
		return b, nil
	}
	return nil, checkKnown(m)
}

// appendKnown appends the bytes of a message, and reports whether there is nothing to refuse in it.
func appendKnown(b []byte, m proto.Message) ([]byte, bool) {
	b, err := proto.MarshalOptions{Deterministic: true}.MarshalAppend(b, m)
	return b, err == nil && shapeOf(m.ProtoReflect().Descriptor()).knows(b)
}

// unknown says what is not known in a message, or is not UTF-8; empty if nothing is.
func unknown(m protoreflect.Message) (text string) {
	if len(m.GetUnknown()) > 0 {
		return "a " + string(m.Descriptor().Name()) + " has fields that this server does not know"
	}
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap():
			v.Map().Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
				text = unknownValue(f.MapKey(), k.Value())
				if text == "" {
					text = unknownValue(f.MapValue(), v)
				}
				return text == ""
			})
		case f.IsList():
			for i := 0; i < v.List().Len() && text == ""; i++ {
				text = unknownValue(f, v.List().Get(i))
			}
		default:
			text = unknownValue(f, v)
		}
		return text == ""
	})
	return text
}

func unknownValue(f protoreflect.FieldDescriptor, v protoreflect.Value) string {
	switch f.Kind() {
	case protoreflect.MessageKind, protoreflect.GroupKind:
		return unknown(v.Message())
	case protoreflect.StringKind:
		if !utf8.ValidString(v.String()) {
			return "the field " + string(f.FullName()) + " is not UTF-8"
		}
	}
	return ""
}
