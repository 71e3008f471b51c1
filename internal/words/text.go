package words

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Printable returns a text as it is, or quoted if it has in it what a terminal should not be given.
func Printable(text string) string {
	unprintable := func(r rune) bool { return !strconv.IsPrint(r) }
	if !utf8.ValidString(text) || strings.ContainsFunc(text, unprintable) {
		return strconv.Quote(text)
	}
	return text
}

// Account returns an account's id, printable; "(no account)" for an empty one.
func Account(id string) string {
	if id == "" {
		return "(no account)"
	}
	return Printable(id)
}

// Shorten takes runes out of the middle of a text that has more than so many.
func Shorten(text string, runesMax int) string {
	runes := []rune(text)
	if len(runes) <= runesMax {
		return text
	}
	tail := runesMax / 3
	return string(runes[:runesMax-tail-1]) + "…" + string(runes[len(runes)-tail:])
}

// Wrap breaks a text between words into lines of at most so many runes, unless a word is longer.
func Wrap(text string, runesMax int) string {
	var b strings.Builder
	column := 0
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i > 0 && column+1+n > runesMax:
			b.WriteString("\n")
			column = 0
		case i > 0:
			b.WriteString(" ")
			column++
		}
		b.WriteString(word)
		column += n
	}
	return b.String()
}

// markdownMarks are the characters that mean something in Markdown.
var markdownMarks = strings.NewReplacer(`\`, `\\`, "`", "\\`", "*", `\*`, "_", `\_`, "[", `\[`,
	"]", `\]`, "<", "&lt;", ">", "&gt;", "#", `\#`, "|", `\|`, "~", `\~`, "@", "&#64;")

// MarkdownText returns a text that Markdown shows as it is, and that mentions nobody.
func MarkdownText(text string) string { return markdownMarks.Replace(text) }
