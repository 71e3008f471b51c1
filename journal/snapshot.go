package journal

import (
	"fmt"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos"
)

// Snapshots are large, and as a message one takes many times the memory of its bytes. So a reader
// keeps the bytes, and checks them piece by piece: each piece is decoded by itself, and dropped.

// piecesDepth is how deep the pieces are: in a record, its pool, and the pool's two parts.
const piecesDepth = 3

// readSnapshot reads the second record.
func (r *Reader) readSnapshot() error {
	record, _, err := readFrame(r.in, nil) // in memory of its own, which stays
	if err == nil {
		r.bytes, err = snapshotIn(record)
	}
	if err != nil {
		return r.meaning(err)
	}
	r.records++
	r.offset += frameHeaderBytes + int64(len(record))
	return nil
}

// writeSnapshot writes the second record from a snapshot's bytes.
func (w *Writer) writeSnapshot(snapshot []byte) error {
	field := (&protos.JournalRecord{}).ProtoReflect().Descriptor().Fields().ByName("snapshot").Number()
	record := protowire.AppendTag(nil, field, protowire.BytesType)
	record = protowire.AppendVarint(record, uint64(len(snapshot)))
	header, err := frameHeader(record, snapshot)
	if err != nil {
		return err
	}
	for _, part := range [][]byte{header[:], record, snapshot} {
		if _, err := w.out.Write(part); err != nil {
			return w.ended(err)
		}
	}
	return nil
}

// snapshotIn returns the bytes of the snapshot in a record, which is not large beside it. The error
// is ErrOrder if the record is something else, and ErrInvalid if it cannot be decoded.
func snapshotIn(record []byte) ([]byte, error) {
	kinds := &protos.JournalRecord{}
	message := kinds.ProtoReflect().Descriptor()
	if err := check.Messages(record, message); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	if err := checkPieces(record, kinds.ProtoReflect().Type(), piecesDepth); err != nil {
		return nil, err
	}
	number, _, tag := protowire.ConsumeTag(record)
	if number == message.Fields().ByName("snapshot").Number() {
		if snapshot, n := protowire.ConsumeBytes(record[tag:]); tag+n == len(record) {
			return snapshot, nil
		}
	}
	// It is something else, or written in another way than by a Writer.
	if err := unmarshal(record, kinds); err != nil {
		return nil, err
	}
	if kinds.GetSnapshot() == nil {
		return nil, fmt.Errorf("%w: %s where the snapshot must be", ErrOrder, kindOf(kinds))
	}
	snapshot, err := proto.MarshalOptions{Deterministic: true}.Marshal(kinds.GetSnapshot())
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return snapshot, nil
}

// checkPieces returns an error unless a message can be decoded. It decodes one field after the
// other, those of messages in it down to a depth, and keeps nothing.
func checkPieces(b []byte, m protoreflect.MessageType, depth int) error {
	piece := m.New()
	for len(b) > 0 {
		number, typ, n := protowire.ConsumeField(b)
		if n < 0 {
			return fmt.Errorf("%w: %w", ErrInvalid, protowire.ParseError(n))
		}
		field := m.Descriptor().Fields().ByNumber(number)
		if depth > 0 && typ == protowire.BytesType && isSingle(field) {
			_, _, tag := protowire.ConsumeTag(b)
			inner, _ := protowire.ConsumeBytes(b[tag:])
			if err := checkPieces(inner, piece.NewField(field).Message().Type(), depth-1); err != nil {
				return err
			}
		} else {
			proto.Reset(piece.Interface())
			if err := proto.Unmarshal(b[:n], piece.Interface()); err != nil {
				return fmt.Errorf("%w: %w", ErrInvalid, err)
			}
		}
		b = b[n:]
	}
	return nil
}

// isSingle reports whether a field, which may be nil, is one message.
func isSingle(f protoreflect.FieldDescriptor) bool {
	return f != nil && f.Message() != nil && !f.IsList() && !f.IsMap()
}

// Snapshot returns the pool before the first step. It is the reader's own, and not to be changed.
// It is decoded when this is first called, which takes many times the memory of its bytes.
func (r *Reader) Snapshot() *protos.Pool {
	if r.snapshot == nil {
		r.snapshot = &protos.Pool{}
		if err := proto.Unmarshal(r.bytes, r.snapshot); err != nil {
			panic("invariant: a message can be decoded of which all pieces can: " + err.Error())
		}
	}
	return r.snapshot
}

// SnapshotBytes returns the bytes of the snapshot, for pool.RestoreBytes. They are the reader's
// own, and not to be changed.
func (r *Reader) SnapshotBytes() []byte { return r.bytes }
