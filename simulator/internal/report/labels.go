package report

import (
	"strings"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/scheduler"
)

const (
	// accountRunesMax and variantRunesMax are how long the names of accounts and of variants may
	// be in a report.
	accountRunesMax = 36
	variantRunesMax = 60
)

// label writes a name for people: what cannot be printed is quoted, and a long name is cut in its
// middle.
func label(name string) string { return words.Shorten(words.Account(name), accountRunesMax) }

// variantLabel does the same with a variant's name.
func variantLabel(name string) string {
	if name == "" {
		return "(no name)"
	}
	return words.Shorten(words.Account(name), variantRunesMax)
}

// accountLabels are the names of accounts in a report.
type accountLabels struct {
	// prefix is what all ids begin with and the names are without; empty if that is nothing, or if
	// no id is so long that it matters.
	prefix string
	// long are the names in pages, and short those in terminal tables: no two accounts have the same.
	long, short map[scheduler.AccountID]string
}

// newAccountLabels names accounts.
func newAccountLabels(ids []scheduler.AccountID) accountLabels {
	l := accountLabels{prefix: commonPrefix(ids)}
	l.long = l.cut(ids, accountRunesMax)
	l.short = l.cut(ids, terminalAccountRunes)
	return l
}

// of names an account; one that submits nothing has no name among the others.
func (l *accountLabels) of(id scheduler.AccountID) string {
	if name, known := l.long[id]; known {
		return name
	}
	return label(string(id))
}

// note says which prefix is missing; empty if none is.
func (l *accountLabels) note() string {
	if l.prefix == "" {
		return ""
	}
	return "names of accounts are without " + words.Printable(l.prefix) + ", with which all of them " +
		"begin"
}

// cut takes the prefix off all names, and then runes out of the middle of those that have more than
// most: the same part of all, so that no two of them become the same.
func (l *accountLabels) cut(ids []scheduler.AccountID, most int) map[scheduler.AccountID]string {
	labels := map[scheduler.AccountID]string{}
	for tail := (most - 1) / 2; tail < most-1; tail++ {
		seen := map[string]bool{}
		for _, id := range ids {
			name := words.Account(strings.TrimPrefix(string(id), l.prefix))
			labels[id] = cutMiddle(name, most, tail)
			seen[labels[id]] = true
		}
		if len(seen) == len(ids) {
			return labels
		}
	}
	numbers := map[string]int{}
	for _, id := range ids { // they differ in the middle alone
		name := cutMiddle(words.Account(strings.TrimPrefix(string(id), l.prefix)), most-4, most/3)
		if numbers[name]++; numbers[name] > 1 {
			name += "#" + words.Number(numbers[name])
		}
		labels[id] = name
	}
	return labels
}

// cutMiddle takes runes out of a text that has more than most; tail runes of its end stay.
func cutMiddle(text string, most, tail int) string {
	runes := []rune(text)
	if len(runes) <= most {
		return text
	}
	return string(runes[:most-tail-1]) + "…" + string(runes[len(runes)-tail:])
}

// commonPrefix returns what all ids begin with, up to and with a separator, if an id is longer than
// a terminal table has room for, and something with a letter is left of each.
func commonPrefix(ids []scheduler.AccountID) string {
	prefix, long, count := "", false, 0
	for _, id := range ids {
		if id == "" {
			continue
		}
		if count++; count == 1 {
			prefix = string(id)
		}
		for !strings.HasPrefix(string(id), prefix) {
			prefix = prefix[:len(prefix)-1]
		}
		long = long || len([]rune(id)) > terminalAccountRunes
	}
	prefix = prefix[:strings.LastIndexAny(prefix, "/:._-@ ")+1]
	if !long || count < 2 {
		return ""
	}
	for _, id := range ids {
		rest := strings.TrimPrefix(string(id), prefix)
		if id != "" && !strings.ContainsFunc(rest, func(r rune) bool { return r > '9' }) {
			return ""
		}
	}
	return prefix
}
