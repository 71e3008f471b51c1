package explain

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/quotasched/quotasched/internal/words"
)

// text is lines of text, of 100 columns at most where their words allow that.
type text struct{ strings.Builder }

// itemIndent is where the words of an item begin.
const itemIndent = 11

func (t *text) blank() { t.WriteByte('\n') }

// item adds a line that begins with what it is about.
func (t *text) item(about, format string, args ...any) {
	t.line(itemIndent, "%-*s%s", itemIndent, about, fmt.Sprintf(format, args...))
}

// line adds a line. One that is too long is broken between words, and goes on after an indent.
func (t *text) line(indent int, format string, args ...any) {
	rest := fmt.Sprintf(format, args...)
	for {
		at := breakAt(rest, indent)
		if at == 0 {
			t.WriteString(rest)
			t.blank()
			return
		}
		t.WriteString(strings.TrimRight(rest[:at], " "))
		t.blank()
		rest = strings.Repeat(" ", indent) + strings.TrimLeft(rest[at:], " ")
	}
}

// breakAt returns the last space after the indent before which a line is not too long, or, if a
// word is too long, the first one; 0 if it is best left as it is.
func breakAt(line string, indent int) int {
	if utf8.RuneCountInString(line) <= words.Columns {
		return 0
	}
	last, column, word := 0, 0, false
	for i, r := range line {
		switch {
		case r != ' ':
			word = word || column >= indent
		case !word: // there would be nothing before the break
		case column <= words.Columns:
			last = i
		case last == 0:
			return i
		}
		column++
	}
	return last
}
