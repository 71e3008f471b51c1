package forecast

import (
	"fmt"
	"strconv"
	"time"
)

// number returns a number with commas.
func number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// counted returns "1 task" or "1,200 tasks".
func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return number(n) + " " + what + "s"
}

// span says a duration exactly, in the way of duration if that is exact.
func span(d time.Duration) string {
	for _, unit := range []time.Duration{24 * time.Hour, time.Hour, time.Minute, time.Second} {
		if d >= unit && d%unit == 0 && d < 100*unit {
			return duration(d)
		}
	}
	return d.String()
}

// duration says a duration to two units, such as "3 h 20 min".
func duration(d time.Duration) string {
	d = d.Round(time.Second)
	units := []struct {
		name string
		unit time.Duration
	}{{"d", 24 * time.Hour}, {"h", time.Hour}, {"min", time.Minute}, {"s", time.Second}}
	for i, u := range units {
		if d < u.unit || u.unit == time.Second {
			continue
		}
		text := fmt.Sprintf("%d %s", d/u.unit, u.name)
		if rest := d % u.unit / units[i+1].unit; rest > 0 {
			text += fmt.Sprintf(" %d %s", rest, units[i+1].name)
		}
		return text
	}
	return fmt.Sprintf("%d s", d/time.Second)
}
