package scheduler

import (
	"fmt"
	"time"

	"github.com/quotasched/quotasched/internal/check"
)

// invalid makes an ErrInvalid of what a check has found; nil if it has found nothing.
func invalid(found error) error {
	if found == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrInvalid, found)
}

// checkID returns an error unless id is not empty, and UTF-8. What names it: "worker id".
func checkID(what, id string) error { return invalid(check.ID(what, id)) }

// checkTexts returns an error unless all texts are UTF-8.
func checkTexts(what string, texts []string) error { return invalid(check.Texts(what, texts)) }

// checkTime returns an error unless t is from the years 1970 to 9999, in UTC.
func checkTime(what string, t time.Time) error { return invalid(check.Time(what, t)) }

func checkIDs(r RequestID, w WorkerID) error {
	if err := checkID("request id", string(r)); err != nil {
		return err
	}
	return checkID("worker id", string(w))
}

// checkNews checks what all news of a request on a worker has.
func checkNews(r RequestID, w WorkerID, t time.Time) error {
	if err := checkIDs(r, w); err != nil {
		return err
	}
	return checkTime("time", t)
}
