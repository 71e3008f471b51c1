package report

import (
	"html/template"
	"io"
	"strings"
)

// plainPage is a page of sections with tables and pictures, and no script.
type plainPage struct {
	Kind, Title, Description string
	// Banner is something that must not be overlooked.
	Banner           string
	Sections         []plainSection
	Program, Command string
	Style            template.CSS
}

// plainSection has a sentence, pictures, a table, a text and a note; what is empty is left out.
type plainSection struct {
	Title, Lead string
	Pictures    []picture
	Table       *plainTable
	Text, Note  string
}

// picture is an SVG with a title.
type picture struct {
	Title string
	SVG   template.HTML
}

// plainTable is a table whose first column names its rows.
type plainTable struct {
	Header []string
	Rows   [][]string
}

// row adds a row; cells that are missing at its end are empty.
func (p *plainTable) row(cells ...string) {
	for len(cells) < len(p.Header) {
		cells = append(cells, "")
	}
	p.Rows = append(p.Rows, cells)
}

// plainTemplate is the page without its contents.
var plainTemplate = template.Must(template.New("plain.tmpl").Funcs(template.FuncMap{
	"mark": markOf}).ParseFS(pageFiles, "html/plain.tmpl"))

// markOf colours cells that are a verdict.
func markOf(cell string) string {
	switch cell {
	case "met", "better":
		return "better"
	case "missed", "worse", "cannot be met":
		return "worse"
	}
	return ""
}

// write writes the page.
func (p *plainPage) write(w io.Writer, o HTMLOptions) error {
	style, err := pageFiles.ReadFile("html/page.css")
	if err != nil {
		return err
	}
	p.Style, p.Program, p.Command = template.CSS(style), o.Program, o.Command
	var b strings.Builder
	if err := plainTemplate.Execute(&b, p); err != nil {
		return err
	}
	_, err = io.WriteString(w, b.String())
	return err
}
