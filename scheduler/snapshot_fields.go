package scheduler

import (
	"strings"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// A fieldReader goes through the fields of a message that has each of its fields once at most, in
// order, as ours are written. Anything else is unsupported, and left to the protobuf library.
type fieldReader struct {
	rest        []byte
	field       protowire.Number // the field of the moment
	typ         protowire.Type
	repeated    protowire.Number // the field that may come several times; 0 for none
	unsupported bool
}

// next goes on to the next field, whose value must be read before it is called again. It reports
// whether there is one.
func (f *fieldReader) next() bool {
	if len(f.rest) == 0 || f.unsupported {
		return false
	}
	field, typ, n := protowire.ConsumeTag(f.rest)
	if n < 0 || field < f.field || field == f.field && field != f.repeated {
		f.unsupported = true
		return false
	}
	f.field, f.typ, f.rest = field, typ, f.rest[n:]
	return true
}

// check makes the message unsupported unless a part of it is ok.
func (f *fieldReader) check(ok bool) { f.unsupported = f.unsupported || !ok }

// number reads a number.
func (f *fieldReader) number() uint64 {
	v, n := protowire.ConsumeVarint(f.rest)
	if n < 0 || f.typ != protowire.VarintType {
		f.unsupported = true
		return 0
	}
	f.rest = f.rest[n:]
	return v
}

// bytes reads a text, a message or a list of numbers.
func (f *fieldReader) bytes() []byte {
	v, n := protowire.ConsumeBytes(f.rest)
	if n < 0 || f.typ != protowire.BytesType {
		f.unsupported = true
		return nil
	}
	f.rest = f.rest[n:]
	return v
}

// readNumbers reads a list of numbers behind those that are in the list.
func readNumbers[T int64 | uint32](f *fieldReader, list []T) []T {
	for b := f.bytes(); len(b) > 0; {
		v, n := protowire.ConsumeVarint(b)
		if n < 0 {
			f.unsupported = true
			return list
		}
		list, b = append(list, T(v)), b[n:]
	}
	return list
}

// instant reads a time.
func (f *fieldReader) instant(t *timestamppb.Timestamp) {
	*t = timestamppb.Timestamp{}
	t.Seconds, t.Nanos = f.seconds(fieldTimestampSeconds, fieldTimestampNanos)
}

// duration reads a duration.
func (f *fieldReader) duration(d *durationpb.Duration) {
	*d = durationpb.Duration{}
	d.Seconds, d.Nanos = f.seconds(fieldDurationSeconds, fieldDurationNanos)
}

// seconds reads a message of seconds and nanoseconds, in the fields of these numbers.
func (f *fieldReader) seconds(whole, part protowire.Number) (seconds int64, nanos int32) {
	parts := fieldReader{rest: f.bytes()}
	for parts.next() {
		switch parts.field {
		case whole:
			seconds = int64(parts.number())
		case part:
			nanos = int32(parts.number())
		default:
			parts.unsupported = true
		}
	}
	f.check(!parts.unsupported)
	return seconds, nanos
}

// A textMaker makes strings of bytes, many of them in one piece of memory.
type textMaker struct{ piece strings.Builder }

// textPiece is how long a piece is: little enough for a text that stays on not to hold much.
const textPiece = 512

func (t *textMaker) make(b []byte) string {
	if t.piece.Cap()-t.piece.Len() < len(b) {
		t.piece.Reset()
		t.piece.Grow(max(textPiece, len(b)))
	}
	at := t.piece.Len()
	t.piece.Write(b)
	return t.piece.String()[at:]
}
