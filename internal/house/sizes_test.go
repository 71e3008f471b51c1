package house

import (
	"go/ast"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	linesPerFileMax     = 400
	linesPerFunctionMax = 70
	columnsMax          = 100
)

// TestFilesFunctionsAndLinesAreShort runs in make lint, so that a long line stops nobody at work.
// Tests may be longer: a table reads best with a case on each line.
func TestFilesFunctionsAndLinesAreShort(t *testing.T) {
	if os.Getenv("LINT") == "" {
		t.Skip("LINT is not set")
	}
	for _, s := range sources(t) {
		if s.isTest() {
			continue
		}
		n := 0
		for line := range strings.Lines(s.text) {
			n++
			w := utf8.RuneCountInString(strings.TrimSuffix(line, "\n")) // a tab is one column
			if w > columnsMax {
				t.Errorf("%s:%d: %d columns are more than %d", s.path, n, w, columnsMax)
			}
		}
		if n > linesPerFileMax {
			t.Errorf("%s: %d lines are more than %d", s.path, n, linesPerFileMax)
		}
		for _, decl := range s.file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			from, to := s.fset.Position(f.Pos()).Line, s.fset.Position(f.End()).Line
			if n := to - from + 1; n > linesPerFunctionMax {
				t.Errorf("%s:%d: %s has %d lines, more than %d", s.path, from, f.Name.Name, n,
					linesPerFunctionMax)
			}
		}
	}
}
