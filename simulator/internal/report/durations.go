package report

import (
	"math"
	"strconv"

	"github.com/quotasched/quotasched/internal/words"
)

// humanSeconds writes a duration as people say it, or a dash.
func humanSeconds(s number) string { return words.Seconds(float64(s)) }

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

// workHours writes worker-seconds as worker-hours, without the unit.
func workHours(s number) string { return words.Figure(float64(s) / 3600) }

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
