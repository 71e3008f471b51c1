package reference_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/internal/invariants"
	"github.com/quotasched/quotasched/internal/reference"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/reconciler"
	"github.com/quotasched/quotasched/scheduler"
)

// recorder keeps the events of an operation, or copies of them.
type recorder struct {
	events []*protos.TaskEvent
	copies bool
}

func (r *recorder) AddEvent(ev *protos.TaskEvent) {
	if r.copies {
		ev = proto.CloneOf(ev)
	}
	r.events = append(r.events, ev)
}

// OnlyReads implements scheduler.EventReader.
func (r *recorder) OnlyReads() bool { return r.copies }

// nextRecorder returns one that keeps and one that copies events, in turn.
func nextRecorder(calls *int) *recorder {
	*calls++
	return &recorder{copies: *calls%2 == 0}
}

// failer is how a check reports: a test, or rapid's.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// duel is a pool run by the engine and by the reference side by side.
type duel struct {
	config  *scheduler.Config
	timeout time.Duration
	state   *reconciler.State
	engine  *scheduler.Scheduler
	naive   *reference.Pool
	checker *invariants.Checker
	journal journal
	calls   int
}

func newDuel(t failer, c *scheduler.Config, timeout time.Duration) *duel {
	t.Helper()
	d := &duel{config: c, timeout: timeout}
	var err error
	if d.engine, err = scheduler.NewWithConfig(begin, c); err != nil {
		t.Fatalf("engine: %v", err)
	}
	if d.naive, err = reference.NewPool(begin, c, timeout); err != nil {
		t.Fatalf("reference: %v", err)
	}
	d.state = reconciler.New(reconciler.WithWorkerQueueTimeout(timeout))
	d.checker = invariants.NewChecker()
	if err := d.checker.Snapshot(d.naive.ToProto()); err != nil {
		t.Fatalf("%v", err)
	}
	d.journal.note(fmt.Sprintf("config %+v, timeout %v", *c, timeout))
	return d
}

// apply runs an operation on both sides and compares what they say and what they are afterwards.
func (d *duel) apply(t failer, op *protos.Operation) (*protos.Pool, *protos.Result,
	[]*protos.TaskEvent, error) {
	t.Helper()
	result, events, err := d.applyQuickly(t, op)
	return d.compareAll(t), result, events, err
}

// applyQuickly is apply without comparing what they are afterwards.
func (d *duel) applyQuickly(t failer, op *protos.Operation) (*protos.Result,
	[]*protos.TaskEvent, error) {
	t.Helper()
	d.journal.note(op)
	wantEvents, gotEvents := &recorder{}, nextRecorder(&d.calls)
	want, wantErr := d.naive.Apply(cloneOperation(op), wantEvents)
	got, gotErr := d.applyToEngine(op, gotEvents)
	if (gotErr != nil) != (wantErr != nil) {
		t.Fatalf("error of the engine: %v; of the reference: %v\n%s", gotErr, wantErr, &d.journal)
	}
	if gotErr == nil && !proto.Equal(want, got) {
		t.Fatalf("results (-reference +engine):\n%s\n%s",
			cmp.Diff(want, got, protocmp.Transform()), &d.journal)
	}
	if !equalEvents(wantEvents.events, gotEvents.events) {
		t.Fatalf("events (-reference +engine):\n%s\n%s",
			cmp.Diff(wantEvents.events, gotEvents.events, protocmp.Transform()), &d.journal)
	}
	step := invariants.Step{Operation: op, Events: wantEvents.events, Result: want}
	if err := d.checker.Step(step); err != nil {
		t.Fatalf("%v\n%s", err, &d.journal)
	}
	return want, wantEvents.events, wantErr
}

// compareAll compares the snapshots of both sides, what the checker and the engine's methods make
// of them, and returns the snapshot.
func (d *duel) compareAll(t failer) *protos.Pool {
	t.Helper()
	pool := d.compareStates(t)
	if err := d.checker.Snapshot(pool); err != nil {
		t.Fatalf("%v\n%s", err, &d.journal)
	}
	if err := checkViews(d.engine, pool.GetScheduler()); err != nil {
		t.Fatalf("%v\n%s", err, &d.journal)
	}
	return pool
}

// applyToEngine turns a panic of the engine into an error that no reference returns.
func (d *duel) applyToEngine(op *protos.Operation, e scheduler.EventSink) (
	*protos.Result, error) {
	defer func() {
		if r := recover(); r != nil {
			panic(fmt.Sprintf("engine: %v\n%s", r, &d.journal))
		}
	}()
	return reconciler.Apply(context.Background(), d.state, d.engine, cloneOperation(op), e)
}

func equalEvents(a, b []*protos.TaskEvent) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if !proto.Equal(a[i], b[i]) {
			return false
		}
	}
	return true
}

// compareStates compares the snapshots of both sides, byte for byte, and returns it.
func (d *duel) compareStates(t failer) *protos.Pool {
	t.Helper()
	want := d.naive.ToProto()
	got := &protos.Pool{Scheduler: d.engine.ToProto(), Reconciler: d.state.ToProto()}
	written := marshal(want.GetScheduler())
	if !bytes.Equal(written, marshal(got.GetScheduler())) ||
		!bytes.Equal(marshal(want.GetReconciler()), marshal(got.GetReconciler())) {
		t.Fatalf("states (-reference +engine):\n%s\n%s",
			cmp.Diff(want, got, protocmp.Transform()), &d.journal)
	}
	if !bytes.Equal(written, d.engine.AppendSnapshot(nil)) {
		t.Fatalf("the bytes of the engine's snapshot are not its message's\n%s", &d.journal)
	}
	if d.engine.Hash() != sha256.Sum256(written) {
		t.Fatalf("the engine's hash is not its snapshot's\n%s", &d.journal)
	}
	return want
}

func marshal(m proto.Message) []byte {
	out, err := proto.MarshalOptions{Deterministic: true}.Marshal(m)
	if err != nil {
		panic(err)
	}
	return out
}

// restore replaces the engine by one from its snapshot, as bytes.
func (d *duel) restore(t failer) {
	t.Helper()
	pool := &protos.Pool{}
	data := marshal(&protos.Pool{Scheduler: d.engine.ToProto(), Reconciler: d.state.ToProto()})
	if err := proto.Unmarshal(data, pool); err != nil {
		t.Fatalf("%v", err)
	}
	var err error
	if d.engine, err = scheduler.RestoreBytes(d.engine.AppendSnapshot(nil)); err != nil {
		t.Fatalf("restore of the scheduler: %v\n%s", err, &d.journal)
	}
	if d.state, err = reconciler.Restore(pool.GetReconciler()); err != nil {
		t.Fatalf("restore of the reconciler: %v\n%s", err, &d.journal)
	}
	d.journal.note("# restored")
	d.compareStates(t)
}

// tell tells a story of some operations.
func tell(t failer, dice dice, p *profile, length int) {
	t.Helper()
	d := newDuel(t, newConfig(dice, p), newTimeout(dice, p))
	s := newStoryteller(dice, p)
	for range length {
		op := s.next()
		pool, _, events, _ := d.apply(t, op)
		s.look(op, pool, events)
		if chance(dice, 5) {
			d.restore(t)
		}
	}
	d.settle(t)
}

// settle asserts that passes come to rest while nothing else happens.
func (d *duel) settle(t failer) {
	t.Helper()
	if d.naive.Scheduler.Hash() != d.engine.Hash() {
		t.Fatalf("hashes differ, states do not\n%s", &d.journal)
	}
	if err := invariants.CheckFixedPoint(d.engine, passesMax); err != nil {
		t.Fatalf("%v\n%s", err, &d.journal)
	}
}

// passesMax is how many passes a pool may take to come to rest at one time.
const passesMax = 20

// TestPoolAgrees applies random operations to the engine and to the reference: results, errors,
// events and states must be the same.
func TestPoolAgrees(t *testing.T) {
	for i := range profiles {
		p := &profiles[i]
		t.Run(p.name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				dice := rapidDice{t}
				tell(t, dice, p, between(dice, 10, 150))
			})
		})
	}
}
