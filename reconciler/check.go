package reconciler

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/scheduler"
)

// What is checked here is checked before anything changes.

// invalid makes a scheduler.ErrInvalid of what a check has found; nil if it has found nothing.
func invalid(found error) error {
	if found == nil {
		return nil
	}
	return fmt.Errorf("%w: %w", scheduler.ErrInvalid, found)
}

func checkRequestID(id scheduler.RequestID) error {
	return invalid(check.ID("request id", string(id)))
}

func checkWorkerID(id scheduler.WorkerID) error {
	return invalid(check.ID("worker id", string(id)))
}

func checkTime(t time.Time) error { return invalid(check.Time("time", t)) }

func checkNanos(t *timestamppb.Timestamp) error { return invalid(check.Nanos(t.GetNanos())) }

// checkNews checks news about a request.
func checkNews(r scheduler.RequestID, t time.Time) error {
	if err := checkRequestID(r); err != nil {
		return err
	}
	return checkTime(t)
}

// checkPull checks the worker of a pull, unless the scheduler knows it with the labels of the pull.
func checkPull(p *pull) error {
	if p.again {
		return nil
	}
	if err := checkWorkerID(p.id); err != nil {
		return err
	}
	if check.Texts("label", p.labels) != nil {
		return fmt.Errorf("%w: a label of worker %s is not UTF-8", scheduler.ErrInvalid,
			check.Quote(p.id))
	}
	return nil
}
