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

// accountRunesMax is how long an account's name in a table is.
const accountRunesMax = 18

// AccountCell returns an account's id for a table: as Account does, and cut in the middle.
func AccountCell(id string) string { return Shorten(Account(id), accountRunesMax) }

// Shorten takes runes out of the middle of a text that has more than so many.
func Shorten(text string, runesMax int) string {
	runes := []rune(text)
	if len(runes) <= runesMax {
		return text
	}
	tail := runesMax / 3
	return string(runes[:runesMax-tail-1]) + "…" + string(runes[len(runes)-tail:])
}

// Columns is how wide a line of text for people is, unless a word is longer.
const Columns = 100

// Wrap breaks a text between words into lines of at most so many runes, unless a word is longer.
func Wrap(text string, runesMax int) string { return hang("", "", text, runesMax) }

// Paragraph breaks a text into lines of Columns runes. The first line begins with a prefix, and the
// others with two blanks more.
func Paragraph(prefix, text string) string { return hang(prefix, prefix+"  ", text, Columns) }

// hang is Wrap with something before the first line, and before each other one.
func hang(first, other, text string, runesMax int) string {
	var b strings.Builder
	b.WriteString(first)
	column := utf8.RuneCountInString(first)
	for i, word := range strings.Fields(text) {
		n := utf8.RuneCountInString(word)
		switch {
		case i > 0 && column+1+n > runesMax:
			b.WriteString("\n" + other)
			column = utf8.RuneCountInString(other)
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
