package words

import (
	"fmt"
	"time"
)

const day = 24 * time.Hour

// units are those of durations, the longest first.
var units = []struct {
	name   string
	length time.Duration
}{{"d", day}, {"h", time.Hour}, {"min", time.Minute}, {"s", time.Second}}

// Duration returns a duration that is not negative in its two longest units, such as "3 h 20 min",
// "1 d" or "0 s". It rounds to the nearest second, and then down to the second of the two.
func Duration(d time.Duration) string {
	d = d.Round(time.Second)
	for i, u := range units {
		if d < u.length {
			continue
		}
		text := fmt.Sprintf("%d %s", d/u.length, u.name)
		if rest := d % u.length; i+1 < len(units) && rest >= units[i+1].length {
			text += fmt.Sprintf(" %d %s", rest/units[i+1].length, units[i+1].name)
		}
		return text
	}
	return "0 s"
}

// ExactDuration returns what Duration does if d is a whole number of one unit below 100, and else
// what d.String does.
func ExactDuration(d time.Duration) string {
	for _, u := range units {
		if d >= u.length && d%u.length == 0 && d < 100*u.length {
			return Duration(d)
		}
	}
	return d.String()
}

// Ago returns how long ago something was, to the minute from a minute on, such as "7 h 59 min ago";
// "2 s from now" for a negative duration, and "just now" for less than half a second.
func Ago(d time.Duration) string {
	d = d.Round(time.Second)
	length := max(d, -d)
	if length >= time.Minute {
		length = length.Truncate(time.Minute)
	}
	switch {
	case d == 0:
		return "just now"
	case d < 0:
		return Duration(length) + " from now"
	}
	return Duration(length) + " ago"
}
