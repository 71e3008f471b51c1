package eventlog

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/protos/dispatch"
)

const (
	mark = "\xe5\x1e"
	// frameBytes come before the rest of a record, and restBytes is the least that the rest has.
	frameBytes, restBytes = 2 + 4 + 4, 1 + 8 + 4 + 8 + 1
	// recordBytesMax is the largest rest.
	recordBytesMax = 4 << 20

	kindEvent, kindCovered = 1, 2
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// A record is what a log consists of.
type record struct {
	kind     byte
	position Position
	time     int64 // ns since the Unix epoch
	pool     string
	payload  []byte // the event; it aliases what it was read from
}

var (
	// errShort says that a record goes on beyond what there is.
	errShort = errors.New("a record has no end")
	errWrong = errors.New("a record is not whole")
)

// appendTo appends the record's bytes.
func (r record) appendTo(b []byte) ([]byte, error) {
	if len(r.pool) > 255 {
		return b, fmt.Errorf("event %v: a pool's name of %d bytes", r.position, len(r.pool))
	}
	n := restBytes + len(r.pool) + len(r.payload)
	if n > recordBytesMax {
		return b, fmt.Errorf("event %v: %d bytes are more than %d", r.position, n, recordBytesMax)
	}
	b = append(b, mark...)
	b = binary.LittleEndian.AppendUint32(b, uint32(n))
	b = binary.LittleEndian.AppendUint32(b, 0)
	from := len(b)
	b = append(b, r.kind)
	b = binary.LittleEndian.AppendUint64(b, r.position.Index)
	b = binary.LittleEndian.AppendUint32(b, r.position.N)
	b = binary.LittleEndian.AppendUint64(b, uint64(r.time))
	b = append(b, byte(len(r.pool)))
	b = append(b, r.pool...)
	b = append(b, r.payload...)
	binary.LittleEndian.PutUint32(b[from-4:], crc32.Checksum(b[from:], castagnoli))
	return b, nil
}

// decode reads the record at the begin of some bytes, and returns how long it is.
func decode(b []byte) (r record, n int, err error) {
	if len(b) < frameBytes {
		return r, 0, errShort
	}
	length := binary.LittleEndian.Uint32(b[2:])
	if string(b[:2]) != mark || length < restBytes || length > recordBytesMax {
		return r, 0, errWrong
	}
	if len(b) < frameBytes+int(length) {
		return r, 0, errShort
	}
	rest := b[frameBytes : frameBytes+int(length)]
	if crc32.Checksum(rest, castagnoli) != binary.LittleEndian.Uint32(b[6:]) {
		return r, 0, errWrong
	}
	r.kind = rest[0]
	r.position = Position{binary.LittleEndian.Uint64(rest[1:]), binary.LittleEndian.Uint32(rest[9:])}
	r.time = int64(binary.LittleEndian.Uint64(rest[13:]))
	pool := int(rest[21])
	if r.kind != kindEvent && r.kind != kindCovered || restBytes+pool > len(rest) {
		return r, 0, errWrong
	}
	r.pool, r.payload = string(rest[22:22+pool]), rest[22+pool:]
	return r, frameBytes + len(rest), nil
}

// event returns the event of a record.
func (r record) event() (*dispatch.Event, error) {
	e := &dispatch.Event{}
	return e, proto.Unmarshal(r.payload, e)
}

// recordOf returns an event's record, with the bytes of the event.
func recordOf(e *dispatch.Event, bytes []byte) record {
	r := record{kind: kindEvent, position: PositionOf(e.GetPosition()), pool: e.GetPool(),
		payload: bytes}
	if e.GetTime() != nil {
		r.time = e.GetTime().AsTime().UnixNano()
	}
	return r
}
