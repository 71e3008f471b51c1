package scramble

import (
	"math/rand/v2"
	"strings"

	"google.golang.org/protobuf/reflect/protoreflect"
)

// Message sets fields of a message at random, at all depths, and notes which.
func Message(r *rand.Rand, m protoreflect.Message, set map[protoreflect.FullName]bool) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		f := fields.Get(i)
		if r.IntN(3) == 0 {
			continue
		}
		set[f.FullName()] = true
		switch {
		case f.IsMap():
			for range r.IntN(4) {
				m.Mutable(f).Map().Set(value(r, f.MapKey(), nil, set).MapKey(),
					value(r, f.MapValue(), m.Mutable(f).Map().NewValue, set))
			}
		case f.IsList():
			list := m.Mutable(f).List()
			for range r.IntN(4) {
				list.Append(value(r, f, list.NewElement, set))
			}
		default:
			m.Set(f, value(r, f, func() protoreflect.Value { return m.NewField(f) }, set))
		}
	}
}

// value returns a random value of a field.
func value(r *rand.Rand, f protoreflect.FieldDescriptor, empty func() protoreflect.Value,
	set map[protoreflect.FullName]bool) protoreflect.Value {
	n := r.Int64() >> r.IntN(64)
	if r.IntN(4) == 0 {
		n = -n
	}
	switch f.Kind() {
	case protoreflect.MessageKind:
		v := empty()
		Message(r, v.Message(), set)
		return v
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(strings.Repeat("é", r.IntN(1<<r.IntN(9))))
	case protoreflect.BytesKind:
		return protoreflect.ValueOfBytes(make([]byte, r.IntN(9)))
	case protoreflect.BoolKind:
		return protoreflect.ValueOfBool(n&1 == 0)
	case protoreflect.EnumKind:
		return protoreflect.ValueOfEnum(protoreflect.EnumNumber(n))
	case protoreflect.Int32Kind:
		return protoreflect.ValueOfInt32(int32(n))
	case protoreflect.Uint32Kind:
		return protoreflect.ValueOfUint32(uint32(n))
	case protoreflect.Int64Kind:
		return protoreflect.ValueOfInt64(n)
	case protoreflect.Uint64Kind:
		return protoreflect.ValueOfUint64(uint64(n))
	}
	panic("a field of a kind that no message has: " + string(f.FullName()))
}
