package main

import (
	"bytes"
	"fmt"
	"strings"
)

const intro = `# Every field of an experiment file

This page is made from the Go types by ` + "`make generate`" + `, as is schema.json beside it,
which ` + "`qsim schema`" + ` prints.

A **duration** is written as 90s, 10m, 1h30m or 7d (d is 24 hours, w is 7 days). A **time** is
written as 2026-01-05 or 2026-01-05T08:00:00Z. Fields in bold must be there. In paths, [] stands for
each element of a list and * for each name in a mapping.
`

// markdown writes the reference.
func (w *walk) markdown() []byte {
	var b bytes.Buffer
	b.WriteString(intro)
	for _, s := range w.sections {
		title := "The file"
		if s.path != "" {
			title = s.name
		}
		fmt.Fprintf(&b, "\n## %s\n\n", title)
		if s.path != "" {
			fmt.Fprintf(&b, "At `%s`. ", s.path)
		}
		fmt.Fprintf(&b, "%s\n\n| field | value | default | meaning |\n|---|---|---|---|\n", s.doc)
		for _, r := range s.rows {
			name := "`" + r.name + "`"
			if r.required {
				name = "**" + name + "**"
			}
			fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", name, r.kind, r.defaults,
				strings.ReplaceAll(r.doc, "|", `\|`))
		}
	}
	return b.Bytes()
}

// anchor is the place of a section in the page.
func anchor(s *section) string {
	return strings.ReplaceAll(strings.ToLower(s.name), ".", "")
}
