package trace

import (
	"bytes"
	"errors"
	"unicode/utf8"
)

// delimiters are tried on a header line in this order, the usual one first.
const delimiters = ",;\t|"

// delimiterOf returns the delimiter that Table.Delimiter names; 0 for an empty one.
func delimiterOf(name string) (rune, error) {
	if name == "tab" {
		return '\t', nil
	}
	r, size := utf8.DecodeRuneInString(name)
	switch {
	case name == "":
		return 0, nil
	case size != len(name) || r == utf8.RuneError || r == '"' || r == '\n' || r == '\r':
		return 0, errors.New("want one character, or the word tab")
	}
	return r, nil
}

// delimiterIn returns the delimiter of which a header line has most, outside quotes; a comma if it
// has none.
func delimiterIn(header []byte) rune {
	counts := map[byte]int{}
	quoted := false
	for _, c := range header {
		if c == '"' {
			quoted = !quoted
		} else if !quoted && bytes.IndexByte([]byte(delimiters), c) >= 0 {
			counts[c]++
		}
	}
	best := delimiters[0]
	for i := range len(delimiters) {
		if counts[delimiters[i]] > counts[best] {
			best = delimiters[i]
		}
	}
	return rune(best)
}

// firstLine returns the first line of the file, as far as it can be looked at without reading on.
func (f *file) firstLine() []byte {
	const enough = 4096
	begin, _ := f.in.Peek(enough) // an error will be met again
	begin = bytes.TrimSpace(bytes.TrimPrefix(begin, []byte(byteOrderMark)))
	first, _, _ := bytes.Cut(begin, []byte("\n"))
	return bytes.TrimSpace(first)
}
