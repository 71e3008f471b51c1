package invariants_test

import (
	"errors"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/internal/invariants"
	"github.com/quotasched/quotasched/internal/reference"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

var begin = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// chapter is one operation of a history, what came of it, and the pool afterwards.
type chapter struct {
	step invariants.Step
	pool *protos.Pool
}

func (c chapter) clone() chapter {
	out := chapter{pool: proto.Clone(c.pool).(*protos.Pool)}
	if c.step.Operation == nil {
		return out
	}
	out.step.Operation = proto.Clone(c.step.Operation).(*protos.Operation)
	out.step.Result = proto.Clone(c.step.Result).(*protos.Result)
	for _, ev := range c.step.Events {
		out.step.Events = append(out.step.Events, proto.Clone(ev).(*protos.TaskEvent))
	}
	return out
}

type recorder struct{ events []*protos.TaskEvent }

func (r *recorder) AddEvent(ev *protos.TaskEvent) { r.events = append(r.events, ev) }

// The chapters of the history below, by what happens in them.
const (
	beginning = iota
	accountB
	firstPull
	victimWaits
	victimHeld
	victimHandedOut
	victimRuns
	accountA
	otherWaits
	preemption
	cancellations
	victimAbsent
	otherHandedOut
	otherRuns
	endOfHistory
)

// history is a small pool from beginning to end: a task runs, is preempted by another one, and is
// cancelled until it is gone.
func history(t *testing.T) []chapter {
	t.Helper()
	p, err := reference.NewPool(begin, &scheduler.Config{BurstCover: -1}, 0)
	if err != nil {
		t.Fatal(err)
	}
	all := []chapter{{pool: p.ToProto()}}
	// tell applies an operation at a second, whatever its own time.
	tell := func(seconds int, op *protos.Operation) {
		t.Helper()
		op.Time = timestamppb.New(begin.Add(time.Duration(seconds) * time.Second))
		sink := &recorder{}
		result, err := p.Apply(op, sink)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, chapter{
			invariants.Step{Operation: op, Events: sink.events, Result: result}, p.ToProto()})
	}
	tell(0, account("b", 0, 100_000_000))
	tell(0, pull("w"))
	tell(0, waiting("victim", "b"))
	tell(0, pull())
	tell(0, pull("w"))
	tell(1, running("victim", "w"))
	tell(1, account("a", 10_000_000, 0))
	tell(2, waiting("other", "a"))
	tell(5, pull())
	tell(5, pool.GetCancellations(begin))
	tell(6, pool.TaskAbsent(begin, "victim"))
	tell(7, pull("w"))
	tell(8, running("other", "w"))
	if len(all) != endOfHistory {
		t.Fatalf("%d chapters", len(all))
	}
	return all
}

func account(id string, p0, p1 int64) *protos.Operation {
	return pool.AddAccount(begin, pool.Account{ID: scheduler.AccountID(id),
		Config:  &scheduler.AccountConfig{},
		Balance: scheduler.Balance{scheduler.Quota(p0), scheduler.Quota(p1)}})
}

func pull(workers ...string) *protos.Operation {
	var idle []*protos.IdleWorker
	for _, w := range workers {
		idle = append(idle, pool.IdleWorker(scheduler.WorkerID(w), "x"))
	}
	return pool.AssignTasks(begin, idle...)
}

func waiting(id, account string) *protos.Operation {
	return pool.TaskWaiting(begin, scheduler.TaskRequest{ID: scheduler.RequestID(id),
		Account: scheduler.AccountID(account), BaseLabels: []string{"x"}, EnqueueTime: begin})
}

func running(id, worker string) *protos.Operation {
	return pool.TaskRunning(begin, scheduler.RequestID(id), scheduler.WorkerID(worker))
}

// follow shows a history to a checker, and returns what it finds.
func follow(all []chapter) error {
	c := invariants.NewChecker()
	for i, ch := range all {
		if i > 0 {
			if err := c.Step(ch.step); err != nil {
				return err
			}
		}
		if err := c.Snapshot(ch.pool); err != nil {
			return err
		}
	}
	return nil
}

// TestTrueHistory finds nothing, also when the checker begins in the middle, or sees few snapshots.
func TestTrueHistory(t *testing.T) {
	all := history(t)
	for from := range all {
		if err := follow(all[from:]); err != nil {
			t.Errorf("from chapter %d on: %v", from, err)
		}
	}
	c := invariants.NewChecker()
	if err := c.Step(all[accountB].step); err == nil {
		t.Error("a checker begins without a snapshot")
	}
	if err := c.Snapshot(all[beginning].pool); err != nil {
		t.Error(err)
	}
	for _, ch := range all[1:] {
		if err := c.Step(ch.step); err != nil {
			t.Error(err)
		}
	}
	if err := c.Snapshot(all[endOfHistory-1].pool); err != nil {
		t.Error(err)
	}
}

// lies are changes of the history, each to what comes of one chapter, with the check that finds it.
var lies = []struct {
	name string
	at   int
	tell func(*chapter)
	want invariants.Check
}{
	{"a request waits and runs", victimHeld, func(c *chapter) {
		s := c.pool.Scheduler
		s.WaitingRequests = append(s.WaitingRequests, s.Workers[0].Run.Request)
	}, invariants.OnePlace},
	{"a worker is there twice", victimHeld, func(c *chapter) {
		s := c.pool.Scheduler
		s.Workers = append(s.Workers, s.Workers[0])
	}, invariants.OnePlace},
	{"a worker is idle and busy", victimHeld, func(c *chapter) {
		c.pool.Scheduler.Workers[0].IdleSince = timestamppb.New(begin)
	}, invariants.OnePlace},
	{"an assignment without an event", victimHeld, func(c *chapter) {
		c.step.Events = nil
	}, invariants.NothingDropped},
	{"an assignment with two events", victimHeld, func(c *chapter) {
		c.step.Events = append(c.step.Events, c.step.Events[0])
	}, invariants.OnePlace},
	{"a request waits without an event", victimWaits, func(c *chapter) {
		c.step.Events = nil
	}, invariants.NothingDropped},
	{"a request vanishes", victimWaits, func(c *chapter) {
		c.pool.Scheduler.WaitingRequests = nil
	}, invariants.NothingDropped},
	{"a request completes by itself", otherWaits, func(c *chapter) {
		c.step.Events[0].Type = protos.TaskEvent_TYPE_COMPLETED
		c.step.Events[0].RequestId = "victim"
		c.step.Events[0].WorkerId = "w"
	}, invariants.NothingDropped},
	{"a refused operation has events", otherWaits, func(c *chapter) {
		c.step.Result = nil
	}, invariants.NothingDropped},
	{"an assignment to a worker with a task", preemption, func(c *chapter) {
		c.step.Events = c.step.Events[1:]
	}, invariants.OnePlace},
	{"a held task that the worker was handed", otherHandedOut, func(c *chapter) {
		c.step.Result.Assignments[0].RequestId = "victim"
	}, invariants.OnePlace},
	{"a preempted task is not cancelled", cancellations, func(c *chapter) {
		c.step.Result.Cancellations = nil
	}, invariants.NothingDropped},
	{"a preempted task is cancelled twice", cancellations, func(c *chapter) {
		r := c.step.Result
		r.Cancellations = append(r.Cancellations, r.Cancellations[0])
	}, invariants.NothingDropped},
	{"a held task is cancelled", cancellations, func(c *chapter) {
		c.step.Result.Cancellations[0].RequestId = "other"
	}, invariants.OnlyStarted},
	{"an abort ends by itself", otherHandedOut - 2, func(c *chapter) {
		c.pool.Reconciler.WorkerQueues[0].TasksToAbort = nil
	}, invariants.NothingDropped},
	{"an abort goes on", victimAbsent, func(c *chapter) {
		c.pool.Reconciler.WorkerQueues[0].TasksToAbort = []*protos.TaskToAbort{{
			RequestId: "victim", SinceTime: timestamppb.New(begin.Add(5 * time.Second))}}
	}, invariants.OnlyStarted},
	{"a run is at another stage", victimHandedOut, func(c *chapter) {
		c.pool.Scheduler.Workers[0].Run.Stage = protos.Stage_STAGE_RUNNING
	}, invariants.OnlyStarted},
	{"a level changes without an event", victimRuns, func(c *chapter) {
		c.pool.Scheduler.Workers[0].Run.Priority = 2
	}, invariants.NothingDropped},
	{"an entry for a task that is not there", victimRuns, func(c *chapter) {
		c.pool.Reconciler.WorkerQueues = []*protos.WorkerQueue{{WorkerId: "w",
			TaskToAssign: &protos.TaskToAssign{RequestId: "other"}}}
	}, invariants.OnePlace},
	{"one unit is missing", preemption, func(c *chapter) {
		c.pool.Scheduler.Accounts[0].Balance[1]--
	}, invariants.Conserved},
	{"a refund is too small", preemption, func(c *chapter) {
		c.step.Events[0].AccountBalance[1]--
	}, invariants.Conserved},
	{"a victim has cost less", preemption, func(c *chapter) {
		c.step.Events[0].Cost[1]--
	}, invariants.Conserved},
	{"a preemption is cheaper", preemption, func(c *chapter) {
		c.step.Events[1].GetAssigned().PreemptionCost[1]--
	}, invariants.Conserved},
	{"a run has cost more", otherRuns, func(c *chapter) {
		c.pool.Scheduler.Workers[0].Run.Cost[1]++
	}, invariants.Conserved},
	{"the clock stands still", preemption, func(c *chapter) {
		c.pool.Scheduler.LastUpdateTime = timestamppb.New(begin)
	}, invariants.Conserved},
	{"a pass leaves a worker idle", victimHeld, func(c *chapter) {
		c.step.Events = nil
		c.pool.Reconciler.WorkerQueues = nil
		s := c.pool.Scheduler
		s.WaitingRequests = []*protos.Request{s.Workers[0].Run.Request}
		s.Workers[0].Run, s.Workers[0].IdleSince = nil, timestamppb.New(begin)
	}, invariants.NoIdleMatch},
}

// TestLies tells the history with one lie at a time, and asserts which check finds it.
func TestLies(t *testing.T) {
	for _, lie := range lies {
		t.Run(lie.name, func(t *testing.T) {
			all := history(t)
			all[lie.at] = all[lie.at].clone()
			lie.tell(&all[lie.at])
			var found *invariants.Violation
			if err := follow(all[:lie.at+1]); !errors.As(err, &found) || found.Check != lie.want {
				t.Errorf("found %v, want a violation of %q", err, lie.want)
			}
		})
	}
}
