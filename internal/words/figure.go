package words

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// The functions here round: a figure is for reading at a glance. One that is not finite is a dash.

const (
	noFigure = "–"
	// figureMax is the largest figure that is written in full.
	figureMax = 1e15
)

func isFigure(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// Figure returns a number or a mean of numbers: to a decimal below ten where it is not whole, else
// as Number does.
func Figure(x float64) string {
	switch {
	case !isFigure(x):
		return noFigure
	case math.Abs(x) < 10 && x != math.Trunc(x):
		return fmt.Sprintf("%.1f", x)
	case math.Abs(x) > figureMax:
		return fmt.Sprintf("%.3g", x)
	}
	return Number(int64(math.Round(x)))
}

// SecondsFigure returns seconds or worker-seconds without their unit: to a decimal from zero to
// ten, where it matters, else whole.
func SecondsFigure(x float64) string {
	switch {
	case !isFigure(x):
		return noFigure
	case x > 0 && x < 9.95:
		return strconv.FormatFloat(x, 'f', 1, 64)
	case math.Abs(x) > figureMax:
		return fmt.Sprintf("%.3g", x)
	}
	return Number(int64(math.Round(x)))
}

// Work returns worker-seconds as worker-hours with their unit: "0 worker-hours", "4.5
// worker-hours", "1,200 worker-hours". What is not finite is a dash.
func Work(seconds float64) string {
	if !isFigure(seconds) {
		return noFigure
	}
	return Figure(seconds/3600) + " worker-hours"
}

// Signed writes a difference with its sign, unless it rounds to nothing.
func Signed(x float64, write func(float64) string) string {
	text := write(math.Abs(x))
	switch {
	case !strings.ContainsAny(text, "123456789"):
		return text
	case x > 0:
		return "+" + text
	}
	return "−" + text
}

// Change returns a change beside what it was: "−95 %", "+40 %", "× 3.1"; "0 %" if it rounds to
// nothing, and "" if it was not above 0.
func Change(from, to float64) string {
	switch delta := to - from; {
	case from <= 0:
		return ""
	case to >= 100*from:
		return "× " + Number(int64(min(to/from, figureMax)))
	case to >= 2*from:
		return fmt.Sprintf("× %.1f", to/from)
	case delta > 0:
		return fmt.Sprintf("+%.0f %%", 100*delta/from)
	case math.Abs(delta) < 0.005*from:
		return "0 %"
	case to > 0 && -delta/from >= 0.995: // not all of it is gone
		return fmt.Sprintf("−%.1f %%", min(99.9, -100*delta/from))
	default:
		return fmt.Sprintf("−%.0f %%", -100*delta/from)
	}
}
