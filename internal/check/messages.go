package check

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/reflect/protoreflect"
)

const (
	// messagesFree is how many messages bytes may hold however short they are.
	messagesFree = 10_000
	// messageBytes is how long the others must be on average. The shortest messages that we write
	// have 5 bytes; an empty one has 2, and costs a hundred when it is decoded.
	messageBytes = 4
)

// Messages returns an error if the bytes of a message hold so many messages that decoding them
// takes memory out of proportion. It allocates nothing, and says nothing about bytes that cannot be
// decoded.
func Messages(b []byte, m protoreflect.MessageDescriptor) error {
	most := messagesFree + len(b)/messageBytes
	if n := countMessages(b, m); n > most {
		return fmt.Errorf("%d messages in %d bytes, more than %d", n, len(b), most)
	}
	return nil
}

// countMessages counts the messages in a message, at any depth.
func countMessages(b []byte, m protoreflect.MessageDescriptor) (n int) {
	for len(b) > 0 {
		number, typ, tag := protowire.ConsumeTag(b)
		if tag < 0 {
			return n
		}
		size := protowire.ConsumeFieldValue(number, typ, b[tag:])
		if size < 0 {
			return n
		}
		f := m.Fields().ByNumber(number)
		if f != nil && f.Message() != nil && typ == protowire.BytesType {
			inner, _ := protowire.ConsumeBytes(b[tag:])
			n += 1 + countMessages(inner, f.Message())
		}
		b = b[tag+size:]
	}
	return n
}
