package node

import (
	"sync"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// A shape says which fields messages of a type have, by number, for a walk over bytes that were
// marshalled.
type shape struct{ fields []shapeField }

// A shapeField is a field, or a number that none has.
type shapeField struct {
	known bool
	wire  protowire.Type // how it is written
	inner *shape         // of the messages in it; nil if it has none
}

var (
	shapesLock sync.RWMutex
	shapes     = map[protoreflect.FullName]*shape{}
)

// shapeOf returns the shape of a type of messages.
func shapeOf(d protoreflect.MessageDescriptor) *shape {
	shapesLock.RLock()
	s := shapes[d.FullName()]
	shapesLock.RUnlock()
	if s == nil {
		shapesLock.Lock()
		defer shapesLock.Unlock()
		s = makeShape(d)
	}
	return s
}

// makeShape makes the shape of a type, and of all types in it, unless there is one.
func makeShape(d protoreflect.MessageDescriptor) *shape {
	if s := shapes[d.FullName()]; s != nil {
		return s
	}
	s := &shape{}
	shapes[d.FullName()] = s // before its fields, which may be of its own type
	for i := range d.Fields().Len() {
		f := d.Fields().Get(i)
		if n := int(f.Number()) + 1 - len(s.fields); n > 0 {
			s.fields = append(s.fields, make([]shapeField, n)...)
		}
		field := &s.fields[f.Number()]
		field.known, field.wire = true, wireType(f)
		if f.Message() != nil {
			field.inner = makeShape(f.Message())
		}
	}
	return s
}

// wireType is how a field is marshalled.
func wireType(f protoreflect.FieldDescriptor) protowire.Type {
	if f.IsPacked() {
		return protowire.BytesType
	}
	switch f.Kind() {
	case protoreflect.Fixed32Kind, protoreflect.Sfixed32Kind, protoreflect.FloatKind:
		return protowire.Fixed32Type
	case protoreflect.Fixed64Kind, protoreflect.Sfixed64Kind, protoreflect.DoubleKind:
		return protowire.Fixed64Type
	case protoreflect.StringKind, protoreflect.BytesKind, protoreflect.MessageKind:
		return protowire.BytesType
	case protoreflect.GroupKind:
		return protowire.StartGroupType
	}
	return protowire.VarintType
}

// knows reports whether all fields of a message are of its shape, at any depth. A known number that
// is written in another way is an unknown field.
func (s *shape) knows(b []byte) bool {
	for len(b) > 0 {
		number, wire, n := protowire.ConsumeTag(b)
		if n < 0 || int64(number) >= int64(len(s.fields)) {
			return false
		}
		f := &s.fields[number]
		if !f.known || f.wire != wire || wire == protowire.StartGroupType {
			return false
		}
		b = b[n:]
		length := protowire.ConsumeFieldValue(number, wire, b)
		if length < 0 {
			return false
		}
		if f.inner != nil {
			if inner, _ := protowire.ConsumeBytes(b[:length]); !f.inner.knows(inner) {
				return false
			}
		}
		b = b[length:]
	}
	return true
}
