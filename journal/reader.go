package journal

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos"
)

// bufferBytes is the size of the buffers of readers and writers.
const bufferBytes = 64 << 10

// A Reader reads a journal from its beginning. Make one with NewReader or Open. It holds the bytes
// of the snapshot, and one record at a time. It is not safe for concurrent use.
type Reader struct {
	in         io.Reader
	end        func() // ends the decompression
	file       io.Closer
	compressed bool
	buf        []byte
	header     *protos.JournalHeader
	bytes      []byte              // of the snapshot
	snapshot   *protos.Pool        // nil until it is asked for
	records    uint64              // how many were read
	offset     int64               // where the one after them begins
	peeked     *protos.JournalStep // what Next returns next; nil if that is still to be read
	err        error               // what Next ended with
}

// NewReader returns a reader of a journal, compressed or not, and reads its header and its
// snapshot. The error is ErrNotJournal, a *TornError if the journal ends before its first step, or
// a *RecordError; or that of in.
func NewReader(in io.Reader) (*Reader, error) {
	from := &source{in: in}
	below := bufio.NewReaderSize(from, bufferBytes)
	if err := checkShort(below); err != nil {
		return nil, err
	}
	out, end, err := decompress(below, from)
	r := &Reader{in: out, end: end, compressed: out != below}
	if err != nil {
		return nil, r.meaning(err)
	}
	if err := r.begin(); err != nil {
		end()
		return nil, err
	}
	return r, nil
}

// Open returns a reader of a file, which Close closes.
func Open(path string) (*Reader, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	r, err := NewReader(file)
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	r.file = file
	return r, nil
}

// checkShort finds files that end within whatever magic they begin with.
func checkShort(in *bufio.Reader) error {
	start, err := in.Peek(len(magic))
	if err == nil || err != io.EOF {
		return err
	}
	for _, m := range [][]byte{[]byte(magic), gzipMagic, zstdMagic} {
		if len(start) < len(m) && bytes.HasPrefix(m, start) {
			return &TornError{Record: headerRecord}
		}
	}
	return nil
}

// begin reads the magic, the header and the snapshot.
func (r *Reader) begin() error {
	start := make([]byte, len(magic))
	n, err := io.ReadFull(r.in, start)
	version := len(magic) - 1
	switch {
	case err == io.EOF || err == io.ErrUnexpectedEOF && bytes.HasPrefix([]byte(magic), start[:n]):
		return &TornError{Record: headerRecord}
	case err != nil && err != io.ErrUnexpectedEOF:
		return r.meaning(err)
	case err != nil || string(start[:version]) != magic[:version]:
		return fmt.Errorf("%w: it does not begin with the bytes % X", ErrNotJournal, magic[:version])
	case start[version] != magic[version]:
		return fmt.Errorf("%w: the file has version %d; known is %d", ErrVersion, start[version],
			magic[version])
	}
	r.offset = int64(len(magic))
	for _, read := range []func() error{r.readHeader, r.readSnapshot} {
		err := read()
		if err == io.EOF {
			err = &TornError{Record: r.records + 1, Offset: r.offset}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (r *Reader) readHeader() error { return r.read(r.takeHeader) }

func (r *Reader) takeHeader(record *protos.JournalRecord) error {
	r.header = record.GetHeader()
	if r.header == nil {
		return fmt.Errorf("%w: %s where the header must be", ErrOrder, kindOf(record))
	}
	if v := r.header.GetFormatVersion(); v != formatVersion {
		return fmt.Errorf("%w: the records have version %d; known is %d", ErrVersion, v, formatVersion)
	}
	return nil
}

// kindOf says what a record is.
func kindOf(record *protos.JournalRecord) string {
	switch record.GetKind().(type) {
	case *protos.JournalRecord_Header:
		return "a header"
	case *protos.JournalRecord_Snapshot:
		return "a snapshot"
	case *protos.JournalRecord_Step:
		return "a step"
	}
	return "something unknown"
}

// Header says whose journal it is.
func (r *Reader) Header() *protos.JournalHeader { return r.header }

// Offset returns where what was read ends, in bytes from the beginning of the file, uncompressed.
// After an error that is where the good part ends.
func (r *Reader) Offset() int64 { return r.offset }

// Next returns the next step, which is the caller's. The error is io.EOF at a clean end, a
// *TornError if the journal ends within the step, or a *RecordError if the step is bad. From then
// on it is the same at each call.
func (r *Reader) Next() (*protos.JournalStep, error) {
	step, err := r.Peek()
	r.peeked = nil
	return step, err
}

// Peek returns what Next will return, and leaves it there.
func (r *Reader) Peek() (*protos.JournalStep, error) {
	if r.peeked != nil || r.err != nil {
		return r.peeked, r.err
	}
	var step *protos.JournalStep
	r.err = r.read(func(record *protos.JournalRecord) error {
		step = record.GetStep()
		if step == nil {
			return fmt.Errorf("%w: %s where a step must be", ErrOrder, kindOf(record))
		}
		return checkStep(step, r.records-snapshotRecord)
	})
	if r.err == nil {
		r.peeked = step
	}
	return r.peeked, r.err
}

// checkStep returns an error if a step does not follow the one with the number last, or lacks a
// part.
func checkStep(step *protos.JournalStep, last uint64) error {
	switch {
	case step.GetNumber() != last+1:
		return fmt.Errorf("%w: number %d comes after %d", ErrOrder, step.GetNumber(), last)
	case step.GetOperation() == nil:
		return fmt.Errorf("%w: the step has no operation", ErrInvalid)
	case len(step.GetOutcomeHash()) != sha256.Size:
		return fmt.Errorf("%w: the outcome's hash has %d bytes instead of %d", ErrInvalid,
			len(step.GetOutcomeHash()), sha256.Size)
	case len(step.GetStateHash()) != sha256.Size && len(step.GetStateHash()) != 0:
		return fmt.Errorf("%w: the state's hash has %d bytes instead of none or %d", ErrInvalid,
			len(step.GetStateHash()), sha256.Size)
	}
	return nil
}

// Close gives back what the reader holds, and closes the file that Open has opened.
func (r *Reader) Close() error {
	if r.err == ErrClosed {
		return nil
	}
	r.err, r.peeked = ErrClosed, nil
	r.end()
	if r.file != nil {
		return r.file.Close()
	}
	return nil
}

// read reads the next record and takes it; one that is good counts.
func (r *Reader) read(take func(*protos.JournalRecord) error) error {
	body, buf, err := readFrame(r.in, r.buf)
	r.buf = buf
	record := &protos.JournalRecord{}
	if err == nil {
		err = unmarshal(body, record)
	}
	if err == nil {
		err = take(record)
	}
	if err != nil {
		return r.meaning(err)
	}
	r.records++
	r.offset += frameHeaderBytes + int64(len(body))
	return nil
}

// unmarshal decodes a message, or a piece of one. The error is ErrInvalid.
func unmarshal(b []byte, m proto.Message) error {
	err := check.Messages(b, m.ProtoReflect().Descriptor())
	if err == nil {
		err = proto.Unmarshal(b, m)
	}
	if err != nil {
		return fmt.Errorf("%w: %w", ErrInvalid, err)
	}
	return nil
}

// meaning returns the error for what went wrong with the next record.
func (r *Reader) meaning(err error) error {
	switch {
	case err == errTornFrame || err == io.ErrUnexpectedEOF:
		return &TornError{Record: r.records + 1, Offset: r.offset}
	case isBad(err):
		return &RecordError{Record: r.records + 1, Offset: r.offset, Err: err}
	}
	return err
}

// isBad reports whether an error is about what is written, and not about reading it.
func isBad(err error) bool {
	for _, bad := range []error{ErrVersion, ErrDamaged, ErrOrder, ErrInvalid} {
		if errors.Is(err, bad) {
			return true
		}
	}
	return false
}
