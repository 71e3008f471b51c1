package reference_test

import (
	"crypto/sha256"
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

var (
	_ machine = (*scheduler.Scheduler)(nil)
	_ machine = (*reference.Scheduler)(nil)
)

// machine is short for what calls are made on.
type machine = reference.Machine

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
	return pickWeighted(c.d, []weighted[func(time.Time) call]{
		{15, c.runOnce},
		{12, c.updateTime},
		{20, c.addRequest},
		{16, c.markIdle},
		{10, c.notifyTaskRunning},
		{6, c.notifyTaskSaved},
		{5, c.notifyTaskAbsent},
		{2, c.notifyWorkerGone},
		{7, c.order},
		{4, c.unassign},
		{14, c.aboutPlaced},
		{12, c.aboutAccount},
	})(t)
}

// plain is a call that returns nothing but an error.
func plain(name string, make func(machine, scheduler.EventSink) error) call {
	return call{name, func(m machine, e scheduler.EventSink) (any, error) { return nil, make(m, e) }}
}

// place draws a request and a worker: mostly one that is on the other.
func (c calls) place() (scheduler.RequestID, scheduler.WorkerID) {
	rid, wid := c.newRequest(), c.newWorker()
	if runs := c.runs(); len(runs) > 0 && chance(c.d, 70) {
		at := pick(c.d, runs...)
		rid, wid = at.request, at.worker
	}
	if chance(c.d, 2) {
		rid = pick(c.d, "", "\xff")
	}
	if chance(c.d, 2) {
		wid = pick(c.d, "", "\xff")
	}
	return scheduler.RequestID(rid), scheduler.WorkerID(wid)
}

func (c calls) runOnce(time.Time) call {
	return call{"RunOnce()", func(m machine, e scheduler.EventSink) (any, error) {
		return m.RunOnce(e), nil
	}}
}

func (c calls) updateTime(t time.Time) call {
	return plain(fmt.Sprintf("UpdateTime(%v)", t), func(m machine, e scheduler.EventSink) error {
		m.UpdateTime(t, e)
		return nil
	})
}

func (c calls) markIdle(t time.Time) call {
	w := c.newWorker()
	labels := c.workerLabels(w)
	if chance(c.d, 1) {
		w = pick(c.d, "", "\xff")
	} else if chance(c.d, 1) {
		labels = []string{"\xff"}
	}
	return plain(fmt.Sprintf("MarkIdle(%q, %q, %v)", w, labels, t),
		func(m machine, e scheduler.EventSink) error {
			return m.MarkIdle(scheduler.WorkerID(w), stringset.NewFromSlice(labels...), t, e)
		})
}

func (c calls) notifyTaskRunning(t time.Time) call {
	r, w := c.place()
	return plain(fmt.Sprintf("NotifyTaskRunning(%q, %q, %v)", r, w, t),
		func(m machine, e scheduler.EventSink) error { return m.NotifyTaskRunning(r, w, t, e) })
}

// notifyTaskSaved says of a run, mostly one that there is, that its work is saved up to a time.
func (c calls) notifyTaskSaved(t time.Time) call {
	r, w := c.place()
	saved := t.Add(time.Duration(between(c.d, -5000, 1000)) * time.Millisecond)
	return plain(fmt.Sprintf("NotifyTaskSaved(%q, %q, %v, %v)", r, w, saved, t),
		func(m machine, e scheduler.EventSink) error { return m.NotifyTaskSaved(r, w, saved, t, e) })
}

func (c calls) notifyWorkerGone(t time.Time) call {
	_, w := c.place()
	return plain(fmt.Sprintf("NotifyWorkerGone(%q, %v)", w, t),
		func(m machine, e scheduler.EventSink) error { return m.NotifyWorkerGone(w, t, e) })
}

// order says what an operator says.
func (c calls) order(t time.Time) call {
	o := scheduler.Order{Reason: pick(c.d, "", "why", "why not"), Time: t}
	if chance(c.d, 2) {
		o.Reason = "\xff"
	}
	_, w := c.place()
	id := scheduler.AccountID(newAccount(c.d, c.p))
	fields := []string{"b", "a", "b"}
	settings, account := newConfig(c.d, c.p), newAccountConfig(c.d, c.p)
	if chance(c.d, 2) { // what it leaves is soon told
		return plain(fmt.Sprintf("Wipe(%v)", o),
			func(m machine, e scheduler.EventSink) error { return m.Wipe(o, e) })
	}
	return pickWeighted(c.d, []weighted[call]{
		{2, plain(fmt.Sprintf("Configure(%+v, %v)", *settings, o),
			func(m machine, e scheduler.EventSink) error { return m.Configure(settings, fields, o, e) })},
		{3, plain(fmt.Sprintf("UpdateAccount(%q, %+v, %v)", id, *account, o),
			func(m machine, e scheduler.EventSink) error {
				return m.UpdateAccount(id, account, fields, o, e)
			})},
		{2, plain(fmt.Sprintf("SuspendAccount(%q, %v)", id, o),
			func(m machine, e scheduler.EventSink) error { return m.SuspendAccount(id, o, e) })},
		{3, plain(fmt.Sprintf("ResumeAccount(%q, %v)", id, o),
			func(m machine, e scheduler.EventSink) error { return m.ResumeAccount(id, o, e) })},
		{3, plain(fmt.Sprintf("CordonWorker(%q, %v)", w, o),
			func(m machine, e scheduler.EventSink) error { return m.CordonWorker(w, o, e) })},
		{4, plain(fmt.Sprintf("UncordonWorker(%q, %v)", w, o),
			func(m machine, e scheduler.EventSink) error { return m.UncordonWorker(w, o, e) })},
	})
}

func (c calls) notifyTaskAbsent(t time.Time) call {
	r, _ := c.place()
	return plain(fmt.Sprintf("NotifyTaskAbsent(%q, %v)", r, t),
		func(m machine, e scheduler.EventSink) error { return m.NotifyTaskAbsent(r, t, e) })
}

func (c calls) unassign(t time.Time) call {
	r, w := c.place()
	return plain(fmt.Sprintf("Unassign(%q, %q, %v)", r, w, t),
		func(m machine, e scheduler.EventSink) error { return m.Unassign(r, w, t, e) })
}

// aboutPlaced makes one of the calls that a reconciler makes beside news.
func (c calls) aboutPlaced(time.Time) call {
	r, w := c.place()
	return pickWeighted(c.d, []weighted[call]{
		{6, plain(fmt.Sprintf("MarkHandedOut(%q, %q)", r, w),
			func(m machine, _ scheduler.EventSink) error { return m.MarkHandedOut(r, w) })},
		{2, plain(fmt.Sprintf("Block(%q)", r),
			func(m machine, _ scheduler.EventSink) error { return m.Block(r) })},
		{2, plain(fmt.Sprintf("Unblock(%q)", r),
			func(m machine, _ scheduler.EventSink) error { return m.Unblock(r) })},
		{2, call{"Counts()", func(m machine, _ scheduler.EventSink) (any, error) {
			return m.Counts(), nil
		}}},
		{2, call{"TakeExpiredTries()", func(m machine, _ scheduler.EventSink) (any, error) {
			return m.TakeExpiredTries(), nil
		}}},
		{2, call{fmt.Sprintf("IsAssigned(%q, %q)", r, w),
			func(m machine, _ scheduler.EventSink) (any, error) { return m.IsAssigned(r, w), nil }}},
	})
}

// aboutAccount makes a call about an account.
func (c calls) aboutAccount(time.Time) call {
	id := scheduler.AccountID(newAccount(c.d, c.p))
	return pickWeighted(c.d, []weighted[call]{
		{8, c.addAccount()},
		{2, plain(fmt.Sprintf("DeleteAccount(%q)", id),
			func(m machine, _ scheduler.EventSink) error { return m.DeleteAccount(id) })},
		{2, plain(fmt.Sprintf("ResetBalance(%q)", id),
			func(m machine, _ scheduler.EventSink) error { return m.ResetBalance(id) })},
	})
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
			r.LostWork = w.GetLostWork().AsDuration()
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
	journal := &journal{fmt.Sprintf("config %+v", *config)}
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
		journal.note(next.name)
		compareCall(t, next, naive, engine, journal)
		snapshot := naive.ToProto()
		if got := engine.ToProto(); !proto.Equal(snapshot, got) ||
			engine.Hash() != sha256.Sum256(marshal(snapshot)) {
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
			journal.note("# restored")
			if engine, err = scheduler.Restore(engine.ToProto()); err != nil {
				t.Fatalf("%v\n%s", err, journal)
			}
		}
	}
	if naive.Hash() != engine.Hash() {
		t.Fatalf("hashes differ, states do not\n%s", journal)
	}
	if err := invariants.CheckFixedPoint(engine, passesMax); err != nil {
		t.Fatalf("%v\n%s", err, journal)
	}
}

// compareCall makes one call on both machines.
func compareCall(t failer, c call, naive, engine machine, journal fmt.Stringer) {
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
	cmp.Transformer("expired", func(l []scheduler.Expired) (out []string) {
		for _, x := range l {
			out = append(out, fmt.Sprintf("%+v", x))
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
