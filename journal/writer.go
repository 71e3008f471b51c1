package journal

import (
	"bufio"
	"errors"
	"fmt"
	"io"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/protos"
)

// A Beginning is what a journal begins with.
type Beginning struct {
	// Header says whose journal it is; nil is an empty one. Its format version is set by the writer.
	Header *protos.JournalHeader
	// Snapshot is the pool before the first step.
	Snapshot *protos.Pool
	// SnapshotBytes is the same as bytes, deterministically marshalled, in place of Snapshot.
	SnapshotBytes []byte
	// Compression is that of the whole file.
	Compression Compression
}

// A Writer appends steps to a journal. Make one with NewWriter, Create or Append. After an error of
// what is below it, as part of a record may be written, it takes no more: each call returns that
// error. It is not safe for concurrent use.
type Writer struct {
	out   *bufio.Writer
	zip   compressor // between out and below; nil without compression
	below io.Writer
	file  io.Closer // what Close closes; nil if that is the caller's
	buf   []byte
	last  uint64 // the number of the last step
	err   error  // what ended the writing
}

// NewWriter begins a journal. What it begins with is in the buffer; see Flush. The error is
// ErrInvalid for a beginning that cannot be written, or that of out.
func NewWriter(out io.Writer, b Beginning) (*Writer, error) {
	if b.Snapshot == nil && b.SnapshotBytes == nil {
		return nil, fmt.Errorf("%w: there is no snapshot to begin with", ErrInvalid)
	}
	w := &Writer{below: out}
	zip, err := newCompressor(out, b.Compression)
	if err != nil {
		return nil, err
	}
	if w.zip = zip; zip != nil {
		out = zip
	}
	w.out = bufio.NewWriterSize(out, bufferBytes)
	header := proto.CloneOf(b.Header)
	if header == nil {
		header = &protos.JournalHeader{}
	}
	header.FormatVersion = formatVersion
	if _, err := w.out.WriteString(magic); err != nil {
		return nil, err
	}
	err = w.write(&protos.JournalRecord{Kind: &protos.JournalRecord_Header{Header: header}})
	switch {
	case err != nil:
	case b.SnapshotBytes != nil:
		err = w.writeSnapshot(b.SnapshotBytes)
	default:
		err = w.write(&protos.JournalRecord{Kind: &protos.JournalRecord_Snapshot{Snapshot: b.Snapshot}})
	}
	if err != nil {
		return nil, err
	}
	return w, nil
}

// Append appends a step to the buffer. Its number must be one more than the last one's (ErrOrder),
// and it must have its operation and hashes of the right lengths (ErrInvalid); these errors have
// written nothing, and the next step may be good.
func (w *Writer) Append(step *protos.JournalStep) error {
	if w.err != nil {
		return w.err
	}
	if err := checkStep(step, w.last); err != nil {
		return err
	}
	err := w.write(&protos.JournalRecord{Kind: &protos.JournalRecord_Step{Step: step}})
	if err == nil {
		w.last++
	}
	return err
}

// Last returns the number of the last step; 0 if there is none.
func (w *Writer) Last() uint64 { return w.last }

func (w *Writer) write(record *protos.JournalRecord) error {
	var err error
	if w.buf, err = appendFrame(w.buf[:0], record); err != nil {
		return err
	}
	_, err = w.out.Write(w.buf)
	return w.ended(err)
}

// ended keeps the error that ends the writing.
func (w *Writer) ended(err error) error {
	if err != nil && w.err == nil {
		w.err = err
	}
	return err
}

// Flush hands all that was appended to the file, so that a reader of the file finds it. It may be
// lost if the machine stops; see Sync. Flushing a compressed journal often makes it larger.
func (w *Writer) Flush() error {
	if w.err != nil {
		return w.err
	}
	err := w.out.Flush()
	if err == nil && w.zip != nil {
		err = w.zip.Flush()
	}
	return w.ended(err)
}

// Sync flushes, and returns when all that was appended is on the disk, if what is below is a file
// or anything else with a method Sync.
func (w *Writer) Sync() error {
	if err := w.Flush(); err != nil {
		return err
	}
	if file, ok := w.below.(interface{ Sync() error }); ok {
		return w.ended(file.Sync())
	}
	return nil
}

// Close flushes, ends the compression, and, if the file was opened by Create or Append, syncs and
// closes it. What NewWriter was given is the caller's to close. Closing again does nothing.
func (w *Writer) Close() error {
	if w.err == ErrClosed {
		return nil
	}
	err := w.err
	if err == nil {
		err = w.Flush()
	}
	if err == nil && w.zip != nil {
		err = w.zip.Close()
	}
	if file, ok := w.below.(interface{ Sync() error }); ok && err == nil && w.file != nil {
		err = file.Sync()
	}
	if w.file != nil {
		err = errors.Join(err, w.file.Close())
	}
	w.err = ErrClosed
	return err
}
