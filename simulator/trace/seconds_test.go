package trace

import (
	"strings"
	"testing"
	"time"
)

func TestTimesAreExact(t *testing.T) {
	for _, c := range []struct {
		text string
		unit time.Duration
		want time.Duration
	}{
		{"0", time.Second, 0},
		{"3477", time.Second, 3477 * time.Second},
		{"0.1", time.Second, 100 * time.Millisecond},
		{".5", time.Second, 500 * time.Millisecond},
		{"5.", time.Second, 5 * time.Second},
		{"123456789.987654321", time.Second, 123_456_789_987_654_321},
		{"0.0000000019", time.Second, 1},
		{"12.5", time.Millisecond, 12_500 * time.Microsecond},
		{"70756165", time.Millisecond, 70_756_165 * time.Millisecond},
		{"-2.5", time.Second, -2500 * time.Millisecond},
		{"1.5e3", time.Second, 1500 * time.Second},
	} {
		got, err := parseTime(c.text, c.unit)
		if err != nil || got != c.want {
			t.Errorf("%s: got %d, %v, want %d", c.text, got, err, c.want)
		}
	}
	for _, text := range []string{"", ".", "-", "x", "1_0", "0x10", "Inf", "NaN", "1.2.3", "1 2",
		"--1", "3162240001", "1e300", "99999999999999999999", "1e10"} {
		if got, err := parseTime(text, time.Second); err == nil {
			t.Errorf("%q was read as %v", text, got)
		}
	}
}

func TestDates(t *testing.T) {
	want := time.Date(2026, 1, 5, 9, 30, 0, 250_000_000, time.UTC).Sub(time.Unix(0, 0))
	for _, text := range []string{"2026-01-05T09:30:00.25Z", "2026-01-05 09:30:00.25Z",
		"2026-01-05T11:30:00.25+02:00", "2026-01-05 09:30:00.25"} {
		if got, ok := parseDate(text, time.UTC); !ok || got != want {
			t.Errorf("%s: got %v, %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{"", "2026-01-05", "2026-13-05T09:30:00Z", "1969-12-31T23:59:59Z",
		"2070-01-01T00:00:00Z", strings.Repeat("-", 40)} {
		if got, ok := parseDate(text, time.UTC); ok {
			t.Errorf("%s was read as %v", text, got)
		}
	}
}

// What is written as seconds is read back to the nanosecond, and numbers never go out of range.
func FuzzSeconds(f *testing.F) {
	f.Add("0.25", int64(1))
	f.Add("-1e9", int64(-1_000_000_001))
	f.Add("3162240000.999999999", int64(maxDuration))
	f.Fuzz(func(t *testing.T, text string, nanos int64) {
		for _, unit := range []time.Duration{time.Second, time.Millisecond} {
			if d, err := parseTime(text, unit); err == nil && (d > maxDuration || d < -maxDuration) {
				t.Errorf("%q was read as %v", text, d)
			}
		}
		d := time.Duration(nanos) % maxDuration
		got, err := parseTime(string(appendSeconds(nil, d)), time.Second)
		if err != nil || got != d {
			t.Errorf("%d was written as %s and read as %d, %v", d, appendSeconds(nil, d), got, err)
		}
	})
}
