package yamltree

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/words"
)

// Source is a text that nodes were read from.
type Source struct {
	// Name is a file's name, or an option of a command.
	Name string

	option bool
	lines  []string
}

// Position is a place in a source. Line and Column count from 1, the column in characters; the zero
// value is no place.
type Position struct {
	Source       *Source
	Line, Column int
}

// String returns "file.yaml:3:7", or just the name if the source is an option.
func (p Position) String() string {
	switch {
	case p.Source == nil:
		return ""
	case p.Source.option || p.Line == 0:
		return p.Source.Name
	}
	return fmt.Sprintf("%s:%d:%d", p.Source.Name, p.Line, p.Column)
}

// shownColumns is how much of a line is shown.
const shownColumns = 100

// excerpt returns the line of the position, with a caret under the column; empty if there is none.
func (p Position) excerpt() string {
	if p.Source == nil || p.Source.option || p.Line < 1 || p.Line > len(p.Source.lines) {
		return ""
	}
	line := []rune(p.Source.lines[p.Line-1])
	column := min(max(p.Column-1, 0), len(line))
	if from := column - shownColumns/2; len(line) > shownColumns && from > 0 {
		line, column = line[from:], column-from
	}
	line = line[:min(len(line), shownColumns)]
	var text, caret strings.Builder
	for i, r := range line {
		switch {
		case r == '\t':
		case !unicode.IsPrint(r):
			r = '?'
		}
		text.WriteRune(r)
		if i < column {
			if r != '\t' {
				r = ' '
			}
			caret.WriteRune(r)
		}
	}
	if strings.TrimSpace(text.String()) == "" {
		return ""
	}
	return fmt.Sprintf("\n    %s\n    %s^", strings.TrimRight(text.String(), " \t"), caret.String())
}

// Mistake is something wrong in a source.
type Mistake struct {
	At Position
	// Path leads to the field, as in package field; empty if it is about the whole text.
	Path []string
	Err  error
}

// Error returns "file.yaml:3:7: policies[1].name: what is wrong", then the line and a caret.
func (m *Mistake) Error() string { return m.Line() + m.At.excerpt() }

// Line returns what Error does, without the line of the source.
func (m *Mistake) Line() string {
	var parts []string
	if at := m.At.String(); at != "" {
		parts = append(parts, at)
	}
	if len(m.Path) > 0 {
		parts = append(parts, field.Path(m.Path))
	}
	return strings.Join(append(parts, m.Err.Error()), ": ")
}

// Unwrap returns what is wrong.
func (m *Mistake) Unwrap() error { return m.Err }

// mistakesShown is how many mistakes an error text has.
const mistakesShown = 50

// Mistakes are all that is wrong in a source.
type Mistakes []*Mistake

// Error returns all mistakes, or, of very many, the first ones and the number of the rest.
func (m Mistakes) Error() string {
	var lines []string
	for i, one := range m {
		if i == mistakesShown {
			lines = append(lines, "and "+words.Count(len(m)-i, "more mistake"))
			break
		}
		lines = append(lines, one.Error())
	}
	return strings.Join(lines, "\n")
}

// Unwrap returns the mistakes one by one.
func (m Mistakes) Unwrap() []error {
	all := make([]error, len(m))
	for i, one := range m {
		all[i] = one
	}
	return all
}

// Err returns the mistakes in the order of the source, each once, or nil if there are none.
func (m Mistakes) Err() error {
	if len(m) == 0 {
		return nil
	}
	var out Mistakes
	seen := map[string]bool{}
	for _, one := range m {
		// What several policies share is wrong once.
		key := one.At.String() + "\x00" + one.Err.Error()
		if one.At.Line == 0 {
			key = one.Error()
		}
		if !seen[key] {
			seen[key] = true
			out = append(out, one)
		}
	}
	slices.SortStableFunc(out, func(a, b *Mistake) int {
		if a.At.Source != b.At.Source {
			return 0
		}
		if a.At.Line != b.At.Line {
			return a.At.Line - b.At.Line
		}
		return a.At.Column - b.At.Column
	})
	return out
}

// Locate turns errors of package field into mistakes with places: each at the deepest node that
// there is on its path from root, or at root. Mistakes stay as they are.
func Locate(root *Node, err error) Mistakes {
	if err == nil {
		return nil
	}
	if many, ok := err.(interface{ Unwrap() []error }); ok {
		var out Mistakes
		for _, one := range many.Unwrap() {
			out = append(out, Locate(root, one)...)
		}
		return out
	}
	if m, ok := errors.AsType[*Mistake](err); ok {
		return Mistakes{m}
	}
	if e, ok := errors.AsType[*field.Error](err); ok {
		return Mistakes{{At: place(root, e.Path), Path: e.Path, Err: e.Err}}
	}
	return Mistakes{{At: Position{Source: root.At.Source}, Err: err}}
}

// place returns where the deepest node on a path stands: its value, or its name if it is a mapping
// or list on the lines below.
func place(root *Node, path []string) Position {
	at, n := root.At, root
	for _, name := range path {
		next := Position{}
		switch n.Kind {
		case Mapping:
			for _, f := range n.Fields {
				if f.Name == name {
					next, n = f.At, f.Value
					if n.Kind < List && n.At.Line > 0 || next.Source == nil {
						next = n.At
					}
					break
				}
			}
		case List:
			if i, ok := element(n, name); ok {
				n = n.Items[i]
				next = n.At
			}
		}
		if next.Source == nil {
			break
		}
		at = next
	}
	return at
}
