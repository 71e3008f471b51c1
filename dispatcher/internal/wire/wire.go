// Package wire makes the bytes of messages that come by the million: operations, the events and
// outcomes that they bring, and tasks in snapshots. The bytes are those of deterministic
// marshalling, at a fraction of its time: no length is reckoned before what it counts is written.
//
// Unknown fields are not written, as messages that were made here have none. What they seldom have
// is marshalled as any other message.
//
// Entries of the log and specs of tasks are read here as well, if they are written just as
// deterministic marshalling writes them. Whatever else they may be, the caller reads them with the
// standard library.
package wire

import (
	"encoding/binary"
	"errors"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// ErrNotUTF8 says that a text is not UTF-8, and cannot be marshalled.
var ErrNotUTF8 = errors.New("a text is not UTF-8")

// deterministic makes the same bytes of the same message.
var deterministic = proto.MarshalOptions{Deterministic: true}

// A writer writes messages behind each other, and into each other. Its methods are named after what
// a field holds; as in proto3, fields that are zero are not written.
type writer struct {
	b   []byte
	err error
}

// lengthBytes is how much room is left for the length of a message before it is known. It is what
// most events need.
const lengthBytes = 2

// begin begins a message as a field of another one, and returns where it is.
func (w *writer) begin(field protowire.Number) (at int) {
	w.b = protowire.AppendTag(w.b, field, protowire.BytesType)
	w.b = append(w.b, 0, 0) // lengthBytes
	return len(w.b)
}

// end ends a message that is at a place. It moves if its length needs another room.
func (w *writer) end(at int) {
	n := len(w.b) - at
	room := protowire.SizeVarint(uint64(n))
	switch {
	case room < lengthBytes:
		copy(w.b[at-lengthBytes+room:], w.b[at:])
		w.b = w.b[:len(w.b)-lengthBytes+room]
	case room > lengthBytes:
		w.b = append(w.b, make([]byte, room-lengthBytes)...)
		copy(w.b[at-lengthBytes+room:], w.b[at:at+n])
	}
	protowire.AppendVarint(w.b[:at-lengthBytes], uint64(n))
}

// Tags of fields below shortTags, and lengths and numbers below oneByte, take one byte.
const shortTags, oneByte = 16, 0x80

// number writes a number, an enum or a bool.
func (w *writer) number(field protowire.Number, v uint64) {
	switch {
	case v == 0:
	case v < oneByte && field < shortTags:
		w.b = append(w.b, byte(field)<<3|varintTag, byte(v))
	default:
		w.b = protowire.AppendTag(w.b, field, protowire.VarintType)
		w.b = protowire.AppendVarint(w.b, v)
	}
}

// text writes a string.
func (w *writer) text(field protowire.Number, s string) {
	if s != "" {
		w.element(field, s)
	}
}

// texts writes strings.
func (w *writer) texts(field protowire.Number, list []string) {
	for _, s := range list {
		w.element(field, s)
	}
}

// element writes a string that may be empty.
func (w *writer) element(field protowire.Number, s string) {
	if !utf8.ValidString(s) {
		w.err = ErrNotUTF8
	}
	if len(s) < oneByte && field < shortTags {
		w.b = append(append(w.b, byte(field)<<3|bytesTag, byte(len(s))), s...)
		return
	}
	w.b = protowire.AppendTag(w.b, field, protowire.BytesType)
	w.b = protowire.AppendString(w.b, s)
}

// numbers writes numbers.
func (w *writer) numbers(field protowire.Number, list []int64) {
	if len(list) == 0 {
		return
	}
	at := w.begin(field)
	for _, v := range list {
		w.b = protowire.AppendVarint(w.b, uint64(v))
	}
	w.end(at)
}

// time writes a time.
func (w *writer) time(field protowire.Number, t *timestamppb.Timestamp) {
	if t != nil {
		w.pair(field, uint64(t.GetSeconds()), uint64(t.GetNanos()))
	}
}

// duration writes a duration.
func (w *writer) duration(field protowire.Number, d *durationpb.Duration) {
	if d != nil {
		w.pair(field, uint64(d.GetSeconds()), uint64(d.GetNanos()))
	}
}

// pair writes a message with two numbers, its fields 1 and 2.
func (w *writer) pair(field protowire.Number, first, second uint64) {
	w.b = protowire.AppendTag(w.b, field, protowire.BytesType)
	var m [1 + 2*(1+binary.MaxVarintLen64)]byte // the length of two numbers has one byte
	n := 1
	for i, v := range [...]uint64{first, second} {
		if v != 0 {
			m[n] = byte(i+1)<<3 | varintTag
			n += 1 + binary.PutUvarint(m[n+1:], v)
		}
	}
	m[0] = byte(n - 1)
	w.b = append(w.b, m[:n]...)
}

// message writes any other message, which is not nil.
func (w *writer) message(field protowire.Number, m proto.Message) {
	size := proto.Size(m)
	w.b = protowire.AppendTag(w.b, field, protowire.BytesType)
	w.b = protowire.AppendVarint(w.b, uint64(size))
	sized := proto.MarshalOptions{Deterministic: true, UseCachedSize: true}
	b, err := sized.MarshalAppend(w.b, m)
	if w.b = b; err != nil {
		w.err = err
	}
}

// flag is a bool as a number.
func flag(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}
