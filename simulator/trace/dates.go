package trace

import (
	"fmt"
	"strings"
	"time"
)

// dateLayouts are how dates may be written, with a T in the place of a space: with a zone, and
// without one.
var (
	zonedLayouts = []string{time.RFC3339, "2006-01-02T15:04:05Z0700", "2006-01-02T15:04Z07:00"}
	localLayouts = []string{"2006-01-02T15:04:05", "2006-01-02T15:04"}
)

// parseDate reads a date in the form of RFC 3339, such as 2026-01-05T09:30:00Z, with a T or a space
// between day and hour and with or without seconds, and counts from 1970. A date without a zone is
// in the given one.
func parseDate(text string, zone *time.Location) (time.Duration, bool) {
	const shortest = len("2006-01-02T15:04")
	if len(text) < shortest || text[4] != '-' {
		return 0, false
	}
	text = strings.Replace(text, " ", "T", 1)
	at, ok := parseLayouts(text, zonedLayouts, time.UTC)
	if !ok {
		at, ok = parseLayouts(text, localLayouts, zone)
	}
	if !ok || at.Year() < 1970 || at.Year() >= 2070 || at.Before(time.Unix(0, 0)) {
		return 0, false
	}
	return at.Sub(time.Unix(0, 0)), true
}

// parseLayouts reads a date in the first of the layouts that fits.
func parseLayouts(text string, layouts []string, zone *time.Location) (time.Time, bool) {
	for _, layout := range layouts {
		if at, err := time.ParseInLocation(layout, text, zone); err == nil {
			return at, true
		}
	}
	return time.Time{}, false
}

// zoneOf returns a time zone by its name in the IANA database; UTC for an empty one. The zone of
// this machine is none, so that a log means the same everywhere.
func zoneOf(name string) (*time.Location, error) {
	if name == "" {
		return time.UTC, nil
	}
	zone, err := time.LoadLocation(name)
	if err != nil || zone == time.Local {
		return nil, fmt.Errorf("there is no time zone %s; want one such as Europe/Berlin",
			shorten(name))
	}
	return zone, nil
}

// The beginning of 1990, before which no log of this kind was written: what is larger, and counted
// in seconds or milliseconds, is counted from 1970.
const (
	unixSeconds = 631_152_000
	unixMillis  = unixSeconds * 1000
)

// unixUnit returns the unit that a number looks like if it counts from 1970; nothing if it is too
// small for that.
func unixUnit(text string) string {
	x, err := parseNumber(text)
	switch {
	case err != nil || x < unixSeconds:
		return ""
	case x < unixMillis:
		return "unix"
	}
	return "unix_ms"
}
