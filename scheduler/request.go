package scheduler

import (
	"fmt"
	"slices"
	"time"

	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/internal/check"
)

// RequestID names a request, and the task that runs it.
type RequestID string

// TaskRequest is a request as a caller sees it. What the scheduler returns is a copy.
type TaskRequest struct {
	// ID is not empty.
	ID RequestID
	// Account pays for the task. If it is empty or unknown, the task is free.
	Account AccountID
	// BaseLabels must all be on a worker that runs the task. A set: sorted where the scheduler
	// returns it, in any order where it takes it.
	BaseLabels []string
	// ProvisionableLabels are those that a worker can be given: one that has them is preferred. A
	// set, as BaseLabels.
	ProvisionableLabels []string
	// Tags are the dispatcher's, in its order, for people and events.
	Tags []string
	// EnqueueTime is when the request first waited; older requests go first.
	EnqueueTime time.Time
	// LostWork is how much work of its earlier tries was lost to preemption, in whole milliseconds;
	// not negative. If the scheduler knows of more, that counts.
	LostWork time.Duration

	// ConfirmedTime is the newest time at which anything was said about the request. The
	// scheduler sets it, and does not read it in what it is given.
	ConfirmedTime time.Time
	// Blocked is true if Block was called. Set, not read, by the scheduler.
	Blocked bool
	// Worker is where the task is; empty if it waits. Set, not read, by the scheduler.
	Worker WorkerID
}

// NewTaskRequest returns a request with copies of the label sets, each of which may be nil.
func NewTaskRequest(id RequestID, account AccountID, provisionable, base stringset.Set,
	enqueued time.Time) *TaskRequest {
	return &TaskRequest{
		ID:                  id,
		Account:             account,
		BaseLabels:          slices.Sorted(slices.Values(base.ToSlice())),
		ProvisionableLabels: slices.Sorted(slices.Values(provisionable.ToSlice())),
		EnqueueTime:         enqueued,
	}
}

// Validate returns nil, or an error (ErrInvalid) that says what no request can have: an empty id,
// an enqueue time outside the years 1970 to 9999, or text that is not UTF-8. A nil request is not
// valid.
func (r *TaskRequest) Validate() error {
	if err := r.checkID(); err != nil {
		return err
	}
	err := r.checkAllButLabels()
	if err == nil {
		err = checkTexts("base label", r.BaseLabels)
	}
	if err == nil {
		err = checkTexts("provisionable label", r.ProvisionableLabels)
	}
	return r.named(err)
}

// checkID returns an error unless there is a request with an id.
func (r *TaskRequest) checkID() error {
	if r == nil {
		return fmt.Errorf("%w: nil request", ErrInvalid)
	}
	return checkID("request id", string(r.ID))
}

// checkAllButLabels checks what Validate does, but for the id and the labels.
func (r *TaskRequest) checkAllButLabels() error {
	if err := checkTime("enqueue time", r.EnqueueTime); err != nil {
		return err
	}
	if r.LostWork < 0 {
		return fmt.Errorf("%w: lost work %v is negative", ErrInvalid, r.LostWork)
	}
	if r.Account != "" {
		if err := checkID("account id", string(r.Account)); err != nil {
			return err
		}
	}
	return checkTexts("tag", r.Tags)
}

// named says of which request an error is; nil for nil.
func (r *TaskRequest) named(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("request %s: %w", check.Quote(r.ID), err)
}
