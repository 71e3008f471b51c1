package swf

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator/internal/gunzip"
)

// LineError is a malformed line. Reading can go on after it.
type LineError struct {
	// File is the name that the reader was given.
	File string
	// Line counts from 1.
	Line int
	// Err says what is wrong.
	Err error
}

// Error returns "file:line: what is wrong".
func (e *LineError) Error() string {
	return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err)
}

// Unwrap returns what is wrong.
func (e *LineError) Unwrap() error { return e.Err }

// maxLineBytes bounds a line; a longer one is malformed.
const maxLineBytes = 64 << 10

// Reader reads a log job by job. It holds one line at a time.
type Reader struct {
	file    string
	in      *gunzip.Reader
	closers []io.Closer // in the order in which to close
	header  Header
	line    int
	err     error // what ended the reading
}

// NewReader returns a reader of a log, which may be gzipped. The name is for error messages. It
// fails if in fails, or if it begins like a gzip file and is none.
func NewReader(in io.Reader, name string) (*Reader, error) {
	text, err := gunzip.NewReader(in, maxLineBytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, bare(err))
	}
	return &Reader{file: name, in: text, closers: []io.Closer{text}}, nil
}

// Open opens a log, which may be gzipped whatever its name. The caller closes the reader.
func Open(path string) (*Reader, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, bare(err))
	}
	r, err := NewReader(f, path)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	r.closers = append(r.closers, f)
	return r, nil
}

// Close closes what Open opened.
func (r *Reader) Close() error {
	var errs []error
	for _, c := range r.closers {
		errs = append(errs, c.Close())
	}
	r.closers = nil
	return errors.Join(errs...)
}

// Header returns the facts read so far. In well-formed logs they stand before the first job.
func (r *Reader) Header() *Header { return &r.header }

// Line returns the number of the line read last, from 1.
func (r *Reader) Line() int { return r.line }

// Next returns the next job. At the end of the log the error is io.EOF. A malformed line is a
// *LineError, and Next goes on behind it; after any other error it only repeats the error.
func (r *Reader) Next() (Job, error) {
	for r.err == nil {
		line, err := r.nextLine()
		if err != nil {
			return Job{}, err
		}
		line = strings.TrimSpace(line)
		switch {
		case line == "":
		case line[0] == ';':
			r.header.add(line)
		default:
			job, err := parseJob(line)
			if err != nil {
				return Job{}, &LineError{File: r.file, Line: r.line, Err: err}
			}
			return job, nil
		}
	}
	return Job{}, r.err
}

// nextLine reads a line. What ends the reading is kept in r.err.
func (r *Reader) nextLine() (string, error) {
	r.line++
	text, err := r.in.ReadSlice('\n')
	if err == bufio.ErrBufferFull {
		for err == bufio.ErrBufferFull {
			_, err = r.in.ReadSlice('\n')
		}
		if err == nil || err == io.EOF {
			return "", &LineError{File: r.file, Line: r.line,
				Err: fmt.Errorf("line is longer than %s bytes", words.Number(maxLineBytes))}
		}
	}
	switch {
	case err == nil:
		return string(text), nil
	case err == io.EOF && len(text) > 0:
		return string(text), nil // a last line without its end
	case err == io.EOF:
		r.line--
		r.err = io.EOF
	case errors.Is(err, io.ErrUnexpectedEOF):
		r.err = fmt.Errorf("%s:%d: compressed file is cut short: %w", r.file, r.line, err)
	default:
		r.err = fmt.Errorf("%s:%d: %w", r.file, r.line, bare(err))
	}
	return "", r.err
}

// bare takes the operation and the path off an error of package os, as our errors name the file.
func bare(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}
