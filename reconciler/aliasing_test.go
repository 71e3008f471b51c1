package reconciler_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"testing"
	"time"

	"go.chromium.org/luci/common/data/stringset"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/internal/scramble"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/reconciler"
	"github.com/quotasched/quotasched/scheduler"
)

// Lesson D25: nothing that the reconciler takes or returns shares memory with its state.

var aliasEpoch = time.Unix(1_767_225_600, 0)

// keptEvents keeps the events that it is given.
type keptEvents struct{ events []*protos.TaskEvent }

func (k *keptEvents) AddEvent(e *protos.TaskEvent) { k.events = append(k.events, e) }

// aliasPool is a reconciler with something in each of its parts, and its scheduler.
type aliasPool struct {
	state *reconciler.State
	s     *scheduler.Scheduler
}

func (p *aliasPool) hash(t *testing.T) [sha256.Size]byte {
	t.Helper()
	b, err := proto.MarshalOptions{Deterministic: true}.Marshal(&protos.Pool{
		Scheduler: p.s.ToProto(), Reconciler: p.state.ToProto(),
	})
	if err != nil {
		t.Fatal(err)
	}
	return sha256.Sum256(b)
}

// newAliasPool makes one through the methods, and hands everything that went in or came out to
// clobber after each call.
func newAliasPool(t *testing.T, clobber func(any)) *aliasPool {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx, sink := context.Background(), &keptEvents{}
	s, err := scheduler.NewWithConfig(aliasEpoch, &scheduler.Config{
		RequestExpiration: time.Hour,
	})
	check(err)
	check(s.AddAccount("a", &scheduler.AccountConfig{}, scheduler.Balance{1_000_000_000}))
	state := reconciler.New()
	wait := func(id scheduler.RequestID, account scheduler.AccountID, base string,
		enqueued time.Time) {
		t.Helper()
		update := &reconciler.TaskWaitingRequest{
			RequestID: id, AccountID: account, BaseLabels: stringset.NewFromSlice(base),
			ProvisionableLabels: stringset.NewFromSlice("p"), EnqueueTime: enqueued,
			Tags: []string{"t1", "t2"}, Time: aliasEpoch,
		}
		check(state.NotifyTaskWaiting(ctx, s, sink, update))
		clobber(update)
	}
	wait("old", "", "x", aliasEpoch)
	wait("expires", "", "none", aliasEpoch.Add(-time.Hour))
	worker := &reconciler.IdleWorker{ID: "w", Labels: stringset.NewFromSlice("x")}
	clobber(state.AssignTasks(ctx, s, aliasEpoch, sink, worker))
	clobber(worker)
	running := &reconciler.TaskRunningRequest{RequestID: "old", WorkerID: "w", Time: aliasEpoch}
	check(state.NotifyTaskRunning(ctx, s, sink, running))
	clobber(running)
	check(state.AddTaskError("old", errors.New("text")))
	wait("new", "a", "x", aliasEpoch)
	clobber(state.AssignTasks(ctx, s, aliasEpoch.Add(time.Second), sink))
	clobber(state.Cancellations(ctx))
	clobber(sink)
	return &aliasPool{state, s}
}

func TestNothingTakenIsShared(t *testing.T) {
	want := newAliasPool(t, func(any) {}).hash(t)
	if got := newAliasPool(t, scramble.Everything).hash(t); got != want {
		t.Error("writing to what was passed to the reconciler, or returned, changed its state")
	}
}

func TestNothingReturnedIsShared(t *testing.T) {
	p := newAliasPool(t, func(any) {})
	before := p.hash(t)
	snapshot := p.state.ToProto()
	if len(snapshot.WorkerQueues) == 0 || len(snapshot.TaskErrors) == 0 ||
		len(snapshot.ExpiredRequests) == 0 {
		t.Fatalf("the snapshot lacks a part: %v", snapshot)
	}
	scramble.Everything(snapshot)
	scramble.Everything(p.state.Cancellations(context.Background()))
	if p.hash(t) != before {
		t.Error("writing to what was returned changed the state")
	}
}

func TestRestoredStatesAreNotShared(t *testing.T) {
	p := newAliasPool(t, func(any) {})
	snapshot := p.state.ToProto()
	first := reconciler.NewFromProto(snapshot)
	second, err := reconciler.Restore(snapshot)
	if err != nil {
		t.Fatal(err)
	}
	before := second.Hash()
	if err := first.AddTaskError("another", errors.New("text")); err != nil {
		t.Fatal(err)
	}
	scramble.Everything(snapshot)
	if second.Hash() != before {
		t.Error("an error of one state, or writing to the snapshot, changed the other state")
	}
}

func TestOperationsAreNotShared(t *testing.T) {
	ctx := context.Background()
	at := timestamppb.New(aliasEpoch)
	operations := []*protos.Operation{
		{Time: at, Kind: &protos.Operation_AddAccount{AddAccount: &protos.AddAccount{
			AccountId: "a", Balance: []int64{1, 2, 3, 4, 5},
			Config: &protos.AccountConfig{MaxCharge: durationpb.New(time.Second),
				ChargeRate: []int64{1, 2, 3, 4, 5}, PerLabelTaskLimits: map[string]int64{"m": 3},
			},
		}}},
		{Time: at, Kind: &protos.Operation_TaskWaiting{TaskWaiting: &protos.TaskWaiting{
			RequestId: "r", AccountId: "a", BaseLabels: []string{"x"}, EnqueueTime: at,
			ProvisionableLabels: []string{"p"}, Tags: []string{"t"},
		}}},
		{Time: at, Kind: &protos.Operation_AssignTasks{AssignTasks: &protos.AssignTasks{
			Workers: []*protos.IdleWorker{{WorkerId: "w", Labels: []string{"x", "y"}}},
		}}},
	}
	run := func(clobber func(any)) [sha256.Size]byte {
		p := &aliasPool{reconciler.New(), scheduler.New(aliasEpoch)}
		for _, original := range operations {
			op := proto.CloneOf(original)
			result, err := reconciler.Apply(ctx, p.state, p.s, op, nil)
			if err != nil {
				t.Fatal(err)
			}
			clobber(op)
			clobber(result)
		}
		return p.hash(t)
	}
	if run(func(any) {}) != run(scramble.Everything) {
		t.Error("writing to an operation or its result changed the state")
	}
}
