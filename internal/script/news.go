package script

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// timestamp is nil for Go's zero time, which no message can mean.
func timestamp(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

// waiting is news that a request waits.
func (p *pool) waiting(c *command) error {
	id, err := c.word("the request")
	if err != nil {
		return err
	}
	w := &protos.TaskWaiting{RequestId: id}
	account, _ := c.arg("account")
	if w.AccountId, err = unquote(account); err != nil {
		return err
	}
	if w.BaseLabels, err = c.list("base"); err != nil {
		return err
	}
	if w.ProvisionableLabels, err = c.list("prov"); err != nil {
		return err
	}
	if w.Tags, err = c.list("tags"); err != nil {
		return err
	}
	enqueued, err := c.time("enqueued", p.at)
	if err != nil {
		return err
	}
	at, err := c.time("t", p.at)
	if err != nil {
		return err
	}
	lost, err := c.duration("lost")
	if err != nil {
		return err
	}
	if err := c.checkUsed(); err != nil {
		return err
	}
	if p.layer == Reconciler {
		if w.EnqueueTime = timestamp(enqueued); lost != 0 {
			w.LostWork = durationpb.New(lost)
		}
		return p.apply(&protos.Operation{
			Kind: &protos.Operation_TaskWaiting{TaskWaiting: w},
		}, at)
	}
	r := scheduler.NewTaskRequest(scheduler.RequestID(w.RequestId),
		scheduler.AccountID(w.AccountId), stringset.NewFromSlice(w.ProvisionableLabels...),
		stringset.NewFromSlice(w.BaseLabels...), enqueued)
	r.LostWork = lost
	return p.s.AddRequest(r, at, w.Tags, p)
}

// running is news that a request runs on a worker.
func (p *pool) running(c *command) error {
	id, worker, err := c.twoWords("the request", "the worker")
	if err != nil {
		return err
	}
	at, err := c.time("t", p.at)
	if err != nil {
		return err
	}
	saved, err := c.time("saved", time.Time{})
	if err != nil {
		return err
	}
	if p.layer == Reconciler {
		return p.apply(&protos.Operation{Kind: &protos.Operation_TaskRunning{
			TaskRunning: &protos.TaskRunning{RequestId: id, WorkerId: worker,
				SavedTime: timestamp(saved)},
		}}, at)
	}
	if saved.IsZero() {
		return p.s.NotifyTaskRunning(scheduler.RequestID(id), scheduler.WorkerID(worker), at, p)
	}
	return p.s.NotifyTaskSaved(scheduler.RequestID(id), scheduler.WorkerID(worker), saved, at, p)
}

// absent is news that a request is gone.
func (p *pool) absent(c *command) error {
	id, err := c.word("the request")
	if err != nil {
		return err
	}
	at, err := c.time("t", p.at)
	if err != nil {
		return err
	}
	if p.layer == Reconciler {
		return p.apply(&protos.Operation{Kind: &protos.Operation_TaskAbsent{
			TaskAbsent: &protos.TaskAbsent{RequestId: id},
		}}, at)
	}
	return p.s.NotifyTaskAbsent(scheduler.RequestID(id), at, p)
}

// idle is news that workers are idle.
func (p *pool) idle(c *command) error {
	workers, err := c.workers()
	if err != nil {
		return err
	}
	at, err := c.time("t", p.at)
	if err != nil {
		return err
	}
	if len(workers) != 1 && !at.Equal(p.at) {
		return scriptError("idle with a time of its own takes one worker")
	}
	for _, w := range workers {
		labels := stringset.NewFromSlice(w.labels...)
		if err := p.s.MarkIdle(w.id, labels, at, p); err != nil {
			return err
		}
	}
	return nil
}
