package wire

import (
	"strings"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/durationpb"
)

// A reader reads the bytes of a message as deterministic marshalling makes them: each field once,
// in order, none that is zero, and none that is unknown. What is written in any other way it does
// not read, and says so: the standard library does. Fields have numbers below 16, so that a tag is
// a byte.
type reader struct {
	b     []byte
	s     string // the same bytes, in memory that texts may share
	at    int
	wrong bool
	lists *[]string // memory for lists of texts; nil if there is none
	specs *[]specMessage
}

const (
	varintTag = byte(protowire.VarintType)
	bytesTag  = byte(protowire.BytesType)
)

// next reads the tag of a field, if it is that of the next one.
func (r *reader) next(field byte, wire byte) bool {
	if r.at == len(r.b) || r.b[r.at] != field<<3|wire {
		return false
	}
	r.at++
	return true
}

// whole reports whether all that there is was read.
func (r *reader) whole() bool { return !r.wrong && r.at == len(r.b) }

// varint reads a varint, which has no byte too many.
func (r *reader) varint() uint64 {
	if r.at < len(r.b) && r.b[r.at] < 0x80 {
		r.at++
		return uint64(r.b[r.at-1])
	}
	v, n := protowire.ConsumeVarint(r.b[r.at:])
	if n < 0 || n != protowire.SizeVarint(v) {
		r.fail()
		return 0
	}
	r.at += n
	return v
}

// fail says that nothing more can be read.
func (r *reader) fail() { r.wrong, r.at = true, len(r.b) }

// length reads how long something is.
func (r *reader) length() int {
	n := r.varint()
	if n > uint64(len(r.b)-r.at) {
		r.fail()
		return 0
	}
	return int(n)
}

// content reads the bytes of a text, a message or bytes.
func (r *reader) content() []byte {
	n := r.length()
	r.at += n
	return r.b[r.at-n : r.at : r.at]
}

// element reads a text that may be empty.
func (r *reader) element() string {
	n := r.length()
	s := r.s[r.at : r.at+n]
	if !utf8.ValidString(s) {
		r.fail()
		return ""
	}
	r.at += n
	return s
}

// text reads a text that is a field, if it is the next one.
func (r *reader) text(field byte) string {
	if !r.next(field, bytesTag) {
		return ""
	}
	s := r.element()
	if s == "" {
		r.fail()
	}
	return s
}

// ownText is text in memory of its own, for what is kept.
func (r *reader) ownText(field byte) string { return strings.Clone(r.text(field)) }

// texts reads the texts of a list; nil if there are none.
func (r *reader) texts(field byte) []string {
	list := r.lists
	if list == nil {
		list = &[]string{}
	}
	from := len(*list)
	for r.next(field, bytesTag) {
		*list = append(*list, r.element())
	}
	if n := len(*list); n > from {
		return (*list)[from:n:n]
	}
	return nil
}

// number reads a number that is a field, if it is the next one.
func (r *reader) number(field byte) uint64 {
	if !r.next(field, varintTag) {
		return 0
	}
	v := r.varint()
	if v == 0 {
		r.fail()
	}
	return v
}

// small is number for a field of 32 bits with a sign.
func (r *reader) small(field byte) int32 {
	v := r.number(field)
	if uint64(int32(v)) != v {
		r.fail()
	}
	return int32(v)
}

// unsigned is number for a field of 32 bits without a sign.
func (r *reader) unsigned(field byte) uint32 {
	v := r.number(field)
	if uint64(uint32(v)) != v {
		r.fail()
	}
	return uint32(v)
}

// message begins to read a message, which end ends.
func (r *reader) message() reader {
	n := r.length()
	return reader{b: r.b[r.at : r.at+n], s: r.s[r.at : r.at+n], lists: r.lists, specs: r.specs}
}

// end ends the reading of a message.
func (r *reader) end(m *reader) {
	if r.at += len(m.b); !m.whole() {
		r.fail()
	}
}

// pair reads the message of a time or a duration.
func (r *reader) pair() (seconds int64, nanos int32) {
	m := r.message()
	seconds, nanos = int64(m.number(1)), m.small(2)
	r.end(&m)
	return seconds, nanos
}

// duration reads a duration that is a field, if it is the next one.
func (r *reader) duration(field byte) *durationpb.Duration {
	if !r.next(field, bytesTag) {
		return nil
	}
	d := &durationpb.Duration{}
	d.Seconds, d.Nanos = r.pair()
	return d
}
