package report

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// count writes a whole number with commas: 28,476.
func count[T int | int64](n T) string {
	digits := strconv.FormatInt(int64(n), 10)
	sign := ""
	if digits[0] == '-' {
		sign, digits = "-", digits[1:]
	}
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "," + digits[i:]
	}
	return sign + digits
}

// wholeSeconds writes seconds rounded to whole ones, with commas.
func wholeSeconds(s float64) string { return count(int64(math.Round(s))) }

// shortSeconds writes a wait: with a decimal below ten seconds, where it matters.
func shortSeconds(s float64) string {
	if s > 0 && s < 9.95 {
		return strconv.FormatFloat(s, 'f', 1, 64)
	}
	return wholeSeconds(s)
}

// meanSeconds writes a mean of seconds or worker-seconds as shortSeconds does, or a dash.
func meanSeconds(s number) string {
	switch {
	case !s.known():
		return "–"
	case math.Abs(float64(s)) > 1e15:
		return fmt.Sprintf("%.3g", float64(s))
	}
	return shortSeconds(float64(s))
}

// percent writes a part of one in percent, with one decimal.
func percent(x float64) string { return strconv.FormatFloat(100*x, 'f', 1, 64) + " %" }

// days writes a long time to the minute: 6d 23h 58m.
func days(seconds float64) string {
	minutes := int64(math.Round(seconds / 60))
	return fmt.Sprintf("%dd %02dh %02dm", minutes/1440, minutes/60%24, minutes%60)
}

// wallTime writes a time of the real world with three digits.
func wallTime(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	unit := time.Nanosecond
	for d >= 1000*unit {
		unit *= 10
	}
	return d.Round(unit).String()
}

// plural writes "1 job" or "3 jobs".
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return count(n) + " " + noun + "s"
}

// shown writes an account's id, made safe for a terminal.
func shown(id string) string {
	if id == "" {
		return "(no account)"
	}
	return printable(id)
}

// printable quotes a text that has in it what a terminal should not be given.
func printable(text string) string {
	unprintable := func(r rune) bool { return !strconv.IsPrint(r) }
	if !utf8.ValidString(text) || strings.IndexFunc(text, unprintable) >= 0 {
		return strconv.Quote(text)
	}
	return text
}
