package reference_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.chromium.org/luci/common/data/stringset"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/internal/invariants"
	"github.com/quotasched/quotasched/internal/reference"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// machine is a quota scheduler: the engine or the reference.
type machine interface {
	AddAccount(scheduler.AccountID, *scheduler.AccountConfig, scheduler.Balance) error
	DeleteAccount(scheduler.AccountID) error
	ResetBalance(scheduler.AccountID) error
	AddRequest(*scheduler.TaskRequest, time.Time, []string, scheduler.EventSink) error
	MarkIdle(scheduler.WorkerID, stringset.Set, time.Time, scheduler.EventSink) error
	NotifyTaskRunning(scheduler.RequestID, scheduler.WorkerID, time.Time,
		scheduler.EventSink) error
	NotifyTaskAbsent(scheduler.RequestID, time.Time, scheduler.EventSink) error
	Unassign(scheduler.RequestID, scheduler.WorkerID, time.Time, scheduler.EventSink) error
	UpdateTime(time.Time, scheduler.EventSink)
	RunOnce(scheduler.EventSink) []scheduler.Assignment
	MarkHandedOut(scheduler.RequestID, scheduler.WorkerID) error
	Block(scheduler.RequestID) error
	Unblock(scheduler.RequestID) error
	TakeExpired() []scheduler.RequestID
	IsAssigned(scheduler.RequestID, scheduler.WorkerID) bool
	ToProto() *protos.Scheduler
	Hash() [32]byte
}

var (
	_ machine = (*scheduler.Scheduler)(nil)
	_ machine = (*reference.Scheduler)(nil)
)

// call is one method call, on any machine.
type call struct {
	name string
	// make makes the call, and returns what it returns beside an error.
	make func(machine, scheduler.EventSink) (any, error)
}

// calls makes up method calls.
type calls struct{ *storyteller }

func (c calls) next() call {
	t := c.time().AsTime()
	if chance(c.d, 2) {
		t = pick(c.d, time.Time{}, time.Unix(-1, 0), time.Unix(253402300800, 0))
	}
	rid, wid := scheduler.RequestID(c.newRequest()), scheduler.WorkerID(c.newWorker())
	if runs := c.runs(); len(runs) > 0 && chance(c.d, 70) {
		at := pick(c.d, runs...)
		rid, wid = scheduler.RequestID(at.request), scheduler.WorkerID(at.worker)
	}
	if chance(c.d, 2) {
		rid = pick[scheduler.RequestID](c.d, "", "\xff")
	}
	if chance(c.d, 2) {
		wid = pick[scheduler.WorkerID](c.d, "", "\xff")
	}
	name := func(format string, args ...any) string { return fmt.Sprintf(format, args...) }
	noValue := func(f func(machine, scheduler.EventSink) error) func(machine,
		scheduler.EventSink) (any, error) {
		return func(m machine, e scheduler.EventSink) (any, error) { return nil, f(m, e) }
	}
	return pickWeighted(c.d, []weighted[func() call]{
		{15, func() call {
			return call{"RunOnce()", func(m machine, e scheduler.EventSink) (any, error) {
				return m.RunOnce(e), nil
			}}
		}},
		{12, func() call {
			return call{name("UpdateTime(%v)", t), noValue(
				func(m machine, e scheduler.EventSink) error { m.UpdateTime(t, e); return nil })}
		}},
		{20, func() call { return c.addRequest(t) }},
		{16, func() call {
			w := scheduler.WorkerID(c.newWorker())
			labels := c.workerLabels(string(w))
			return call{name("MarkIdle(%q, %q, %v)", w, labels, t), noValue(
				func(m machine, e scheduler.EventSink) error {
					return m.MarkIdle(w, stringset.NewFromSlice(labels...), t, e)
				})}
		}},
		{10, func() call {
			return call{name("NotifyTaskRunning(%q, %q, %v)", rid, wid, t), noValue(
				func(m machine, e scheduler.EventSink) error {
					return m.NotifyTaskRunning(rid, wid, t, e)
				})}
		}},
		{5, func() call {
			return call{name("NotifyTaskAbsent(%q, %v)", rid, t), noValue(
				func(m machine, e scheduler.EventSink) error {
					return m.NotifyTaskAbsent(rid, t, e)
				})}
		}},
		{4, func() call {
			return call{name("Unassign(%q, %q, %v)", rid, wid, t), noValue(
				func(m machine, e scheduler.EventSink) error {
					return m.Unassign(rid, wid, t, e)
				})}
		}},
		{6, func() call {
			return call{name("MarkHandedOut(%q, %q)", rid, wid), noValue(
				func(m machine, _ scheduler.EventSink) error { return m.MarkHandedOut(rid, wid) })}
		}},
		{2, func() call {
			return call{name("Block(%q)", rid), noValue(
				func(m machine, _ scheduler.EventSink) error { return m.Block(rid) })}
		}},
		{2, func() call {
			return call{name("Unblock(%q)", rid), noValue(
				func(m machine, _ scheduler.EventSink) error { return m.Unblock(rid) })}
		}},
		{2, func() call {
			return call{"TakeExpired()", func(m machine, _ scheduler.EventSink) (any, error) {
				return m.TakeExpired(), nil
			}}
		}},
		{2, func() call {
			return call{name("IsAssigned(%q, %q)", rid, wid),
				func(m machine, _ scheduler.EventSink) (any, error) {
					return m.IsAssigned(rid, wid), nil
				}}
		}},
		{8, c.addAccount},
		{2, func() call {
			id := scheduler.AccountID(newAccount(c.d, c.p))
			return call{name("DeleteAccount(%q)", id), noValue(
				func(m machine, _ scheduler.EventSink) error { return m.DeleteAccount(id) })}
		}},
		{2, func() call {
			id := scheduler.AccountID(newAccount(c.d, c.p))
			return call{name("ResetBalance(%q)", id), noValue(
				func(m machine, _ scheduler.EventSink) error { return m.ResetBalance(id) })}
		}},
	})()
}

// addRequest makes a call from an operation that reports a request as waiting, valid or not.
func (c calls) addRequest(t time.Time) call {
	op := c.waiting()
	if chance(c.d, 5) {
		op = c.badWaiting()
	}
	w := op.GetTaskWaiting()
	enqueued := time.Time{}
	if w.GetEnqueueTime().CheckValid() == nil {
		enqueued = w.GetEnqueueTime().AsTime()
	}
	return call{
		fmt.Sprintf("AddRequest(%v, %v)", w, t),
		func(m machine, e scheduler.EventSink) (any, error) {
			r := scheduler.NewTaskRequest(scheduler.RequestID(w.GetRequestId()),
				scheduler.AccountID(w.GetAccountId()),
				stringset.NewFromSlice(w.GetProvisionableLabels()...),
				stringset.NewFromSlice(w.GetBaseLabels()...), enqueued)
			return nil, m.AddRequest(r, t, w.GetTags(), e)
		},
	}
}

// addAccount makes a call that is now and then an error.
func (c calls) addAccount() call {
	id := scheduler.AccountID(fmt.Sprintf("a%d", c.d.roll(c.p.accounts)))
	config, balance := newAccountConfig(c.d, c.p), newBalance(c.d, c.p)
	if chance(c.d, 5) {
		switch c.d.roll(4) {
		case 0:
			id = pick[scheduler.AccountID](c.d, "", "\xff")
		case 1:
			config = nil
		case 2:
			config.MaxFanout = -1
		case 3:
			balance[c.d.roll(len(balance))] = 1<<60 + 1
		}
	}
	return call{
		fmt.Sprintf("AddAccount(%q, %+v, %v)", id, config, balance),
		func(m machine, _ scheduler.EventSink) (any, error) {
			return nil, m.AddAccount(id, config, balance)
		},
	}
}

// TestSchedulerAgrees makes random calls on the engine and on the reference: what they return, the
// events and the states must be the same.
func TestSchedulerAgrees(t *testing.T) {
	for i := range profiles {
		p := &profiles[i]
		t.Run(p.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				dice := rapidDice{t}
				compareCalls(t, dice, p, between(dice, 10, 150))
			})
		})
	}
}

// compareCalls makes some calls on both machines.
func compareCalls(t failer, dice dice, p *profile, length int) {
	t.Helper()
	config := newConfig(dice, p)
	journal := fmt.Sprintf("config %+v\n", *config)
	naive, err := reference.NewWithConfig(begin, config)
	if err != nil {
		t.Fatalf("reference: %v", err)
	}
	engine, err := scheduler.NewWithConfig(begin, config)
	if err != nil {
		t.Fatalf("engine: %v", err)
	}
	defer func() {
		if r := recover(); r != nil {
			panic(fmt.Sprintf("%v\n%s", r, journal))
		}
	}()
	c := calls{newStoryteller(dice, p)}
	for range length {
		next := c.next()
		journal += next.name + "\n"
		compareCall(t, next, naive, engine, journal)
		snapshot := naive.ToProto()
		if got := engine.ToProto(); !proto.Equal(snapshot, got) || naive.Hash() != engine.Hash() {
			t.Fatalf("states (-reference +engine):\n%s\n%s",
				cmp.Diff(snapshot, got, protocmp.Transform()), journal)
		}
		if err := invariants.CheckScheduler(snapshot); err != nil {
			t.Fatalf("%v\n%s", err, journal)
		}
		if err := checkViews(engine, snapshot); err != nil {
			t.Fatalf("%v\n%s", err, journal)
		}
		c.seen = &protos.Pool{Scheduler: snapshot}
		if chance(dice, 5) {
			journal += "# restored\n"
			if engine, err = scheduler.NewFromProto(engine.ToProto()); err != nil {
				t.Fatalf("%v\n%s", err, journal)
			}
		}
	}
	if err := invariants.CheckFixedPoint(engine, passesMax); err != nil {
		t.Fatalf("%v\n%s", err, journal)
	}
}

// compareCall makes one call on both machines.
func compareCall(t failer, c call, naive, engine machine, journal string) {
	t.Helper()
	wantEvents, gotEvents := &recorder{}, &recorder{}
	want, wantErr := c.make(naive, wantEvents)
	got, gotErr := c.make(engine, gotEvents)
	if (wantErr != nil) != (gotErr != nil) {
		t.Fatalf("error of the engine: %v; of the reference: %v\n%s", gotErr, wantErr, journal)
	}
	if diff := cmp.Diff(want, got, emptyIsNil); diff != "" {
		t.Fatalf("returns (-reference +engine):\n%s\n%s", diff, journal)
	}
	if !equalEvents(wantEvents.events, gotEvents.events) {
		t.Fatalf("events (-reference +engine):\n%s\n%s",
			cmp.Diff(wantEvents.events, gotEvents.events, protocmp.Transform()), journal)
	}
}

// emptyIsNil makes empty lists equal to none.
var emptyIsNil = cmp.Options{
	cmp.Transformer("ids", func(l []scheduler.RequestID) []string {
		var out []string
		for _, id := range l {
			out = append(out, string(id))
		}
		return out
	}),
	cmp.Transformer("assignments", func(l []scheduler.Assignment) (out []string) {
		for _, a := range l {
			out = append(out, fmt.Sprintf("%+v", a))
		}
		return out
	}),
}
