package shadow_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/internal/recording"
	"github.com/quotasched/quotasched/internal/scramble"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/shadow"
)

var start = time.Date(2026, time.January, 5, 9, 0, 0, 0, time.UTC)

// earning is an account that earns so many workers at a level.
func earning(level int, workers float64) *scheduler.AccountConfig {
	a := &scheduler.AccountConfig{MaxCharge: time.Hour}
	a.ChargeRate[level] = scheduler.Workers(workers)
	return a
}

// config has these accounts.
func config(accounts map[scheduler.AccountID]*scheduler.AccountConfig) *scheduler.Config {
	return &scheduler.Config{Accounts: accounts}
}

func newPool(t interface{ Fatal(...any) }) *pool.Pool {
	p, err := pool.New(start, config(map[scheduler.AccountID]*scheduler.AccountConfig{
		"a": earning(0, 1), "b": earning(1, 2)}))
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// The main pool answers and becomes what it does and is alone, whatever the shadow's settings are,
// and although everything that it was told and answered is spoilt.
func TestMainIsUntouched(t *testing.T) {
	differed := 0
	rapid.Check(t, func(t *rapid.T) {
		alone, main := newPool(t), newPool(t)
		s, err := shadow.New(main, config(map[scheduler.AccountID]*scheduler.AccountConfig{
			"b": earning(0, 3), "c": earning(rapid.IntRange(0, 4).Draw(t, "level"), 1)}), nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, op := range recording.Operations(t, start) {
			want, _ := alone.Step(context.Background(), proto.CloneOf(op))
			got, _ := s.Step(context.Background(), op)
			if pool.Digest(got) != pool.Digest(want) || main.Hash() != alone.Hash() {
				t.Fatalf("operation %d, %v: got %v, alone %v", i, op, got, want)
			}
			scramble.Everything(op)
			scramble.Everything(got)
		}
		if s.Main() != main || main.Hash() != alone.Hash() {
			t.Fatal("the state differs")
		}
		r := s.Report()
		if r.Ended != "" {
			t.Fatal(r.Ended)
		}
		if r.Differ() {
			differed++
		}
		for range 2 { // and with it the shadow itself did not alias anything
			if _, err := pool.Restore(s.Pool().Snapshot()); err != nil {
				t.Fatal(err)
			}
		}
	})
	if differed < 10 {
		t.Errorf("only %d of the shadows differed", differed)
	}
}

// A shadow under the same settings never differs, and is the same pool at the end.
func TestSameSettingsNeverDiffer(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		main := newPool(t)
		s, err := shadow.New(main, main.Scheduler().Config(), nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, op := range recording.Operations(t, start) {
			changed := op.GetAddAccount().GetAccountId() + op.GetUpdateAccount().GetAccountId()
			if op.GetConfigure() != nil || changed != "" && changed != "c" {
				continue // it would keep its settings
			}
			s.Step(context.Background(), op)
			if r := s.Report(); r.Differ() || r.Ended != "" || main.Hash() != s.Pool().Hash() {
				t.Fatalf("operation %d, %v: %+v, %+v", i, op, r, r.First)
			}
		}
		a := s.Report().All
		if a.OtherLevel+a.OtherWorker+a.OnlyMain+a.OnlyShadow != 0 || a.Main != a.Shadow {
			t.Errorf("the counters differ: %+v", a)
		}
	})
}

// A recorded day of the device lab: beside a shadow everything is as without one, and a shadow that
// follows a pool says the same as one that steps it.
func TestRecordedDay(t *testing.T) {
	r, err := recording.Example("device-lab.yaml", "quota", "workload.length=12h")
	if err != nil {
		t.Fatal(err)
	}
	for _, rate := range []float64{40, 4} {
		alone, n := r.Opened()
		main, _ := r.Opened()
		c := main.Scheduler().Config()
		c.Accounts["cq"].ChargeRate[0] = scheduler.Workers(rate)
		s, err := shadow.New(main, c, nil)
		if err != nil {
			t.Fatal(err)
		}
		follower, err := shadow.New(alone, c, nil)
		if err != nil {
			t.Fatal(err)
		}
		for i, op := range r.Operations[n:] {
			want, _ := alone.Step(context.Background(), op)
			got, _ := s.Step(context.Background(), op)
			if pool.Digest(want) != pool.Digest(got) {
				t.Fatalf("operation %d, %v: got %v, alone %v", i, op, got, want)
			}
			follower.Follow(op, want)
		}
		if alone.Hash() != main.Hash() {
			t.Error("the state differs")
		}
		report := s.Report()
		if diff := cmp.Diff(report, follower.Report()); diff != "" {
			t.Errorf("a shadow that follows says something else (-step +follow):\n%s", diff)
		}
		t.Logf("cq with %v workers: %+v", rate, report.All)
		if report.Differ() != (rate != 40) {
			t.Errorf("with a rate of %v, the first difference is %+v", rate, report.First)
		}
		if again, _ := json.Marshal(s.Report()); !bytes.Equal(again, must(json.Marshal(report))) {
			t.Error("two reports differ")
		}
	}
}

func must(b []byte, err error) []byte {
	if err != nil {
		panic(err)
	}
	return b
}

// script runs operations, a second after another, and returns what the shadow says then.
func script(t *testing.T, main *pool.Pool, c *scheduler.Config,
	kinds ...*protos.Operation) *shadow.Report {
	t.Helper()
	s, err := shadow.New(main, c, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, op := range kinds {
		op.Time = timestamppb.New(start.Add(time.Duration(i+1) * time.Second))
		s.Step(context.Background(), op)
	}
	return s.Report()
}

func waiting(id, account string) *protos.Operation {
	return pool.TaskWaiting(start, scheduler.TaskRequest{ID: scheduler.RequestID(id),
		Account: scheduler.AccountID(account), EnqueueTime: start})
}

func pulls(workers ...scheduler.WorkerID) *protos.Operation {
	var idle []*protos.IdleWorker
	for _, w := range workers {
		idle = append(idle, pool.IdleWorker(w))
	}
	return pool.AssignTasks(start, idle...)
}

func cancellations() *protos.Operation { return pool.GetCancellations(start) }

// What each counter counts.
func TestCounters(t *testing.T) {
	none := config(nil)
	both := config(map[scheduler.AccountID]*scheduler.AccountConfig{"a": earning(0, 1)})
	reverse := config(map[scheduler.AccountID]*scheduler.AccountConfig{"b": earning(0, 1)})
	empty := func(c *scheduler.Config) *pool.Pool {
		p, err := pool.New(start, c)
		if err != nil {
			t.Fatal(err)
		}
		p.Step(context.Background(), pulls())
		return p
	}
	addA := pool.AddAccount(start, pool.Account{ID: "a", Config: earning(1, 1),
		Balance: scheduler.Balance{1: scheduler.WorkerSeconds(500)}})
	deleteA := pool.DeleteAccount(start, "a")
	pull := pulls()
	for _, c := range []struct {
		name       string
		main       *pool.Pool
		config     *scheduler.Config
		operations []*protos.Operation
		want       shadow.Counts
		account    scheduler.AccountID
		first      string
	}{
		{"another level", empty(both), none,
			[]*protos.Operation{waiting("r", "a"), pulls("w")},
			shadow.Counts{OtherLevel: 1}, "a",
			`2 r: assigns it to worker "w" at p0; assigns it to worker "w" at free`},
		{"another worker", empty(both), reverse,
			[]*protos.Operation{waiting("r1", "a"), waiting("r2", "b"), pulls("v", "w")},
			shadow.Counts{OtherWorker: 2}, "", `3 r1: assigns it to worker "v" at p0; ` +
				`assigns it to worker "w" at free`},
		{"another request", empty(both), reverse,
			[]*protos.Operation{waiting("r1", "a"), waiting("r2", "b"), pulls("w")},
			shadow.Counts{OnlyMain: 1, OnlyShadow: 1}, "",
			`3 r1: assigns it to worker "w" at p0; does not assign it`},
		{"a preemption", empty(none), both,
			[]*protos.Operation{waiting("r1", "b"), pulls("w"), waiting("r2", "a"), pull,
				cancellations(), cancellations()},
			shadow.Counts{Equal: 1, OnlyShadow: 1,
				Shadow: shadow.Decisions{Preempted: 1, Cancelled: 1}}, "",
			`4 r2: does not assign it; assigns it to worker "w" at p0`},
		{"a refusal", empty(none), none, []*protos.Operation{{}},
			shadow.Counts{Main: shadow.Decisions{Refused: 1},
				Shadow: shadow.Decisions{Refused: 1}}, "", ""},
		{"an account that both have", empty(none), both,
			[]*protos.Operation{addA, waiting("r", "a"), pulls("w")},
			shadow.Counts{OtherLevel: 1}, "a", `3 r: assigns it to worker "w" at p1; ` +
				`assigns it to worker "w" at p0`},
		{"an account that was left out", empty(both), none,
			[]*protos.Operation{addA, deleteA}, shadow.Counts{}, "", ""},
		{"an account that is new to both", empty(none), none,
			[]*protos.Operation{addA, waiting("r", "a"), pulls("w"), deleteA},
			shadow.Counts{Equal: 1}, "a", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := script(t, c.main, c.config, c.operations...)
			if diff := cmp.Diff(c.want, r.All); diff != "" {
				t.Errorf("counters (-want +got):\n%s", diff)
			}
			if c.account != "" {
				i := slices.IndexFunc(r.Accounts, func(a shadow.AccountCounts) bool {
					return a.Account == c.account
				})
				if i < 0 || r.Accounts[i].Counts != c.want {
					t.Errorf("of the accounts: %+v", r.Accounts)
				}
			}
			first := ""
			if f := r.First; f != nil {
				first = fmt.Sprintf("%d %s: %s; %s", f.Operation, f.Request, f.Main, f.Shadow)
			}
			if first != c.first {
				t.Errorf("first difference: got %s, want %s", first, c.first)
			}
		})
	}
}

// The shadow's balance follows that of the main pool where it is set.
func TestBalancesAreFollowed(t *testing.T) {
	main := newPool(t)
	own := earning(0, 5)
	s, err := shadow.New(main, config(map[scheduler.AccountID]*scheduler.AccountConfig{"a": own,
		"new": earning(1, 1)}), map[scheduler.AccountID]scheduler.Balance{"new": {1: 7}})
	if err != nil {
		t.Fatal(err)
	}
	if b, _ := s.Pool().Scheduler().Balance("new"); b[1] != 7 {
		t.Errorf("the new account begins with %v", b)
	}
	s.Step(context.Background(), pool.AddAccount(start, pool.Account{ID: "a",
		Config:  &scheduler.AccountConfig{MaxCharge: time.Minute},
		Balance: scheduler.Balance{1, 2, 3, 4, 5}}))
	if b, _ := s.Pool().Scheduler().Balance("a"); b != (scheduler.Balance{1, 2, 3, 4, 5}) {
		t.Errorf("a has %v", b)
	}
	if got := s.Pool().Scheduler().Config().Accounts["a"]; got.ChargeRate != own.ChargeRate {
		t.Errorf("a has the settings %+v", got)
	}
	s.Step(context.Background(), pool.ResetBalance(start, "a"))
	if b, _ := s.Pool().Scheduler().Balance("a"); b != (scheduler.Balance{}) {
		t.Errorf("after the reset a has %v", b)
	}
	if r := s.Report(); r.Overridden != 1 || r.PassedOver != 0 || r.Operations != 2 {
		t.Errorf("got %+v", r)
	}
}

// The shadow keeps its settings when an operator changes those of the main pool. Suspensions it
// follows, of accounts that it has.
func TestSettingsAreKept(t *testing.T) {
	main := newPool(t)
	s, err := shadow.New(main, config(map[scheduler.AccountID]*scheduler.AccountConfig{
		"a": earning(0, 5)}), nil)
	require.NoError(t, err)
	before := s.Pool().Scheduler().Config()
	o := scheduler.Order{Time: start}
	for _, op := range []*protos.Operation{
		pool.Configure(o, &scheduler.Config{BurstCover: time.Second}, "burst_cover"),
		pool.UpdateAccount(o, pool.Account{ID: "a", Config: earning(0, 1)}, "charge_rate"),
		pool.UpdateAccount(o, pool.Account{ID: "b", Config: earning(0, 1)}, "charge_rate"),
		pool.SuspendAccount(o, "b")} {
		_, err := s.Step(t.Context(), op)
		require.NoError(t, err)
	}
	require.Empty(t, cmp.Diff(before, s.Pool().Scheduler().Config()))
	r := s.Report()
	require.Equal(t, int64(4), r.PassedOver)
	_, err = s.Step(t.Context(), pool.SuspendAccount(o, "a"))
	require.NoError(t, err)
	require.NotNil(t, s.Pool().Snapshot().GetScheduler().GetAccounts()[0].GetSuspension())
}

func TestNewRefuses(t *testing.T) {
	main := newPool(t)
	main.Step(context.Background(), waiting("r", "a"))
	main.Step(context.Background(), pulls("w"))
	before := main.Hash()
	if _, err := shadow.New(main, config(nil), nil); err == nil ||
		!strings.Contains(err.Error(), `"a" has 1`) {
		t.Errorf("an account with a running task is dropped: %v", err)
	}
	if _, err := shadow.New(main, nil, nil); err == nil {
		t.Error("no settings are fine")
	}
	if main.Hash() != before {
		t.Error("the main pool has changed")
	}
}

// A shadow that breaks ends, and says why; the main pool goes on.
func TestBrokenShadowEnds(t *testing.T) {
	alone, main := newPool(t), newPool(t)
	s, err := shadow.New(main, main.Scheduler().Config(), nil)
	if err != nil {
		t.Fatal(err)
	}
	for i, op := range []*protos.Operation{waiting("r1", "a"), pulls("w"), waiting("r2", "a"),
		pulls("v")} {
		if i == 2 {
			s.Break()
		}
		op.Time = timestamppb.New(start)
		want, wantErr := alone.Step(context.Background(), op)
		got, err := s.Step(context.Background(), op)
		require.Equal(t, wantErr, err)
		if pool.Digest(got) != pool.Digest(want) {
			t.Errorf("operation %d: got %v, want %v", i, got, want)
		}
	}
	r := s.Report()
	if !strings.HasPrefix(r.Ended, "operation 3: panic: ") || r.Operations != 3 || r.All.Equal != 1 {
		t.Errorf("got %+v", r)
	}
	if s.Pool() != nil || alone.Hash() != main.Hash() {
		t.Error("the main pool did not go on as it does alone")
	}
}
