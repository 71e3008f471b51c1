package trace

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
)

// maxLineBytes bounds a line of a native log, and a row of a table.
const maxLineBytes = 1 << 20

// file is an open log: its text, without compression.
type file struct {
	name    string
	in      *bufio.Reader
	closers []io.Closer // in the order in which to close
}

// open opens a file, which may be gzipped whatever its name. Errors name it.
func open(path string) (*file, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, cause(err))
	}
	opened, err := newFile(f, path)
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	opened.closers = append(opened.closers, f)
	return opened, nil
}

// newFile returns the text of what in has.
func newFile(in io.Reader, name string) (*file, error) {
	f := &file{name: name, in: bufio.NewReaderSize(in, maxLineBytes)}
	magic, err := f.in.Peek(2)
	if err != nil && err != io.EOF {
		return nil, fmt.Errorf("%s: %w", name, cause(err))
	}
	if bytes.Equal(magic, []byte{0x1f, 0x8b}) {
		z, err := gzip.NewReader(f.in)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, cause(err))
		}
		f.closers = append(f.closers, z)
		f.in = bufio.NewReaderSize(z, maxLineBytes)
	}
	return f, nil
}

// close closes what open opened.
func (f *file) close() error {
	var errs []error
	for _, c := range f.closers {
		errs = append(errs, c.Close())
	}
	f.closers = nil
	return errors.Join(errs...)
}

// failed says where the reading ended that should have gone on.
func (f *file) failed(line int, err error) error {
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%s:%d: compressed file is cut short: %w", f.name, line, err)
	}
	return fmt.Errorf("%s:%d: %w", f.name, line, cause(err))
}

// cause takes the operation and the path off an error of package os, as our errors name the file.
func cause(err error) error {
	if p, ok := errors.AsType[*os.PathError](err); ok {
		return p.Err
	}
	return err
}

// Detect finds out how a log is written: by the ending of its name (.swf, .csv, .jsonl, each also
// with .gz), or else by its first line. A file that is none of these is taken for SWF.
func Detect(path string) (Format, error) {
	f, err := open(path)
	if err != nil {
		return FormatAuto, err
	}
	format := f.format()
	return format, f.close()
}

// format finds out how the file is written, without reading on.
func (f *file) format() Format {
	name := strings.ToLower(f.name)
	name = strings.TrimSuffix(name, ".gz")
	for ending, format := range map[string]Format{
		".swf": FormatSWF, ".csv": FormatCSV, ".jsonl": FormatNative, ".ndjson": FormatNative,
	} {
		if strings.HasSuffix(name, ending) {
			return format // a name has one ending, so the order is free
		}
	}
	const enough = 4096
	begin, _ := f.in.Peek(enough) // an error will be met again
	begin = bytes.TrimSpace(bytes.TrimPrefix(begin, []byte(byteOrderMark)))
	first, _, _ := bytes.Cut(begin, []byte("\n"))
	switch {
	case bytes.HasPrefix(first, []byte("{")):
		return FormatNative
	case bytes.HasPrefix(first, []byte(";")) || !bytes.Contains(first, []byte(",")):
		return FormatSWF
	}
	return FormatCSV
}

// byteOrderMark begins texts of some programs, and means nothing.
const byteOrderMark = "\uFEFF"
