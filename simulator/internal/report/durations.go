package report

import (
	"strconv"

	"github.com/quotasched/quotasched/internal/words"
)

// humanSeconds writes a duration as people say it, or a dash.
func humanSeconds(s number) string { return words.Seconds(float64(s)) }

// humanWork writes worker-seconds as worker-hours, or a dash.
func humanWork(s number) string { return words.Work(float64(s)) }

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
