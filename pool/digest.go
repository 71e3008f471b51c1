package pool

import (
	"crypto/sha256"
	"strconv"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// Digest returns the SHA-256 of a message, deterministically marshalled, by which journals and
// replays compare outcomes and states.
//
// A message with text that is not UTF-8 cannot be marshalled. Pools make no such messages; of one
// from elsewhere, the digest is that of the message with all its texts quoted, after a zero byte,
// with which no marshalled message begins. So two messages of one type have the same digest only
// if they are equal.
func Digest(m proto.Message) [sha256.Size]byte {
	options := proto.MarshalOptions{Deterministic: true}
	if bytes, err := options.Marshal(m); err == nil {
		return sha256.Sum256(bytes)
	}
	quoted := proto.Clone(m)
	quoteTexts(quoted.ProtoReflect())
	bytes, err := options.MarshalAppend([]byte{0}, quoted)
	if err != nil {
		panic("invariant: a message with UTF-8 alone can be marshalled: " + err.Error())
	}
	return sha256.Sum256(bytes)
}

// quoteTexts quotes each text in a message: all are UTF-8 then, and different ones stay different.
func quoteTexts(m protoreflect.Message) {
	m.Range(func(f protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case f.IsMap():
			quoteMap(f, v.Map())
		case f.IsList():
			list := v.List()
			for i := range list.Len() {
				if q, isText := quoteValue(f, list.Get(i)); isText {
					list.Set(i, q)
				}
			}
		default:
			if q, isText := quoteValue(f, v); isText {
				m.Set(f, q)
			}
		}
		return true
	})
}

// quoteMap quotes the texts in a map. The order of its entries is free: each is on its own.
func quoteMap(f protoreflect.FieldDescriptor, entries protoreflect.Map) {
	type entry struct {
		key   protoreflect.MapKey
		value protoreflect.Value
	}
	var old, quoted []entry
	entries.Range(func(k protoreflect.MapKey, v protoreflect.Value) bool {
		old = append(old, entry{k, v})
		if q, isText := quoteValue(f.MapValue(), v); isText {
			v = q
		}
		if q, isText := quoteValue(f.MapKey(), k.Value()); isText {
			k = q.MapKey()
		}
		quoted = append(quoted, entry{k, v})
		return true
	})
	for _, e := range old {
		entries.Clear(e.key)
	}
	for _, e := range quoted {
		entries.Set(e.key, e.value)
	}
}

// quoteValue returns the quoted text, for a text. In a message it quotes the texts.
func quoteValue(f protoreflect.FieldDescriptor, v protoreflect.Value) (q protoreflect.Value,
	isText bool) {
	switch f.Kind() {
	case protoreflect.StringKind:
		return protoreflect.ValueOfString(strconv.QuoteToASCII(v.String())), true
	case protoreflect.MessageKind, protoreflect.GroupKind:
		quoteTexts(v.Message())
	}
	return v, false
}
