package state

import (
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/quotasched/quotasched/protos"
)

// An event that is told of a pool has all fields of the scheduler's, those to come included.
func TestAnEventOfAPoolHasAllFields(t *testing.T) {
	fields := (&protos.TaskEvent{}).ProtoReflect().Descriptor().Fields()
	for i := range fields.Len() {
		f, e := fields.Get(i), &protos.TaskEvent{}
		set(e.ProtoReflect(), f)
		require.NotZero(t, proto.Size(e), f.Name())
		want := proto.CloneOf(e)
		want.Pool = "lab"
		require.True(t, proto.Equal(want, (&decisionMessage{}).fill(e, "lab")), "%s is lost", f.Name())
	}
}

// set gives a field a value.
func set(m protoreflect.Message, f protoreflect.FieldDescriptor) {
	switch {
	case f.IsList():
		list := m.Mutable(f).List()
		list.Append(list.NewElement())
	case f.Kind() == protoreflect.StringKind:
		m.Set(f, protoreflect.ValueOfString("x"))
	case f.Kind() == protoreflect.BoolKind:
		m.Set(f, protoreflect.ValueOfBool(true))
	case f.Kind() == protoreflect.EnumKind:
		m.Set(f, protoreflect.ValueOfEnum(1))
	default:
		m.Mutable(f).Message()
	}
}
