package fork

import (
	"context"
	"time"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// cancel stops what the pool wants stopped.
func (r *runner) cancel(ctx context.Context, now time.Duration) error {
	r.cancelDue = false
	result, err := r.apply(ctx, pool.GetCancellations(r.at(now)))
	if err != nil {
		return err
	}
	for _, c := range result.GetCancellations() {
		if err := r.stop(ctx, now, c); err != nil {
			return err
		}
	}
	for _, w := range r.stopping {
		w.stopping = false
		r.eager = append(r.eager, w)
	}
	r.stopping = nil
	return nil
}

// stop stops a task, or takes a request away, and reports that to the pool.
func (r *runner) stop(ctx context.Context, now time.Duration, c *protos.Cancellation) error {
	id := scheduler.RequestID(c.GetRequestId())
	preempted := c.GetReason() == protos.Cancellation_REASON_PREEMPTED
	t := r.running[id]
	if preempted && r.pool.Scheduler().Knows(id) {
		return nil // it was stopped there long ago, and waits or runs
	}
	if t != nil {
		r.ends(t)
	}
	if !preempted {
		if c.GetReason() == protos.Cancellation_REASON_ERROR {
			failed := Task{Request: scheduler.TaskRequest{ID: id}}
			if t != nil {
				failed = t.Task
			}
			r.observe(Failed, now, failed)
		}
		return r.tellAbsent(ctx, now, id)
	}
	request, known := r.handedOut[id]
	delete(r.handedOut, id)
	if t != nil {
		r.observe(Preempted, now, t.Task)
		request, known = t.Request, true
		r.attempts[id] = t.Attempt + 1
	}
	if !known || r.world.NoRetry {
		return r.tellAbsent(ctx, now, id)
	}
	return r.tellWaiting(ctx, now, &request)
}
