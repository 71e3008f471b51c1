package explain

import (
	"fmt"
	"strconv"
	"strings"
)

// level returns "p0" to "p4", or "free".
func level(p int32) string {
	if p >= 5 {
		return "free"
	}
	return fmt.Sprintf("p%d", p)
}

// where returns "at p0" to "at p4", or "in the free bucket".
func where(p int32) string {
	if p >= 5 {
		return "in the free bucket"
	}
	return "at " + level(p)
}

// amount returns micro-worker-seconds as worker-seconds with that unit, exactly, such as
// "-1,200.5 worker-seconds".
func amount(units int64) string {
	if units == 1_000_000 {
		return "1 worker-second"
	}
	return bare(units) + " worker-seconds"
}

// bare is amount without its unit.
func bare(units int64) string { return decimal(units, 1_000_000) }

// rate returns milli-workers as workers, exactly.
func rate(units int64) string { return decimal(units, 1000) }

// decimal returns n/unit without zeros at its end; unit is a power of ten.
func decimal(n, unit int64) string {
	whole, rest := n/unit, n%unit
	s := number(whole)
	if n < 0 && whole == 0 {
		s = "-0"
	}
	if rest == 0 {
		return s
	}
	fraction := strconv.FormatInt(unit+max(rest, -rest), 10)[1:]
	return s + "." + strings.TrimRight(fraction, "0")
}

// number returns a number with commas.
func number(n int64) string {
	s := strconv.FormatInt(n, 10)
	from := 1
	if n < 0 {
		from = 2
	}
	for i := len(s) - 3; i >= from; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// amounts returns those of a vector of amounts by level that are not zero, such as
// "2.5 worker-seconds at p1, 5 at p2", or "nothing".
func amounts(vector []int64) string {
	var words []string
	for p, units := range vector {
		switch {
		case units == 0:
		case len(words) == 0:
			words = append(words, amount(units)+" "+where(int32(p)))
		default:
			words = append(words, bare(units)+" "+where(int32(p)))
		}
	}
	if len(words) == 0 {
		return "nothing"
	}
	return strings.Join(words, ", ")
}

// run says how many tasks run.
func run(n int64) string {
	switch n {
	case 0:
		return "none run"
	case 1:
		return "1 runs"
	}
	return number(n) + " run"
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

// labels returns labels between commas.
func labels(list []string) string {
	if len(list) == 0 {
		return "no labels"
	}
	words := make([]string, len(list))
	for i, l := range list {
		words[i] = quoted(l)
	}
	return strings.Join(words, ", ")
}

// workers returns "1 worker" or "n workers", with what kind of worker before that if it is not "".
func workers(n int64, kind string) string {
	if kind != "" {
		kind += " "
	}
	if n == 1 {
		return "1 " + kind + "worker"
	}
	return fmt.Sprintf("%s %sworkers", number(n), kind)
}

// of returns whose something is.
func of(account string) string {
	if account == "" {
		return "of no account"
	}
	return "of " + quoted(account)
}
