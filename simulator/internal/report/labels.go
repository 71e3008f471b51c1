package report

import "github.com/quotasched/quotasched/internal/words"

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

func shorten(text string, most int) string { return words.Shorten(text, most) }
