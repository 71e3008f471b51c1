package trace

import (
	"fmt"
	"strconv"
	"strings"
)

// shorten quotes a text of the log, cut to a length that fits a message.
func shorten(s string) string {
	const limit = 40
	if len(s) > limit {
		return strconv.Quote(s[:limit]) + "…"
	}
	return strconv.Quote(s)
}

// list writes texts of the log for a message. Those that a terminal might take for more than text
// are quoted, and long ones cut.
func list(texts []string) string {
	const most = 100 // bytes of a text that is written whole
	var b strings.Builder
	for i, text := range texts {
		if i > 0 {
			b.WriteString(", ")
		}
		plain := !strings.ContainsFunc(text, func(r rune) bool { return !strconv.IsPrint(r) })
		if plain && text != "" && len(text) <= most {
			b.WriteString(text)
		} else {
			b.WriteString(shorten(text))
		}
	}
	return b.String()
}

// choices lists the valid names for the end of an error message, at most 40 of them.
func choices(names []string) string {
	const most = 40
	switch {
	case len(names) == 0:
		return "; there are none"
	case len(names) > most:
		return fmt.Sprintf("; there are %s and %d more", list(names[:most]), len(names)-most)
	}
	return "; there are " + list(names)
}
