package trace

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator/internal/swf"
)

// maxItemBytes bounds an object of a list.
const maxItemBytes = 1 << 20

// listKeys are the fields in which answers of services have their list of objects.
var listKeys = []string{"items", "builds", "tasks"}

// jsonItems reads the objects of JSON one by one, and holds one of them at a time. They are the
// elements of lists, those in the field items, builds or tasks of an object, or objects that follow
// each other, as in JSON lines; several answers may follow each other, too.
//
// The text is split by its braces, brackets and quotes alone; what is in an object is checked by
// whoever decodes it, so that an object with a mistake in it is one malformed object.
type jsonItems struct {
	in   *bufio.Reader
	name string
	// line is that of the byte read last, and began the one on which the last object begins.
	line, began int
	buffer      []byte
	// inList is true within a list, and enclosed if that is a field of an object.
	inList, enclosed bool
}

func newJSONItems(f *file) *jsonItems { return &jsonItems{in: f.in, name: f.name, line: 1} }

// next returns the text of an object, which is valid until the next call. Errors are those of
// reader.next.
func (s *jsonItems) next() ([]byte, error) {
	for {
		c, err := s.mark()
		if err == io.EOF && s.inList {
			return nil, fmt.Errorf("%s:%d: the file ends within a list", s.name, s.line)
		}
		if err != nil {
			return nil, err
		}
		switch {
		case c == ',':
		case c == ']' && s.inList:
			s.inList = false
			if s.enclosed {
				if _, err := s.object(false); err != nil {
					return nil, err
				}
			}
		case c == '[' && !s.inList:
			s.inList, s.enclosed = true, false
		case c == '{':
			s.began = s.line
			list, err := s.object(!s.inList)
			switch {
			case err != nil:
				return nil, err
			case list:
				s.inList, s.enclosed = true, true
			case len(s.buffer) > maxItemBytes:
				return nil, s.malformed(fmt.Errorf("the object is longer than %s bytes",
					words.Number(maxItemBytes)))
			default:
				return s.buffer, nil
			}
		default:
			return nil, fmt.Errorf("%s:%d: %s stands where a JSON object should begin", s.name, s.line,
				shorten(string(rune(c))))
		}
	}
}

// malformed says what is wrong with the last object.
func (s *jsonItems) malformed(err error) error {
	return &swf.LineError{File: s.name, Line: s.began, Err: err}
}

// mark returns the next byte that is no space.
func (s *jsonItems) mark() (byte, error) {
	for {
		c, err := s.byte()
		if err != nil || c != ' ' && c != '\n' && c != '\r' && c != '\t' {
			return c, err
		}
	}
}

// byte returns the next byte, and counts lines.
func (s *jsonItems) byte() (byte, error) {
	c, err := s.in.ReadByte()
	if err != nil && err != io.EOF {
		return 0, fmt.Errorf("%s:%d: %w", s.name, s.line, cause(err))
	}
	if c == '\n' {
		s.line++
	}
	return c, err
}

// object reads on to the end of an object of which the first brace was read. With find, it stops
// behind the bracket of a list in one of the listKeys, and says so. Of an object that is too long,
// the beginning is kept, and one byte more than is allowed.
func (s *jsonItems) object(find bool) (list bool, err error) {
	s.buffer = append(s.buffer[:0], '{')
	depth, begin := 1, 0 // of braces and brackets; where the last string begins
	inString, escaped := false, false
	text, key := "", "" // the last string of the object itself, and the key of its last field
	for depth > 0 {
		c, err := s.byte()
		if errors.Is(err, io.EOF) {
			return false, fmt.Errorf("%s:%d: the file ends within the object of line %d", s.name, s.line,
				s.began)
		}
		if err != nil {
			return false, err
		}
		if len(s.buffer) <= maxItemBytes {
			s.buffer = append(s.buffer, c)
		}
		switch {
		case escaped:
			escaped = false
		case inString && c == '\\':
			escaped = true
		case inString && c == '"':
			inString = false
			if depth == 1 && begin < len(s.buffer) {
				text = string(s.buffer[begin : len(s.buffer)-1])
			}
		case inString:
		case c == '"':
			inString, begin = true, len(s.buffer)
		case c == ':' && depth == 1:
			key = text
		case c == ',' && depth == 1:
			key = ""
		case c == '[' && depth == 1 && find && slices.Contains(listKeys, key):
			return true, nil
		case c == '{' || c == '[':
			depth++
		case c == '}' || c == ']':
			depth--
		}
	}
	return false, nil
}
