package script

import (
	"fmt"
	"time"

	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/internal/reference"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/reconciler"
	"github.com/quotasched/quotasched/scheduler"
)

// A machine is what commands drive: the scheduler, or the naive one of package reference.
type machine interface {
	AddAccount(scheduler.AccountID, *scheduler.AccountConfig, scheduler.Balance) error
	DeleteAccount(scheduler.AccountID) error
	ResetBalance(scheduler.AccountID) error
	AddRequest(*scheduler.TaskRequest, time.Time, []string, scheduler.EventSink) error
	MarkIdle(scheduler.WorkerID, stringset.Set, time.Time, scheduler.EventSink) error
	NotifyTaskRunning(scheduler.RequestID, scheduler.WorkerID, time.Time,
		scheduler.EventSink) error
	NotifyTaskSaved(r scheduler.RequestID, w scheduler.WorkerID, saved, t time.Time,
		e scheduler.EventSink) error
	NotifyWorkerGone(scheduler.WorkerID, time.Time, scheduler.EventSink) error
	NotifyTaskAbsent(scheduler.RequestID, time.Time, scheduler.EventSink) error
	Unassign(scheduler.RequestID, scheduler.WorkerID, time.Time, scheduler.EventSink) error
	UpdateTime(time.Time, scheduler.EventSink)
	RunOnce(scheduler.EventSink) []scheduler.Assignment
	MarkHandedOut(scheduler.RequestID, scheduler.WorkerID) error
	Block(scheduler.RequestID) error
	Unblock(scheduler.RequestID) error
	TakeExpiredTries() []scheduler.Expired
	IsAssigned(scheduler.RequestID, scheduler.WorkerID) bool
	Configure(*scheduler.Config, []string, scheduler.Order, scheduler.EventSink) error
	UpdateAccount(scheduler.AccountID, *scheduler.AccountConfig, []string, scheduler.Order,
		scheduler.EventSink) error
	SuspendAccount(scheduler.AccountID, scheduler.Order, scheduler.EventSink) error
	ResumeAccount(scheduler.AccountID, scheduler.Order, scheduler.EventSink) error
	CordonWorker(scheduler.WorkerID, scheduler.Order, scheduler.EventSink) error
	UncordonWorker(scheduler.WorkerID, scheduler.Order, scheduler.EventSink) error
	Counts() scheduler.Counts
	ToProto() *protos.Scheduler
}

// start makes the pool an empty one with these settings. A timeout of 0 is the default.
func (p *pool) start(at time.Time, settings *scheduler.Config, timeout time.Duration) error {
	if p.onReference {
		return p.startReference(at, settings, timeout)
	}
	s, err := scheduler.NewWithConfig(at, settings)
	if err != nil {
		return err
	}
	p.s = s
	if p.layer == Reconciler {
		var options []reconciler.Option
		if timeout != 0 {
			options = append(options, reconciler.WithWorkerQueueTimeout(timeout))
		}
		p.r = reconciler.New(options...)
	}
	return nil
}

func (p *pool) startReference(at time.Time, settings *scheduler.Config,
	timeout time.Duration) error {
	naive, err := reference.NewPool(at, settings, timeout)
	if err != nil {
		return err
	}
	p.s = naive.Scheduler
	if p.layer == Reconciler {
		p.naive = naive
	}
	return nil
}

// engine returns the scheduler, to look at. For the reference, which has no views, it is one that
// goes on from the reference's snapshot.
func (p *pool) engine() *scheduler.Scheduler {
	if s, ok := p.s.(*scheduler.Scheduler); ok {
		return s
	}
	s, err := scheduler.Restore(p.s.ToProto())
	if err != nil {
		panic(fmt.Sprintf("the reference's snapshot is refused: %v", err))
	}
	return s
}

// reconcilerProto returns the snapshot of the reconciler; nil for a scheduler alone.
func (p *pool) reconcilerProto() *protos.Reconciler {
	switch {
	case p.r != nil:
		return p.r.ToProto()
	case p.naive != nil:
		return p.naive.ToProto().GetReconciler()
	}
	return nil
}
