package report

import (
	"fmt"
	"math"
	"strconv"
)

// humanSeconds writes a duration as people say it, to two or three digits: 0.4 s, 12 s, 4.5 min,
// 3 h 20 min, 2 d 4 h. A figure that there is not is a dash.
func humanSeconds(s number) string {
	if !s.known() {
		return "–"
	}
	x := float64(s)
	if x < 0 {
		return "−" + humanSeconds(-s)
	}
	switch {
	case x == 0:
		return "0 s"
	case x < 9.95:
		return strconv.FormatFloat(x, 'f', 1, 64) + " s"
	case x < 89.5:
		return strconv.FormatFloat(x, 'f', 0, 64) + " s"
	case x < 9.95*60:
		return strconv.FormatFloat(x/60, 'f', 1, 64) + " min"
	case x < 89.5*60:
		return strconv.FormatFloat(x/60, 'f', 0, 64) + " min"
	case x < 36*3600:
		return twoUnits(x, parts{3600, "h", 60, "min"})
	case x < 10*86400:
		return twoUnits(x, parts{86400, "d", 3600, "h"})
	}
	return count(int64(min(math.Round(x/86400), 1e15))) + " d"
}

// parts are two units of time.
type parts struct {
	largeSeconds float64
	large        string
	smallSeconds float64
	small        string
}

// twoUnits writes a duration in a large unit and what is left over in a small one.
func twoUnits(seconds float64, p parts) string {
	small := int64(math.Round(seconds / p.smallSeconds))
	per := int64(p.largeSeconds / p.smallSeconds)
	if small%per == 0 {
		return fmt.Sprintf("%d %s", small/per, p.large)
	}
	return fmt.Sprintf("%d %s %d %s", small/per, p.large, small%per, p.small)
}

// humanWork writes worker-seconds as worker-hours.
func humanWork(s number) string {
	hours := float64(s) / 3600
	switch {
	case !s.known():
		return "–"
	case hours == 0:
		return "0 worker-hours"
	case math.Abs(hours) < 9.95:
		return strconv.FormatFloat(hours, 'f', 1, 64) + " worker-hours"
	case math.Abs(hours) > 1e15:
		return strconv.FormatFloat(hours, 'g', 3, 64) + " worker-hours"
	}
	return count(int64(math.Round(hours))) + " worker-hours"
}

// percentOf writes a part of one in percent, or a dash.
func percentOf(x number) string {
	if !x.known() {
		return "–"
	}
	return percent(float64(x))
}

// index writes Jain's index, or a dash.
func index(x number) string {
	if !x.known() {
		return "–"
	}
	return strconv.FormatFloat(float64(x), 'f', 3, 64)
}
