package journal

import (
	"errors"
	"fmt"

	"github.com/quotasched/quotasched/internal/words"
)

// What can be wrong with a journal. Errors of this package wrap one of them, or are those of the
// reader, writer or file below; test for them with errors.Is.
var (
	// ErrNotJournal is a file that does not begin as a journal.
	ErrNotJournal = errors.New("not a journal")
	// ErrVersion is a journal of a version that this package does not know.
	ErrVersion = errors.New("unknown version")
	// ErrTorn is a journal whose end is missing; the error is a *TornError.
	ErrTorn = errors.New("torn")
	// ErrDamaged is a record whose bytes are not the ones that were written, or a compressed stream
	// of which that is true.
	ErrDamaged = errors.New("damaged")
	// ErrOrder is a record that may not stand where it stands, or a step whose number is not one
	// more than the one before.
	ErrOrder = errors.New("out of order")
	// ErrInvalid is a record that no writer writes: too long, or without a part that it must have.
	ErrInvalid = errors.New("invalid record")
	// ErrClosed is a writer or reader that was closed.
	ErrClosed = errors.New("closed")
	// ErrCompressed is a compressed journal that was to be appended to.
	ErrCompressed = errors.New("a compressed journal cannot be appended to")
)

// RecordError says which record is bad, and why.
type RecordError struct {
	// Record is its number in the file: 1 is the header, 2 the snapshot, and n + 2 step n.
	Record uint64
	// Offset is where its frame begins, in bytes from the beginning of the file, uncompressed.
	Offset int64
	// Err wraps ErrVersion, ErrDamaged, ErrOrder or ErrInvalid.
	Err error
}

// Error implements error.
func (e *RecordError) Error() string {
	return fmt.Sprintf("record %s (%s) at byte %s: %v", words.Number(e.Record),
		recordName(e.Record), words.Number(e.Offset), e.Err)
}

// Unwrap returns what is wrong.
func (e *RecordError) Unwrap() error { return e.Err }

// TornError says that a journal ends within a record. All before that record is good, and was
// returned.
type TornError struct {
	// Record is the number of the record that is missing; see RecordError.
	Record uint64
	// Offset is where the good part ends, in bytes from the beginning of the file, uncompressed.
	Offset int64
}

// Error implements error.
func (e *TornError) Error() string {
	if e.Record <= snapshotRecord {
		return fmt.Sprintf("torn: the %s at byte %s is not whole, so that there is nothing to go on from",
			recordName(e.Record), words.Number(e.Offset))
	}
	return fmt.Sprintf("torn: %s at byte %s is not whole; all before it is good",
		recordName(e.Record), words.Number(e.Offset))
}

// Is reports whether the target is ErrTorn.
func (e *TornError) Is(target error) bool { return target == ErrTorn }

// The numbers of the records that are no steps.
const (
	headerRecord   = 1
	snapshotRecord = 2
)

// recordName says what a record should be, by its number.
func recordName(record uint64) string {
	switch record {
	case headerRecord:
		return "header"
	case snapshotRecord:
		return "snapshot"
	}
	return "step " + words.Number(record-snapshotRecord)
}
