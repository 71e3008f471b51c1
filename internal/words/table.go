package words

import (
	"strings"
	"unicode/utf8"
)

// A Table is a table of plain text: columns with two spaces between them, and rules across. Its
// first columns are aligned to the left, all others to the right.
type Table struct {
	left   int // how many columns are aligned to the left
	rows   [][]string
	widths []int
}

// NewTable returns a table with a header and a rule below that.
func NewTable(left int, header ...string) *Table {
	t := &Table{left: left, widths: make([]int, len(header))}
	t.Row(header...)
	t.Rule()
	return t
}

// Row adds a row; cells that are missing at its end are empty.
func (t *Table) Row(cells ...string) {
	for i, cell := range cells {
		t.widths[i] = max(t.widths[i], utf8.RuneCountInString(cell))
	}
	t.rows = append(t.rows, cells)
}

// Rule adds a rule.
func (t *Table) Rule() { t.rows = append(t.rows, nil) }

// String returns the lines of the table, without spaces at their ends.
func (t *Table) String() string {
	const gap = 2
	width := 0
	for _, w := range t.widths {
		width += w + gap
	}
	var b strings.Builder
	for _, cells := range t.rows {
		if cells == nil {
			b.WriteString(strings.Repeat("─", width) + "\n")
			continue
		}
		line := ""
		for i, cell := range cells {
			pad := strings.Repeat(" ", t.widths[i]-utf8.RuneCountInString(cell))
			if i < t.left {
				line += cell + pad
			} else {
				line += pad + cell
			}
			line += strings.Repeat(" ", gap)
		}
		b.WriteString(strings.TrimRight(line, " ") + "\n")
	}
	return b.String()
}

// Markdown returns the table as Markdown has it, without the rules.
func (t *Table) Markdown() string {
	var b strings.Builder
	for i, cells := range t.rows {
		if cells == nil {
			continue
		}
		b.WriteString("|")
		for k := range t.widths {
			cell := ""
			if k < len(cells) {
				cell = MarkdownText(cells[k])
			}
			b.WriteString(" " + cell + " |")
		}
		b.WriteString("\n")
		if i > 0 {
			continue
		}
		b.WriteString("|")
		for k := range t.widths {
			if k < t.left {
				b.WriteString(" --- |")
			} else {
				b.WriteString(" ---: |")
			}
		}
		b.WriteString("\n")
	}
	return b.String()
}
