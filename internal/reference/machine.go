package reference

import (
	"time"

	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// A Machine is a quota scheduler: the one of package scheduler, or the naive one of this package.
// Tests that compare them, and scripts that run on both, know them by it.
type Machine interface {
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
	Wipe(scheduler.Order, scheduler.EventSink) error
	Counts() scheduler.Counts
	ToProto() *protos.Scheduler
	Hash() [32]byte
}
