package trace

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/quotasched/quotasched/simulator/internal/gunzip"
)

// maxLineBytes bounds a line of a native log, and a row of a table.
const maxLineBytes = 256 << 10

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
	text, err := gunzip.NewReader(in, maxLineBytes)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, cause(err))
	}
	return &file{name: name, in: text.Reader, closers: []io.Closer{text}}, nil
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

// endings are the formats of files by the ending of their names, without .gz.
var endings = []struct {
	ending string
	format Format
}{{".swf", FormatSWF}, {".csv", FormatCSV}, {".jsonl", FormatNative}, {".ndjson", FormatNative}}

// Detect finds out how a log is written: by the ending of its name (.swf, .csv, .jsonl or .ndjson,
// each also with .gz), or else by its first line. A file that is none of these is taken for SWF. A
// pipe without such a name is an error, as looking at its first line would take that away.
func Detect(path string) (Format, error) {
	if format := formatByName(path); format != FormatAuto {
		return format, nil
	}
	if info, err := os.Stat(path); err == nil && !info.Mode().IsRegular() && !info.IsDir() {
		return FormatAuto, fmt.Errorf("%s: it can be read only once, so its format must be named",
			path)
	}
	f, err := open(path)
	if err != nil {
		return FormatAuto, err
	}
	return f.format(), f.close()
}

// formatByName goes by the ending of a name; FormatAuto if that says nothing.
func formatByName(name string) Format {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	for _, e := range endings {
		if strings.HasSuffix(name, e.ending) {
			return e.format
		}
	}
	return FormatAuto
}

// format finds out how the file is written, without reading on.
func (f *file) format() Format {
	if format := formatByName(f.name); format != FormatAuto {
		return format
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
