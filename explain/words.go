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

// amount returns micro-worker-seconds as worker-seconds, exactly, such as "-12.5".
func amount(units int64) string { return decimal(units, 1_000_000) }

// rate returns milli-workers as workers, exactly.
func rate(units int64) string { return decimal(units, 1000) }

// decimal returns n/unit without zeros at its end; unit is a power of ten.
func decimal(n, unit int64) string {
	whole, rest := n/unit, n%unit
	sign := ""
	if n < 0 {
		sign, whole, rest = "-", -whole, -rest
	}
	s := sign + strconv.FormatInt(whole, 10)
	if rest == 0 {
		return s
	}
	fraction := strconv.FormatInt(unit+rest, 10)[1:]
	return s + "." + strings.TrimRight(fraction, "0")
}

// amounts returns a vector of amounts, zeros at its end left out, such as "[0 2.5]", or "nothing".
func amounts(vector []int64) string {
	var words []string
	last := 0
	for i, v := range vector {
		words = append(words, amount(v))
		if v != 0 {
			last = i + 1
		}
	}
	if last == 0 {
		return "nothing"
	}
	return "[" + strings.Join(words[:last], " ") + "]"
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
	return fmt.Sprintf("%d %sworkers", n, kind)
}

// of returns whose something is.
func of(account string) string {
	if account == "" {
		return "of no account"
	}
	return "of " + quoted(account)
}
