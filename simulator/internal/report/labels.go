package report

const (
	// accountRunesMax and variantRunesMax are how long the names of accounts and of variants may
	// be in a report.
	accountRunesMax = 36
	variantRunesMax = 60
)

// label writes an account's name for people: what cannot be printed is quoted, and a long name is
// cut in its middle.
func label(name string) string { return shorten(shown(name), accountRunesMax) }

// variantLabel does the same with a variant's name.
func variantLabel(name string) string {
	if name == "" {
		return "(no name)"
	}
	return shorten(shown(name), variantRunesMax)
}

// shorten takes runes out of the middle of a text that has more than most.
func shorten(text string, most int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	tail := most / 3
	return string(runes[:most-tail-1]) + "…" + string(runes[len(runes)-tail:])
}
