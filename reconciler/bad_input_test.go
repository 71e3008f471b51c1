package reconciler_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.chromium.org/luci/common/data/stringset"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/reconciler"
	"github.com/quotasched/quotasched/scheduler"
)

// Section D of the lessons: no input panics, and what ends in an error has changed nothing.

// badUpdate is a call that must be refused.
type badUpdate struct {
	name string
	call func(ctx context.Context, p *aliasPool, e scheduler.EventSink) error
}

// badUpdates are the methods with bad arguments, one at a time.
func badUpdates() []badUpdate {
	var all []badUpdate
	waiting := func(name string, update *reconciler.TaskWaitingRequest) {
		all = append(all, badUpdate{"waiting: " + name,
			func(ctx context.Context, p *aliasPool, e scheduler.EventSink) error {
				return p.state.NotifyTaskWaiting(ctx, p.s, e, update)
			}})
	}
	running := func(name string, update *reconciler.TaskRunningRequest) {
		all = append(all, badUpdate{"running: " + name,
			func(ctx context.Context, p *aliasPool, e scheduler.EventSink) error {
				return p.state.NotifyTaskRunning(ctx, p.s, e, update)
			}})
	}
	absent := func(name string, update *reconciler.TaskAbsentRequest) {
		all = append(all, badUpdate{"absent: " + name,
			func(ctx context.Context, p *aliasPool, e scheduler.EventSink) error {
				return p.state.NotifyTaskAbsent(ctx, p.s, e, update)
			}})
	}
	taskError := func(name string, id scheduler.RequestID, text error) {
		all = append(all, badUpdate{"error: " + name,
			func(_ context.Context, p *aliasPool, _ scheduler.EventSink) error {
				return p.state.AddTaskError(id, text)
			}})
	}
	waiting("nil", nil)
	running("nil", nil)
	absent("nil", nil)
	taskError("nil", "r", nil)
	type waits = reconciler.TaskWaitingRequest
	type runs = reconciler.TaskRunningRequest
	type gone = reconciler.TaskAbsentRequest
	at := aliasEpoch.Add(time.Minute)
	for _, id := range []scheduler.RequestID{"", "\xff"} {
		name, worker := fmt.Sprintf("id %q", string(id)), scheduler.WorkerID(id)
		waiting(name, &waits{RequestID: id, EnqueueTime: at, Time: at})
		running(name, &runs{RequestID: id, WorkerID: "w", Time: at})
		running("worker "+name, &runs{RequestID: "new", WorkerID: worker, Time: at})
		absent(name, &gone{RequestID: id, Time: at})
		taskError(name, id, errors.New("text"))
	}
	bad := stringset.NewFromSlice("\xff")
	waiting("account", &waits{RequestID: "r", AccountID: "\xff", EnqueueTime: at, Time: at})
	waiting("base", &waits{RequestID: "r", BaseLabels: bad, EnqueueTime: at, Time: at})
	waiting("prov", &waits{RequestID: "r", ProvisionableLabels: bad, EnqueueTime: at, Time: at})
	waiting("tag", &waits{RequestID: "r", Tags: []string{"\xff"}, EnqueueTime: at, Time: at})
	for _, badTime := range []time.Time{
		{}, time.Unix(-1, 0), time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Unix(1<<62, 0), time.Unix(-1<<62, 0),
	} {
		name := badTime.String()
		waiting(name, &waits{RequestID: "r", EnqueueTime: at, Time: badTime})
		waiting("enqueued "+name, &waits{RequestID: "r", EnqueueTime: badTime, Time: at})
		running(name, &runs{RequestID: "new", WorkerID: "w", Time: badTime})
		absent(name, &gone{RequestID: "new", Time: badTime})
	}
	return all
}

func TestBadUpdatesChangeNothing(t *testing.T) {
	p := newAliasPool(t, func(any) {})
	before := p.hash(t)
	for _, c := range badUpdates() {
		t.Run(c.name, func(t *testing.T) {
			sink := &keptEvents{}
			err := c.call(context.Background(), p, sink)
			if !errors.Is(err, scheduler.ErrInvalid) {
				t.Errorf("the error is %v", err)
			}
			if p.hash(t) != before {
				t.Fatalf("the state changed, and then: %v", err)
			}
			if len(sink.events) > 0 {
				t.Errorf("there were events: %v", sink.events)
			}
		})
	}
}

func TestPullsAtBadTimesDoNothing(t *testing.T) {
	p := newAliasPool(t, func(any) {})
	before := p.hash(t)
	for _, at := range []time.Time{{}, time.Unix(-1, 0), time.Unix(1<<62, 0)} {
		worker := &reconciler.IdleWorker{ID: "w9"}
		got := p.state.AssignTasks(context.Background(), p.s, at, nil, worker)
		if len(got) > 0 {
			t.Errorf("at %v tasks are assigned: %v", at, got)
		}
		if p.hash(t) != before {
			t.Fatalf("a pull at %v changed the state", at)
		}
	}
}

func TestBadWorkersGetNothing(t *testing.T) {
	p := &aliasPool{reconciler.New(), scheduler.New(aliasEpoch)}
	ctx := context.Background()
	err := p.state.NotifyTaskWaiting(ctx, p.s, nil, &reconciler.TaskWaitingRequest{
		RequestID: "r", EnqueueTime: aliasEpoch, Time: aliasEpoch,
	})
	if err != nil {
		t.Fatal(err)
	}
	got := p.state.AssignTasks(ctx, p.s, aliasEpoch, nil, nil, &reconciler.IdleWorker{},
		&reconciler.IdleWorker{ID: "\xff"},
		&reconciler.IdleWorker{ID: "bad", Labels: stringset.NewFromSlice("\xff")},
		&reconciler.IdleWorker{ID: "w"}, &reconciler.IdleWorker{ID: "w"})
	want := reconciler.Assignment{WorkerID: "w", RequestID: "r"}
	if len(got) != 1 || got[0] != want {
		t.Errorf("assignments are %v instead of %v alone", got, want)
	}
}

// TestHollowOperationsAreRefused applies operations whose message is missing.
func TestHollowOperationsAreRefused(t *testing.T) {
	p := newAliasPool(t, func(any) {})
	before := p.hash(t)
	at := timestamppb.New(aliasEpoch)
	for _, op := range []*protos.Operation{
		nil,
		{},
		{Time: at},
		{Time: at, Kind: &protos.Operation_AddAccount{}},
		{Time: at, Kind: &protos.Operation_DeleteAccount{}},
		{Time: at, Kind: &protos.Operation_ResetBalance{}},
		{Time: at, Kind: &protos.Operation_TaskWaiting{}},
		{Time: at, Kind: &protos.Operation_TaskRunning{}},
		{Time: at, Kind: &protos.Operation_TaskAbsent{}},
		{Time: at, Kind: &protos.Operation_AddTaskError{}},
	} {
		_, err := reconciler.Apply(context.Background(), p.state, p.s, op, nil)
		if err == nil {
			t.Errorf("%v is no error", op)
		}
		if p.hash(t) != before {
			t.Fatalf("%v changed the state", op)
		}
	}
	withNil := &protos.AssignTasks{Workers: []*protos.IdleWorker{nil}}
	for _, op := range []*protos.Operation{
		{Time: at, Kind: &protos.Operation_AssignTasks{}},
		{Time: at, Kind: &protos.Operation_AssignTasks{AssignTasks: withNil}},
		{Time: at, Kind: &protos.Operation_GetCancellations{}},
	} {
		if _, err := reconciler.Apply(context.Background(), p.state, p.s, op, nil); err != nil {
			t.Errorf("%v: %v", op, err)
		}
	}
}

func TestNewFromProtoPanicsOnlyOnBadSnapshots(t *testing.T) {
	panics := func(p *protos.Reconciler) (yes bool) {
		defer func() { yes = recover() != nil }()
		reconciler.NewFromProto(p)
		return false
	}
	p := newAliasPool(t, func(any) {}).state.ToProto()
	require.NoError(t, reconciler.Validate(p))
	require.False(t, panics(p), "a good snapshot")
	p.WorkerQueues[0].TasksToAbort[0].SinceTime = nil
	for _, bad := range []*protos.Reconciler{p, nil} {
		require.ErrorIs(t, reconciler.Validate(bad), scheduler.ErrInvalidSnapshot)
		require.True(t, panics(bad), "a bad snapshot")
	}
}

// TestWorkerOfAnAbsentTaskIsIgnored shows that TaskAbsentRequest.WorkerID says nothing.
func TestWorkerOfAnAbsentTaskIsIgnored(t *testing.T) {
	for _, worker := range []scheduler.WorkerID{"", "w", "another", "\xff"} {
		p := newAliasPool(t, func(any) {})
		err := p.state.NotifyTaskAbsent(context.Background(), p.s, nil,
			&reconciler.TaskAbsentRequest{
				RequestID: "new", WorkerID: worker, Time: aliasEpoch.Add(time.Minute),
			})
		if err != nil {
			t.Errorf("worker %q: %v", string(worker), err)
		}
		if _, known := p.s.Request("new"); known {
			t.Errorf("worker %q: the request did not leave", string(worker))
		}
	}
}
