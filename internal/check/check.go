// Package check has the checks of ids, texts and times that all news and all snapshots must pass.
// Its errors say what is wrong; callers wrap them in their own.
package check

import (
	"errors"
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/durationpb"
)

// quotedBytes is how much of an id or another text a message has.
const quotedBytes = 200

// Quote quotes an id or another text from outside for a message: of one longer than 200 bytes it
// quotes the beginning, and says how long it is.
func Quote[T ~string](text T) string {
	if len(text) <= quotedBytes {
		return strconv.Quote(string(text))
	}
	end := quotedBytes
	for end > quotedBytes-utf8.UTFMax && !utf8.RuneStart(text[end]) {
		end--
	}
	return fmt.Sprintf("%q… (%d bytes)", string(text[:end]), len(text))
}

// ID returns an error unless id is not empty, and UTF-8. What names the id: "worker id".
func ID(what, id string) error {
	if id == "" {
		return errors.New("empty " + what)
	}
	return Text(what, id)
}

// Text returns an error unless a text is UTF-8. What names it: "label".
func Text(what, text string) error {
	if !utf8.ValidString(text) {
		return fmt.Errorf("%s %s is not UTF-8", what, Quote(text))
	}
	return nil
}

// Texts returns an error unless all texts are UTF-8.
func Texts(what string, texts []string) error {
	for _, text := range texts {
		if err := Text(what, text); err != nil {
			return err
		}
	}
	return nil
}

// InRange reports whether a time is from the years 1970 to 9999, in UTC.
func InRange(t time.Time) bool {
	const year10000 = 253402300800 // in seconds since 1970
	s := t.Unix()
	return s >= 0 && s < year10000
}

// Time returns an error unless t is in range. What names it: "enqueue time".
func Time(what string, t time.Time) error {
	if !InRange(t) {
		return fmt.Errorf("%s %v is not in the years 1970 to 9999", what, t)
	}
	return nil
}

// Nanos returns an error unless the nanos of a timestamp are less than a second; a time.Time would
// carry over what is more without a word.
func Nanos(nanos int32) error {
	if nanos < 0 || nanos > 999_999_999 {
		return fmt.Errorf("nanos %d is not from 0 to 999999999", nanos)
	}
	return nil
}

// Duration returns a duration of a message. It is not ok if a time.Duration cannot hold it, or if
// its seconds and nanos are not what is written for that.
func Duration(d *durationpb.Duration) (v time.Duration, ok bool) {
	v = d.AsDuration() // saturates, and carries nanos beyond a second
	return v, v.Nanoseconds()/1e9 == d.GetSeconds() && int32(v.Nanoseconds()%1e9) == d.GetNanos()
}
