package explain

import (
	"fmt"
	"time"
)

// ago returns how long ago something was, or is to be, such as "7 h 59 min ago".
func ago(d time.Duration) string {
	switch d = d.Round(time.Second); {
	case d == 0:
		return "just now"
	case d < 0:
		return duration(-d) + " from now"
	}
	return duration(d) + " ago"
}

// duration says whole seconds, from a minute on in minutes, and those above an hour or a day with
// the hours or days before them, rounded down.
func duration(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d < time.Minute:
		return fmt.Sprintf("%d s", d/time.Second)
	case d < time.Hour:
		return fmt.Sprintf("%d min", d/time.Minute)
	case d < day:
		return two(d/time.Hour, "h", d%time.Hour/time.Minute, "min")
	}
	return two(d/day, "d", d%day/time.Hour, "h")
}

// two returns "1 h 20 min", or "1 h" if there is nothing of the lesser unit.
func two(n time.Duration, unit string, rest time.Duration, lesser string) string {
	text := fmt.Sprintf("%d %s", n, unit)
	if rest > 0 {
		text += fmt.Sprintf(" %d %s", rest, lesser)
	}
	return text
}
