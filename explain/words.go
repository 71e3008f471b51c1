package explain

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/quotasched/quotasched/internal/words"
)

// freeBucket is the level of the free bucket.
const freeBucket = 5

// level returns "p0" to "p4", or "free".
func level(p int32) string {
	if p >= freeBucket {
		return "free"
	}
	return fmt.Sprintf("p%d", p)
}

// levelName returns the level as a noun: "p0" to "p4", or "the free bucket".
func levelName(p int32) string {
	if p >= freeBucket {
		return "the free bucket"
	}
	return level(p)
}

// where returns "at p0" to "at p4", or "in the free bucket".
func where(p int32) string {
	if p >= freeBucket {
		return "in the free bucket"
	}
	return "at " + level(p)
}

// run says how many tasks run.
func run(n int64) string {
	switch n {
	case 0:
		return "none run"
	case 1:
		return "1 runs"
	}
	return words.Number(n) + " run"
}

// quoted returns an id as it is if it is plain, else as a Go string.
func quoted(id string) string {
	if id == "" || strings.ContainsFunc(id, func(r rune) bool {
		return r == ' ' || r == '"' || r == ',' || !strconv.IsPrint(r)
	}) {
		return strconv.Quote(id)
	}
	return id
}

// labels returns labels between commas, quoted where they are not plain.
func labels(list []string) string {
	if len(list) == 0 {
		return "no labels"
	}
	all := make([]string, len(list))
	for i, l := range list {
		all[i] = quoted(l)
	}
	return strings.Join(all, ", ")
}

// of returns whose something is.
func of(account string) string {
	if account == "" {
		return "of no account"
	}
	return "of " + quoted(account)
}
