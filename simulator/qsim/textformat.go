package main

import (
	"fmt"

	"github.com/spf13/pflag"
)

// textFormat is how a command writes for people.
type textFormat string

// The formats: plain text for a terminal, and Markdown for a comment on a pull request.
const (
	formatText     textFormat = "text"
	formatMarkdown textFormat = "markdown"
)

// register adds the flag.
func (f *textFormat) register(set *pflag.FlagSet) {
	*f = formatText
	set.Var(f, "format", "how the tables are written: text, or markdown, for a pull request")
}

func (f *textFormat) Type() string   { return "text|markdown" }
func (f *textFormat) String() string { return string(*f) }

func (f *textFormat) Set(s string) error {
	switch format := textFormat(s); format {
	case formatText, formatMarkdown:
		*f = format
		return nil
	}
	return fmt.Errorf("want text or markdown")
}
