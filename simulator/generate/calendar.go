package generate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quotasched/quotasched/internal/field"
)

const (
	day  = 24 * time.Hour
	week = 7 * day
)

// weekdays are the names of days, in the order of a week.
var weekdays = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun"}

// TimeOfDay is a time such as "02:00" or "14:30:15", from "00:00" to "24:00".
type TimeOfDay string

// since returns the time since midnight.
func (t TimeOfDay) since() (time.Duration, error) {
	var values [3]int
	parts := strings.Split(string(t), ":")
	ok := len(parts) == 2 || len(parts) == 3
	for i := 0; ok && i < len(parts); i++ {
		digits := parts[i]
		ok = len(digits) == 2 && digits[0] >= '0' && digits[0] <= '9' &&
			digits[1] >= '0' && digits[1] <= '9'
		if ok {
			values[i] = int(digits[0]-'0')*10 + int(digits[1]-'0')
		}
	}
	since := time.Duration(values[0])*time.Hour + time.Duration(values[1])*time.Minute +
		time.Duration(values[2])*time.Second
	if !ok || values[1] > 59 || values[2] > 59 || since > day {
		return 0, fmt.Errorf("%q is not a time of day such as \"02:00\"", string(t))
	}
	return since, nil
}

// validateDays returns nil, or errors that name the days that are none.
func validateDays(days []string) error {
	var all mistakes
	for i, name := range days {
		if !slices.Contains(weekdays, name) {
			all.add(inList("days", i, fmt.Errorf("%q is not one of %s", name,
				strings.Join(weekdays, ", "))))
		} else if slices.Index(days, name) < i {
			all.add(inList("days", i, fmt.Errorf("%s is there twice", name)))
		}
	}
	return all.join()
}

// validateTime returns nil, or an error that names the field.
func validateTime(name string, t TimeOfDay) error {
	_, err := t.since()
	return field.In(name, err)
}

// calendar knows the hour and the day of the week of each moment since a workload's start.
type calendar struct {
	// offset is how long before the start its week began, on Monday at 00:00 UTC.
	offset time.Duration
}

// newCalendar returns the calendar of a workload that starts then.
func newCalendar(start time.Time) calendar {
	start = start.UTC()
	days := (int(start.Weekday()) + 6) % 7 // Monday is 0
	midnight := time.Date(start.Year(), start.Month(), start.Day(), 0, 0, 0, 0, time.UTC)
	return calendar{time.Duration(days)*day + start.Sub(midnight)}
}

// at returns the day of the week, 0 for Monday, and the time since midnight, of a moment t after
// the start; t may be negative, back to the beginning of the start's week.
func (c calendar) at(t time.Duration) (weekday int, since time.Duration) {
	t = (c.offset + t) % week
	return int(t / day), t % day
}

// isOn says whether a day is one of the named ones; no names are all days.
func isOn(days []string, weekday int) bool {
	return len(days) == 0 || slices.Contains(days, weekdays[weekday])
}

// moments returns the times from the start, in order, at which it is one of the times of a day, on
// one of the days: those after the start, and before its end. A moment at the start itself counts
// if fromStart is set.
func (c calendar) moments(at []TimeOfDay, days []string, length time.Duration,
	fromStart bool) []time.Duration {
	var moments []time.Duration
	for midnight := -(c.offset % day); midnight < length; midnight += day {
		if weekday, _ := c.at(midnight); !isOn(days, weekday) {
			continue
		}
		for _, clock := range at {
			since, _ := clock.since()
			if t := midnight + since; t >= 0 && t < length && (t > 0 || fromStart) {
				moments = append(moments, t)
			}
		}
	}
	slices.Sort(moments)
	return moments
}
