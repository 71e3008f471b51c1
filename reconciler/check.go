package reconciler

import (
	"fmt"
	"time"
	"unicode/utf8"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/scheduler"
)

// What is checked here is checked before anything changes.

func checkID(what, id string) error {
	if id == "" {
		return fmt.Errorf("%w: empty %s id", scheduler.ErrInvalid, what)
	}
	if !utf8.ValidString(id) {
		return fmt.Errorf("%w: %s id %q is not UTF-8", scheduler.ErrInvalid, what, id)
	}
	return nil
}

func checkTime(t time.Time) error {
	const endOfTimeSeconds = 253402300800 // the first second of the year 10000
	if s := t.Unix(); s < 0 || s >= endOfTimeSeconds {
		return fmt.Errorf("%w: time %v is not in the years 1970 to 9999", scheduler.ErrInvalid, t)
	}
	return nil
}

// checkNanos checks the part of a timestamp that a time.Time would quietly carry over.
func checkNanos(t *timestamppb.Timestamp) error {
	if n := t.GetNanos(); n < 0 || n > 999_999_999 {
		return fmt.Errorf("%w: nanos %d is not from 0 to 999999999", scheduler.ErrInvalid, n)
	}
	return nil
}

// checkNews checks news about a request.
func checkNews(r scheduler.RequestID, t time.Time) error {
	if err := checkID("request", string(r)); err != nil {
		return err
	}
	return checkTime(t)
}

func checkPull(p *pull) error {
	if err := checkID("worker", string(p.id)); err != nil {
		return err
	}
	for _, label := range p.labels {
		if !utf8.ValidString(label) {
			return fmt.Errorf("%w: a label of worker %q is not UTF-8", scheduler.ErrInvalid, p.id)
		}
	}
	return nil
}
