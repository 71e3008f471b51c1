package script

import (
	"fmt"
	"strconv"
	"strings"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// formatMessage writes what is set in a message, one field a line, by its path from the top:
// "workers[0].run.priority: 5". The same message gives the same text.
func formatMessage(m proto.Message) string {
	var b strings.Builder
	writeFields(&b, m.ProtoReflect(), "")
	return b.String()
}

func writeFields(b *strings.Builder, m protoreflect.Message, path string) {
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		if !m.Has(field) {
			continue
		}
		name, value := path+string(field.Name()), m.Get(field)
		switch {
		case field.IsMap():
			fmt.Fprintf(b, "%s: %s\n", name, formatMap(value.Map()))
		case field.IsList() && field.Message() != nil:
			for j := range value.List().Len() {
				writeMessage(b, value.List().Get(j).Message(), fmt.Sprintf("%s[%d]", name, j))
			}
		case field.IsList():
			fmt.Fprintf(b, "%s: %s\n", name, formatList(field, value.List()))
		case field.Message() != nil:
			writeMessage(b, value.Message(), name)
		default:
			fmt.Fprintf(b, "%s: %s\n", name, formatScalar(field, value))
		}
	}
}

func writeMessage(b *strings.Builder, m protoreflect.Message, path string) {
	switch v := m.Interface().(type) {
	case *timestamppb.Timestamp:
		fmt.Fprintf(b, "%s: %s\n", path, formatTime(v.AsTime()))
	case *durationpb.Duration:
		fmt.Fprintf(b, "%s: %s\n", path, v.AsDuration())
	default:
		before := b.Len()
		writeFields(b, m, path+".")
		if b.Len() == before {
			fmt.Fprintf(b, "%s: {}\n", path)
		}
	}
}

func formatList(field protoreflect.FieldDescriptor, list protoreflect.List) string {
	words := make([]string, list.Len())
	for i := range words {
		words[i] = formatScalar(field, list.Get(i))
	}
	return "[" + strings.Join(words, " ") + "]"
}

// formatMap writes a map with its keys in order, as fmt has them.
func formatMap(m protoreflect.Map) string {
	values := map[string]int64{}
	m.Range(func(key protoreflect.MapKey, value protoreflect.Value) bool {
		values[key.String()] = value.Int()
		return true
	})
	return strings.TrimPrefix(fmt.Sprint(values), "map")
}

func formatScalar(field protoreflect.FieldDescriptor, value protoreflect.Value) string {
	switch field.Kind() {
	case protoreflect.EnumKind:
		if v := field.Enum().Values().ByNumber(value.Enum()); v != nil {
			return string(v.Name())
		}
		return strconv.Itoa(int(value.Enum()))
	case protoreflect.StringKind:
		if s := value.String(); s == "" || strings.ContainsAny(s, " \"[]") {
			return strconv.Quote(s)
		}
	}
	return value.String()
}
