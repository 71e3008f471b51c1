package journal

import (
	"crypto/sha256"

	"google.golang.org/protobuf/encoding/protowire"
)

// Numbers of fields, of a JournalRecord and of a JournalStep.
const (
	stepField = 3

	numberField      = 1
	operationField   = 2
	outcomeHashField = 3
)

// AppendMarshalled is Append of the next step, without the hash of a state, for an operation that
// is bytes already, deterministically marshalled. It takes a fraction of the time.
func (w *Writer) AppendMarshalled(operation []byte, outcomeHash [sha256.Size]byte) error {
	if w.err != nil {
		return w.err
	}
	number := w.last + 1
	size := protowire.SizeTag(numberField) + protowire.SizeVarint(number) +
		protowire.SizeTag(operationField) + protowire.SizeBytes(len(operation)) +
		protowire.SizeTag(outcomeHashField) + protowire.SizeBytes(len(outcomeHash))
	b := append(w.buf[:0], make([]byte, frameHeaderBytes)...)
	b = protowire.AppendTag(b, stepField, protowire.BytesType)
	b = protowire.AppendVarint(b, uint64(size))
	b = protowire.AppendTag(b, numberField, protowire.VarintType)
	b = protowire.AppendVarint(b, number)
	b = protowire.AppendTag(b, operationField, protowire.BytesType)
	b = protowire.AppendBytes(b, operation)
	b = protowire.AppendTag(b, outcomeHashField, protowire.BytesType)
	b = protowire.AppendBytes(b, outcomeHash[:])
	w.buf = b
	header, err := frameHeader(b[frameHeaderBytes:])
	if err != nil {
		return err
	}
	copy(b, header[:])
	if _, err = w.out.Write(b); err != nil {
		return w.ended(err)
	}
	w.last = number
	return nil
}
