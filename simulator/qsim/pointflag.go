package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/quotasched/quotasched/replay"
)

// pointFlag is a place in a journal, as a number of operations or a time.
type pointFlag replay.Point

// pointLayouts are how a time may be written; without a zone it is in UTC.
var pointLayouts = []string{time.RFC3339Nano, "2006-01-02T15:04:05", "2006-01-02T15:04",
	"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02"}

func (f *pointFlag) Type() string { return "N|TIME" }

func (f *pointFlag) String() string {
	switch {
	case f.Begin:
		return "0"
	case f.Step > 0:
		return strconv.FormatUint(f.Step, 10)
	case !f.Time.IsZero():
		return f.Time.Format(time.RFC3339Nano)
	}
	return ""
}

// Set takes a number with or without the commas that messages have.
func (f *pointFlag) Set(s string) error {
	if n, err := strconv.ParseUint(strings.ReplaceAll(s, ",", ""), 10, 64); err == nil {
		*f = pointFlag{Step: n, Begin: n == 0}
		return nil
	}
	for _, layout := range pointLayouts {
		if t, err := time.Parse(layout, s); err == nil {
			*f = pointFlag{Time: t}
			return nil
		}
	}
	return fmt.Errorf("want a number of operations, or a time such as 2026-01-05T12:00:00Z")
}
