package report

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"strings"

	"github.com/quotasched/quotasched/simulator/experiment"
)

// HTMLOptions say what HTML shows.
type HTMLOptions struct {
	// Top is the number of accounts that charts show at first: those that used most. 0 means 12.
	Top int
	// Program names the program and its version, and Command the command line that makes the same
	// report again; they stand at the foot of the page where they are not empty.
	Program string
	Command string
}

//go:embed html
var pageFiles embed.FS

// pageTemplate is the page without its data.
var pageTemplate = template.Must(template.ParseFS(pageFiles, "html/page.tmpl"))

// pageScripts are the page's own scripts. They share one scope; the last one begins.
var pageScripts = []string{
	"numbers", "calendar", "elements", "palette", "cursor", "tables", "zoom", "lines", "strips",
	"waits", "frontier", "curves", "overtime", "groups", "flows", "shares", "differences",
	"importances", "scrolls", "main",
}

// HTML writes results as one page that needs no other file and asks nothing of any network: its
// styles, scripts and data are in it. Charts have at most 240 points over time, and percentiles
// and differences of the accounts that used least are left out; [JSON] has everything. Names from
// the results are shown as text, whatever is in them. Results without variants, runs, accounts or
// series make a page that says so.
func HTML(w io.Writer, results *experiment.Results, o HTMLOptions) error {
	if o.Top <= 0 {
		o.Top = 12
	}
	s := newStudy(results)
	data, err := json.Marshal(s.chartData(o.Top))
	if err != nil {
		return fmt.Errorf("the page's data: %w", err)
	}
	p := s.page(o)
	p.Data = template.JS(data)
	p.readFiles()
	return pageTemplate.Execute(w, p)
}

// readFiles puts styles, scripts and the licence of the chart library into the page.
func (p *page) readFiles() {
	read := func(path string) string {
		b, err := pageFiles.ReadFile("html/" + path)
		if err != nil {
			panic("report: a file that is not embedded: " + err.Error())
		}
		return string(b)
	}
	p.Licence = strings.TrimSpace(read("uplot/LICENSE"))
	p.Style = template.CSS(read("uplot/uPlot.min.css") + "\n" + read("page.css"))
	p.Library = template.JS(read("uplot/uPlot.iife.min.js"))
	var own strings.Builder
	own.WriteString("(() => {\n\"use strict\";\n")
	for _, name := range pageScripts {
		own.WriteString(read(name + ".js"))
	}
	own.WriteString("})();\n")
	p.Scripts = template.JS(own.String())
}
