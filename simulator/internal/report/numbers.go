package report

import (
	"math"
	"strconv"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator"
)

// Short names for what every table writes.

func count[T int | int64](n T) string { return words.Number(n) }

// wholeSeconds writes seconds rounded to whole ones, with commas.
func wholeSeconds(s float64) string { return words.Number(int64(math.Round(s))) }

// meanSeconds writes a mean of seconds or worker-seconds as words.SecondsFigure does, or a dash.
func meanSeconds(s number) string { return words.SecondsFigure(float64(s)) }

// percent writes a part of one in percent, with one decimal.
func percent(x float64) string { return strconv.FormatFloat(100*x, 'f', 1, 64) + " %" }

// wallTime writes a time of the real world with three digits.
func wallTime(seconds float64) string {
	d := time.Duration(seconds * float64(time.Second))
	unit := time.Nanosecond
	for d >= 1000*unit {
		unit *= 10
	}
	return d.Round(unit).String()
}

// distribution returns the cells of a row of waits: their mean, p50, p90, p95 and the longest.
func distribution(d *simulator.Distribution) table.Row {
	return table.Row{words.SecondsFigure(d.MeanSeconds), words.SecondsFigure(d.P50Seconds),
		words.SecondsFigure(d.P90Seconds), words.SecondsFigure(d.P95Seconds),
		words.SecondsFigure(d.MaxSeconds)}
}
