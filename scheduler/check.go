package scheduler

import (
	"fmt"
	"time"
	"unicode/utf8"
)

// checkID returns an error unless id is non-empty UTF-8. What names the kind of id.
func checkID(what, id string) error {
	if id == "" {
		return fmt.Errorf("%w: empty %s id", ErrInvalid, what)
	}
	if !utf8.ValidString(id) {
		return fmt.Errorf("%w: %s id %q is not UTF-8", ErrInvalid, what, id)
	}
	return nil
}

// checkTexts returns an error unless all texts are UTF-8.
func checkTexts(what string, texts []string) error {
	for _, s := range texts {
		if !utf8.ValidString(s) {
			return fmt.Errorf("%w: %s %q is not UTF-8", ErrInvalid, what, s)
		}
	}
	return nil
}

// checkTime returns an error unless t is from the years 1970 to 9999, in UTC.
func checkTime(what string, t time.Time) error {
	if !validTime(t) {
		return fmt.Errorf("%w: %s %v is not in the years 1970 to 9999", ErrInvalid, what, t)
	}
	return nil
}

// endOfTimeSeconds is the first second of the year 10000.
const endOfTimeSeconds = 253402300800

func validTime(t time.Time) bool {
	s := t.Unix()
	return s >= 0 && s < endOfTimeSeconds
}

func checkIDs(r RequestID, w WorkerID) error {
	if err := checkID("request", string(r)); err != nil {
		return err
	}
	return checkID("worker", string(w))
}

// checkNews checks what all news of a request on a worker has.
func checkNews(r RequestID, w WorkerID, t time.Time) error {
	if err := checkIDs(r, w); err != nil {
		return err
	}
	return checkTime("time", t)
}
