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

// maxColumns bounds the columns of a table.
const maxColumns = 10_000

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

// open opens the log of a source.
func (s *Source) open() (*file, error) {
	if s.Input == nil {
		return open(s.File)
	}
	in, err := s.Input()
	if err != nil {
		return nil, fmt.Errorf("%s: %w", s.File, cause(err))
	}
	opened, err := newFile(in, s.File)
	if err != nil {
		return nil, errors.Join(err, in.Close())
	}
	opened.closers = append(opened.closers, in)
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
}{{".swf", FormatSWF}, {".csv", FormatCSV}, {".tsv", FormatCSV}}

// Detect finds out how a log is written: by the ending of its name (.swf, .csv or .tsv, each also
// with .gz), or else by its beginning. A file that is none of these is taken for SWF. A pipe
// without such a name is an error, as looking at its beginning would take that away.
func Detect(path string) (Format, error) {
	if format := formatByName(path); format != FormatAuto {
		return format, nil
	}
	if !isRegular(path) {
		return FormatAuto, fmt.Errorf("%s: %w", path, errReadOnce)
	}
	f, err := open(path)
	if err != nil {
		return FormatAuto, err
	}
	return f.format(), f.close()
}

// errReadOnce is a pipe whose format would have to be found out.
var errReadOnce = errors.New("it can be read only once, so its format must be named")

// isRegular says whether a file can be read again; one that is not there is left to others.
func isRegular(path string) bool {
	info, err := os.Stat(path)
	return err != nil || info.Mode().IsRegular() || info.IsDir()
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
	byName := formatByName(f.name)
	first := f.firstLine()
	switch {
	case isSacct(first) && byName != FormatSWF:
		return FormatSacct
	case byName != FormatAuto:
		return byName
	case bytes.HasPrefix(first, []byte("{")) || bytes.HasPrefix(first, []byte("[")):
		return f.formatOfJSON()
	case isJSONLines(f.name):
		return FormatNative
	case bytes.HasPrefix(first, []byte(";")) || !bytes.ContainsAny(first, delimiters):
		return FormatSWF
	}
	return FormatCSV
}

// isJSONLines says whether the name of a file is that of JSON, one value a line.
func isJSONLines(name string) bool {
	name = strings.TrimSuffix(strings.ToLower(name), ".gz")
	return strings.HasSuffix(name, ".jsonl") || strings.HasSuffix(name, ".ndjson")
}

// byteOrderMark begins texts of some programs, and means nothing.
const byteOrderMark = "\uFEFF"
