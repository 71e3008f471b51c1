package words

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

const day = 24 * time.Hour

// Duration returns a duration for reading at a glance, in two or three digits: "0.4 s", "12 s",
// "4.5 min", "3 h 20 min", "2 d 4 h". All texts round so: what explain says of a wait reads as what
// a forecast, a plan and a report say of it.
func Duration(d time.Duration) string { return Seconds(d.Seconds()) }

// Seconds returns seconds as Duration does. What is not finite is a dash.
func Seconds(x float64) string {
	switch {
	case !isFigure(x):
		return noFigure
	case x < 0:
		return "−" + Seconds(-x)
	case x < 9.95:
		return tenths(x) + " s"
	case x < 89.5:
		return strconv.FormatFloat(x, 'f', 0, 64) + " s"
	case x < 9.95*60:
		return tenths(x/60) + " min"
	case x < 89.5*60:
		return strconv.FormatFloat(x/60, 'f', 0, 64) + " min"
	case x < 36*3600:
		return twoUnits(int64(math.Round(x/60)), 60, "h", "min")
	case x < 10*86400:
		return twoUnits(int64(math.Round(x/3600)), 24, "d", "h")
	}
	return Number(int64(min(math.Round(x/86400), figureMax))) + " d"
}

// tenths writes a number with a decimal, unless it is whole.
func tenths(x float64) string {
	if x == math.Trunc(x) {
		return strconv.FormatFloat(x, 'f', 0, 64)
	}
	return strconv.FormatFloat(x, 'f', 1, 64)
}

// twoUnits returns n small units, of which a large one has so many.
func twoUnits(n, perLarge int64, large, small string) string {
	if n%perLarge == 0 {
		return fmt.Sprintf("%d %s", n/perLarge, large)
	}
	return fmt.Sprintf("%d %s %d %s", n/perLarge, large, n%perLarge, small)
}

// ExactDuration returns a duration in as many units as it takes, such as "7 d", "1 h 30 min",
// "1 d 12 h 0.5 s". It is for what somebody set.
func ExactDuration(d time.Duration) string {
	if d < 0 {
		return "−" + ExactDuration(-d)
	}
	var parts []string
	for _, u := range []struct {
		name   string
		length time.Duration
	}{{"d", day}, {"h", time.Hour}, {"min", time.Minute}} {
		if n := d / u.length; n > 0 {
			parts = append(parts, Number(n)+" "+u.name)
			d %= u.length
		}
	}
	if d > 0 || len(parts) == 0 {
		parts = append(parts, strconv.FormatFloat(d.Seconds(), 'f', -1, 64)+" s")
	}
	return strings.Join(parts, " ")
}

// Ago returns how long ago something was, as Duration does: "7 h 59 min ago"; "2 s from now" for a
// negative duration, and "just now" for less than half a second.
func Ago(d time.Duration) string {
	switch {
	case max(d, -d) < time.Second/2:
		return "just now"
	case d < 0:
		return Duration(-d) + " from now"
	}
	return Duration(d) + " ago"
}
