package pool_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

var start = time.Date(2026, 1, 5, 9, 0, 0, 0, time.UTC)

// earning is an account that earns n workers at p1, for at most an hour.
func earning(n float64) *scheduler.AccountConfig {
	return &scheduler.AccountConfig{MaxCharge: time.Hour,
		ChargeRate: [scheduler.NumPriorities]scheduler.Rate{1: scheduler.Workers(n)}}
}

// atP1 is a balance of that many worker-seconds at p1.
func atP1(n float64) scheduler.Balance {
	return scheduler.Balance{1: scheduler.WorkerSeconds(n)}
}

// busy returns a pool where two tasks of cq and one of nobody run, and one of fuzz waits.
func busy(t *testing.T) *pool.Pool {
	t.Helper()
	p, err := pool.New(start, &scheduler.Config{DisablePreemption: true,
		Accounts: map[scheduler.AccountID]*scheduler.AccountConfig{
			"cq": earning(2), "fuzz": earning(1), "lab": earning(1)}})
	if err != nil {
		t.Fatal(err)
	}
	var workers []*protos.IdleWorker
	at := start.Add(time.Minute)
	for _, r := range []scheduler.TaskRequest{
		{ID: "r1", Account: "cq"}, {ID: "r2", Account: "cq"}, {ID: "r3", Account: "nobody"},
		{ID: "r4", Account: "fuzz", BaseLabels: []string{"none"}},
	} {
		r.EnqueueTime = start
		step(t, p, pool.TaskWaiting(at, r))
		workers = append(workers, pool.IdleWorker("w-"+scheduler.WorkerID(r.ID)))
	}
	step(t, p, pool.AssignTasks(at, workers...))
	return p
}

func step(t *testing.T, p *pool.Pool, op *protos.Operation) *protos.Outcome {
	t.Helper()
	outcome, err := p.Step(context.Background(), op)
	require.NoError(t, err)
	return outcome
}

// A refused operation has an outcome like others, keeps its kind of error, and changes nothing.
func TestStepKeepsErrors(t *testing.T) {
	p := busy(t)
	before := p.Hash()
	for _, c := range []struct {
		op   *protos.Operation
		want error
	}{
		{nil, scheduler.ErrInvalid},
		{&protos.Operation{Time: timestamppb.New(start)}, scheduler.ErrInvalid},
		{pool.AddAccount(start, pool.Account{ID: "a"}), scheduler.ErrInvalidConfig},
		{pool.ResetBalance(start, "stranger"), scheduler.ErrUnknownAccount},
		{pool.DeleteAccount(start, "stranger"), scheduler.ErrUnknownAccount},
	} {
		for _, step := range []func(context.Context, *protos.Operation) (*protos.Outcome, error){
			p.Step, p.Replay,
		} {
			outcome, err := step(context.Background(), c.op)
			require.ErrorIs(t, err, c.want)
			require.Empty(t, cmp.Diff(&protos.Outcome{Error: err.Error()}, outcome,
				protocmp.Transform()))
			require.Equal(t, before, p.Hash())
		}
	}
}

// An account that earns nothing for ever is refused, but for what is recorded or saved.
func TestRateWithoutMaxCharge(t *testing.T) {
	config := &scheduler.AccountConfig{ChargeRate: earning(2).ChargeRate}
	p := emptyPool(t)
	add := pool.AddAccount(start, pool.Account{ID: "a", Config: config})
	before := p.Hash()
	_, err := p.Step(context.Background(), add)
	require.ErrorIs(t, err, scheduler.ErrInvalidConfig)
	require.ErrorContains(t, err, "ChargeRate[1] of 2 workers without a MaxCharge")
	require.Equal(t, before, p.Hash())
	_, err = pool.New(start, &scheduler.Config{
		Accounts: map[scheduler.AccountID]*scheduler.AccountConfig{"a": config}})
	require.ErrorContains(t, err, `account "a": invalid config: ChargeRate[1]`)

	_, err = p.Replay(context.Background(), add)
	require.NoError(t, err)
	require.Equal(t, config, p.Scheduler().Config().Accounts["a"])
	restored, err := pool.Restore(p.Snapshot())
	require.NoError(t, err)
	require.Equal(t, p.Hash(), restored.Hash())
}

// A pool that was saved and restored goes on as the one that was not.
func TestRestoreGoesOn(t *testing.T) {
	p := busy(t)
	q, err := pool.Restore(p.Snapshot())
	if err != nil {
		t.Fatal(err)
	}
	if p.Hash() != q.Hash() {
		t.Fatal("the restored pool is another one")
	}
	pull := pool.AssignTasks(start.Add(time.Hour), pool.IdleWorker("w-new", "none"))
	want, got := step(t, p, pull), step(t, q, pull)
	if diff := cmp.Diff(want, got, protocmp.Transform()); diff != "" || p.Hash() != q.Hash() {
		t.Errorf("they went on differently (-want +got):\n%s", diff)
	}
	if n := len(want.GetResult().GetAssignments()); n != 1 {
		t.Errorf("%d assignments, want 1", n)
	}
	if _, err := pool.Restore(nil); !errors.Is(err, scheduler.ErrInvalidSnapshot) {
		t.Errorf("nil: %v", err)
	}
}

func TestReconfigure(t *testing.T) {
	p := busy(t)
	snapshot := p.Snapshot()
	untouched := proto.CloneOf(snapshot)
	c := &scheduler.Config{BurstCover: time.Second,
		Accounts: map[scheduler.AccountID]*scheduler.AccountConfig{
			// The cap of cq is now a tenth of a minute's worth, and it has more.
			"cq":     {MaxCharge: 6 * time.Second, ChargeRate: earning(1).ChargeRate},
			"nobody": earning(3), "new": earning(4), "lab": earning(1),
		}}
	got, err := pool.Reconfigure(snapshot, c, map[scheduler.AccountID]scheduler.Balance{
		"cq": atP1(7), "new": atP1(8)})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(untouched, snapshot, protocmp.Transform()); diff != "" {
		t.Errorf("the snapshot has changed (-before +after):\n%s", diff)
	}
	q, err := pool.Restore(got)
	if err != nil {
		t.Fatal(err)
	}
	if q.Hash() != pool.Digest(got) {
		t.Error("what it restores to has another snapshot")
	}
	had, _ := p.Scheduler().Balance("cq")
	if had[1] <= scheduler.WorkerSeconds(6) {
		t.Fatalf("cq has only %v", had)
	}
	for id, want := range map[scheduler.AccountID]scheduler.Balance{
		"cq": had, "nobody": {}, "new": atP1(8), "lab": atP1(60),
	} {
		if b, ok := q.Scheduler().Balance(id); !ok || b != want {
			t.Errorf("%s has %v, want %v", id, b, want)
		}
	}
	if _, ok := q.Scheduler().Balance("fuzz"); ok {
		t.Error("fuzz is still there")
	}
	if c := q.Scheduler().Config(); c.DisablePreemption || c.BurstCover != time.Second ||
		c.Accounts["new"].ChargeRate != earning(4).ChargeRate {
		t.Errorf("the settings are %+v", c)
	}
	// Only settings and accounts are other ones.
	got.Scheduler.Config = snapshot.Scheduler.Config
	got.Scheduler.Accounts = snapshot.Scheduler.Accounts
	if diff := cmp.Diff(snapshot, got, protocmp.Transform()); diff != "" {
		t.Errorf("more has changed (-before +after):\n%s", diff)
	}
}

// The pool's own settings change nothing.
func TestReconfigureWithTheSame(t *testing.T) {
	p := busy(t)
	at := p.Snapshot().GetScheduler().GetLastUpdateTime().AsTime().Add(time.Second)
	suspend := pool.SuspendAccount(scheduler.Order{Reason: "a test", Time: at}, "lab")
	_, err := p.Step(t.Context(), suspend)
	require.NoError(t, err)
	for w := range p.Scheduler().Workers() { // so that runs which ended owe something
		_, err := p.Step(t.Context(), pool.WorkerGone(at, w.ID))
		require.NoError(t, err)
	}
	before := p.Snapshot().GetScheduler().GetAccounts()
	require.True(t, slices.ContainsFunc(before, func(a *protos.Account) bool {
		return a.GetSuspension() != nil
	}))
	require.True(t, slices.ContainsFunc(before, func(a *protos.Account) bool {
		return len(a.GetEndedRuns()) > 0
	}))
	got, err := pool.Reconfigure(p.Snapshot(), p.Scheduler().Config(), nil)
	if err != nil || pool.Digest(got) != p.Hash() {
		t.Errorf("another pool, %v", err)
	}
}

func TestReconfigureRefuses(t *testing.T) {
	p := busy(t)
	all := func() *scheduler.Config { return p.Scheduler().Config() }
	without := func(id scheduler.AccountID) *scheduler.Config {
		c := all()
		delete(c.Accounts, id)
		return c
	}
	broken := p.Snapshot()
	broken.Reconciler.WorkerQueueTimeout = nil
	for _, c := range []struct {
		name     string
		snapshot *protos.Pool
		config   *scheduler.Config
		initial  map[scheduler.AccountID]scheduler.Balance
		want     error
		text     string
	}{
		{"dropped", p.Snapshot(), without("cq"), nil, pool.ErrDropsRunning, `"cq" has 2`},
		{"no config", p.Snapshot(), nil, nil, scheduler.ErrInvalidConfig, ""},
		{"bad config", p.Snapshot(), &scheduler.Config{WorkerExpiration: -1}, nil,
			scheduler.ErrInvalidConfig, "WorkerExpiration"},
		{"no snapshot", nil, all(), nil, scheduler.ErrInvalidSnapshot, "no pool"},
		{"bad snapshot", broken, all(), nil, scheduler.ErrInvalidSnapshot, "worker_queue_timeout"},
		{"unknown account", p.Snapshot(), all(),
			map[scheduler.AccountID]scheduler.Balance{"x": {}}, scheduler.ErrUnknownAccount, `"x"`},
		{"bad balance", p.Snapshot(), all(),
			map[scheduler.AccountID]scheduler.Balance{"lab": {1 << 62}}, scheduler.ErrInvalidConfig, "lab"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := pool.Reconfigure(c.snapshot, c.config, c.initial)
			if got != nil || !errors.Is(err, c.want) || !strings.Contains(err.Error(), c.text) {
				t.Errorf("got %v, %v", got, err)
			}
		})
	}
}

// The bytes of a snapshot are those of its message, and restore to the same pool.
func TestSnapshotAsBytes(t *testing.T) {
	for name, p := range map[string]*pool.Pool{"busy": busy(t), "empty": emptyPool(t)} {
		want, err := proto.MarshalOptions{Deterministic: true}.Marshal(p.Snapshot())
		if err != nil {
			t.Fatal(err)
		}
		if got := p.AppendSnapshot([]byte("before")); string(got) != "before"+string(want) {
			t.Errorf("%s: the bytes are not those of the message", name)
		}
		if p.Hash() != pool.Digest(p.Snapshot()) {
			t.Errorf("%s: the hash is not that of the message", name)
		}
	}
}

func emptyPool(t *testing.T) *pool.Pool {
	t.Helper()
	p, err := pool.New(start, &scheduler.Config{})
	if err != nil {
		t.Fatal(err)
	}
	return p
}
