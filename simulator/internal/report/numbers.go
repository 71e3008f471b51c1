package report

import (
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/quotasched/quotasched/internal/words"
)

// Short names for what every table writes.

func count[T int | int64](n T) string { return words.Number(n) }

func plural(n int, noun string) string { return words.Count(n, noun) }

func shown(id string) string { return words.Account(id) }

func printable(text string) string { return words.Printable(text) }

// wholeSeconds writes seconds rounded to whole ones, with commas.
func wholeSeconds(s float64) string { return words.Number(int64(math.Round(s))) }

// shortSeconds writes a wait: with a decimal below ten seconds, where it matters.
func shortSeconds(s float64) string { return words.SecondsFigure(s) }

// meanSeconds writes a mean of seconds or worker-seconds as shortSeconds does, or a dash.
func meanSeconds(s number) string { return words.SecondsFigure(float64(s)) }

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
