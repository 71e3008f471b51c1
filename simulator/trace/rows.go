package trace

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator/internal/swf"
)

// rows reads a CSV table with a header line: row by row, of bounded length.
type rows struct {
	file *file
	in   *csv.Reader
	// names are those of the columns, and row is what was read last.
	names []string
	row   []string
	// began is the line on which that row begins.
	began int
	limit limitedReader
}

// errRowTooLong is a row beyond maxLineBytes. Reading cannot go on: a quote may have been opened.
var errRowTooLong = fmt.Errorf("row is longer than %s bytes", words.Number(maxLineBytes))

// limitedReader fails once a row takes more than maxLineBytes, and what csv.Reader reads ahead.
type limitedReader struct {
	in   io.Reader
	left int
}

func (l *limitedReader) Read(b []byte) (int, error) {
	if l.left <= 0 {
		return 0, errRowTooLong
	}
	n, err := l.in.Read(b)
	l.left -= n
	return n, err
}

// newRows reads the header line. A delimiter of 0 means to find out.
func newRows(f *file, delimiter rune) (*rows, error) {
	r := &rows{file: f, limit: limitedReader{in: f.in, left: maxLineBytes}}
	if begin, _ := f.in.Peek(len(byteOrderMark)); string(begin) == byteOrderMark {
		_, _ = f.in.Discard(len(byteOrderMark)) // it was just peeked at
	}
	if delimiter == 0 {
		delimiter = delimiterIn(f.firstLine())
	}
	r.in = csv.NewReader(&r.limit)
	r.in.Comma = delimiter
	r.in.ReuseRecord = true
	header, err := r.in.Read()
	if err == io.EOF {
		return nil, fmt.Errorf("%s: the file is empty; want a header line", f.name)
	}
	if err != nil {
		return nil, r.failed(err)
	}
	if len(header) > maxColumns {
		return nil, fmt.Errorf("%s:1: %s, more than %s", f.name,
			words.Count(len(header), "column"), words.Number(maxColumns))
	}
	seen := make(map[string]bool, len(header))
	for i, name := range header {
		name = strings.Clone(strings.TrimSpace(name))
		switch {
		case name == "":
			return nil, fmt.Errorf("%s:1: column %d has no name; is this a header line?", f.name, i+1)
		case seen[name]:
			return nil, fmt.Errorf("%s:1: two columns are called %s", f.name, shorten(name))
		}
		seen[name] = true
		r.names = append(r.names, name)
	}
	r.began = 1
	return r, nil
}

// next reads a row. A malformed one is a *swf.LineError.
func (r *rows) next() error {
	r.limit.left = maxLineBytes
	row, err := r.in.Read()
	r.row = row
	if err != nil {
		return r.failed(err)
	}
	r.began, _ = r.in.FieldPos(0)
	return nil
}

// failed turns an error of the csv package into one of ours.
func (r *rows) failed(err error) error {
	if err == io.EOF {
		return err
	}
	bad, malformed := errors.AsType[*csv.ParseError](err)
	if !malformed {
		line := r.began + 1
		return r.file.failed(line, err)
	}
	r.began = bad.StartLine
	if errors.Is(err, csv.ErrFieldCount) {
		return r.malformed("%d fields, want %d", len(r.row), len(r.names))
	}
	return &swf.LineError{File: r.file.name, Line: bad.Line,
		Err: fmt.Errorf("character %d: %w", bad.Column, bad.Err)}
}

// malformed says what is wrong with the row that was read last.
func (r *rows) malformed(format string, args ...any) error {
	return &swf.LineError{File: r.file.name, Line: r.began, Err: fmt.Errorf(format, args...)}
}

// field returns the value of a column without spaces around it; "" for no column.
func (r *rows) field(i int) string {
	if i < 0 || i >= len(r.row) {
		return ""
	}
	return strings.TrimSpace(r.row[i])
}
