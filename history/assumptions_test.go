package history_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/fork"
	"github.com/quotasched/quotasched/history"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// teller tells a pool what a test says, and records it. Times are in seconds from monday.
type teller struct {
	t        *testing.T
	pool     *pool.Pool
	snapshot *protos.Pool
	recorder *history.Recorder
}

func newTeller(t *testing.T, c *scheduler.Config) *teller {
	t.Helper()
	p, err := pool.New(monday, c)
	if err != nil {
		t.Fatal(err)
	}
	s := &teller{t: t, pool: p, snapshot: p.Snapshot()}
	if s.recorder, err = history.New(s.snapshot); err != nil {
		t.Fatal(err)
	}
	return s
}

// say applies an operation at a second, whatever its own time.
func (s *teller) say(second int, op *protos.Operation) {
	op.Time = timestamppb.New(monday.Add(time.Duration(second) * time.Second))
	outcome, _ := s.pool.Step(context.Background(), op)
	s.recorder.Step(op, outcome)
}

// waits says that a request waits, which was first enqueued at a time.
func (s *teller) waits(second int, id, account string, enqueued int, provisionable ...string) {
	s.say(second, pool.TaskWaiting(monday, scheduler.TaskRequest{ID: scheduler.RequestID(id),
		Account: scheduler.AccountID(account), ProvisionableLabels: provisionable,
		EnqueueTime: monday.Add(time.Duration(enqueued) * time.Second)}))
}

func (s *teller) runs(second int, id, worker string) {
	s.say(second, pool.TaskRunning(monday, scheduler.RequestID(id), scheduler.WorkerID(worker)))
}

func (s *teller) gone(second int, id string) {
	s.say(second, pool.TaskAbsent(monday, scheduler.RequestID(id)))
}

// pulls says that workers pull, each as "worker" or "worker:label".
func (s *teller) pulls(second int, workers ...string) {
	var pull []*protos.IdleWorker
	for _, text := range workers {
		id, label, labelled := strings.Cut(text, ":")
		w := &protos.IdleWorker{WorkerId: id}
		if labelled {
			w.Labels = []string{label}
		}
		pull = append(pull, w)
	}
	s.say(second, pool.AssignTasks(monday, pull...))
}

// fates says what has become of each request, in order, and how each of its runs ended.
func fates(h *history.History) string {
	var all []string
	for _, r := range h.Requests {
		text := fmt.Sprintf("%s %s", r.Content.ID, r.Fate)
		for i := range r.Runs {
			text += fmt.Sprintf(", %s %v", r.Runs[i].Ending, r.Runs[i].Ran(h.End))
		}
		all = append(all, text)
	}
	return strings.Join(all, "\n")
}

// runTime returns how long a request runs in a world.
func runTime(w *fork.World, id scheduler.RequestID) time.Duration {
	return w.RunTime(fork.Task{Request: scheduler.TaskRequest{ID: id}, Start: monday, Attempt: 1})
}

// What becomes of requests, and for how long they run in the world.
func TestFates(t *testing.T) {
	s := newTeller(t, &scheduler.Config{RequestExpiration: 20 * time.Minute})
	s.waits(0, "done", "a", 0)
	s.pulls(0, "w0")
	s.runs(1, "done", "w0")
	s.gone(100, "done")
	s.waits(100, "idle", "a", 100) // it is over as its worker is idle
	s.pulls(100, "w0")
	s.runs(101, "idle", "w0")
	s.pulls(160, "w0", "w1")
	s.waits(170, "withdrawn", "a", 170, "missing")
	s.waits(170, "lost", "a", 170)
	s.waits(170, "again", "b", 170)
	s.gone(171, "withdrawn")
	s.pulls(180, "w0", "w1")
	s.runs(180, "again", "w0")
	s.runs(180, "lost", "w1")
	s.gone(200, "again")
	s.waits(200, "again", "b", 200) // another request of the same name
	s.waits(210, "lost", "a", 170)  // its worker died; the same one, on another try
	s.pulls(220, "w0", "w1")
	s.runs(220, "lost", "w0")
	s.waits(300, "late", "a", 300)
	s.waits(300, "late-c", "c", 300)
	s.waits(301, "expired", "a", -900)
	s.pulls(310)
	s.say(320, pool.AddTaskError(monday, "late", "x"))
	h := s.recorder.History()
	want := `done done, completed 1m40s
idle done, completed 1m0s
withdrawn withdrawn
lost open, lost 30s, running 1m40s
again done, completed 20s
again open, running 1m40s
late open
late-c open
expired expired`
	if diff := cmp.Diff(want, fates(h)); diff != "" {
		t.Errorf("fates (-want +got):\n%s", diff)
	}
	w, a := h.World(s.snapshot, 0)
	for id, want := range map[scheduler.RequestID]time.Duration{
		"done": 100 * time.Second, "idle": time.Minute,
		"lost":   100 * time.Second, // so far
		"late":   time.Minute,       // the median of a
		"late-c": time.Minute,       // the median of all
	} {
		if got := runTime(w, id); got != want {
			t.Errorf("%s runs for %v, want %v", id, got, want)
		}
	}
	wantCounts := history.Assumptions{Arrivals: 7, Workers: 2, AsRecorded: 3, Censored: 1,
		MedianOfAccount: 2, MedianOfAll: 1, Withdrawn: 1, Reused: 1, Lost: 1, Errors: 1,
		Tick: 20 * time.Second, Heartbeat: 100 * time.Second}
	if diff := cmp.Diff(wantCounts, *a); diff != "" {
		t.Errorf("assumptions (-want +got):\n%s", diff)
	}
	for _, text := range []string{"7 requests come as recorded",
		"1 request never completed: it runs for as long as it did, and",
		"1 request is left out: it was taken back before it ran.", "1 task error is ignored."} {
		if !strings.Contains(strings.Join(a.Sentences(), "\n"), text) {
			t.Errorf("%q is not in %q", text, a.Sentences())
		}
	}
}

// Workers come, go, are away and change their labels.
func TestFleet(t *testing.T) {
	s := newTeller(t, &scheduler.Config{})
	s.waits(0, "r", "a", 0, "os:1", "os:2")
	s.gone(0, "r")
	s.pulls(0, "here:pool", "gone", "away", "os:1")
	s.pulls(60, "changes:os:1")
	s.runs(70, "foreign", "silent")
	s.pulls(200, "here:pool", "changes:os:2", "away")
	s.pulls(400, "here:pool", "changes:os:2", "late")
	s.pulls(600, "here:pool", "changes:os:2", "away")
	h := s.recorder.History()
	w, a := h.World(s.snapshot, 0)
	second := func(n int) time.Time { return monday.Add(time.Duration(n) * time.Second) }
	want := []fork.Worker{
		{ID: "away", Labels: []string{}},
		{ID: "changes", Labels: []string{}, From: second(60)},
		{ID: "gone", Labels: []string{}, Until: second(0)},
		{ID: "here", Labels: []string{"pool"}},
		{ID: "late", Labels: []string{}, From: second(400)},
		{ID: "os", Labels: []string{"1"}, Until: second(0)},
	}
	if diff := cmp.Diff(want, w.Workers); diff != "" {
		t.Errorf("workers (-want +got):\n%s", diff)
	}
	if a.Gaps != 1 || a.LabelsChanged != 1 || a.WithoutLabels != 1 {
		t.Errorf("got %+v", a)
	}
}

// Where preempted tasks are never retried, they are not in the world either.
func TestNoRetry(t *testing.T) {
	for _, retried := range []bool{false, true} {
		s := newTeller(t, &scheduler.Config{Accounts: map[scheduler.AccountID]*scheduler.AccountConfig{
			"a": {MaxCharge: time.Hour, ChargeRate: [scheduler.NumPriorities]scheduler.Rate{1000}}}})
		s.waits(0, "free", "", 0)
		s.pulls(0, "w")
		s.runs(0, "free", "w")
		s.pulls(60)
		s.waits(60, "paid", "a", 60)
		s.pulls(61)
		if retried {
			s.waits(62, "free", "", 0)
		} else {
			s.gone(62, "free")
		}
		h := s.recorder.History()
		want := map[bool]string{true: "free open, preempted 1m1s\npaid open, running 0s",
			false: "free stopped, preempted 1m1s\npaid open, running 0s"}[retried]
		if diff := cmp.Diff(want, fates(h)); diff != "" {
			t.Errorf("fates (-want +got):\n%s", diff)
		}
		if h.Requests[0].Runs[0].By != "a" {
			t.Errorf("preempted by %q", h.Requests[0].Runs[0].By)
		}
		w, a := h.World(s.snapshot, 0)
		if w.NoRetry != !retried || a.NoRetry != !retried {
			t.Errorf("retried %v: no retry %v, %+v", retried, w.NoRetry, a)
		}
	}
}

// Operations on accounts are kept, and counted where they come too late for a world.
func TestAccountOperations(t *testing.T) {
	s := newTeller(t, &scheduler.Config{})
	account := func(second int, kind string) {
		op := &protos.Operation{}
		switch kind {
		case "add_account":
			op.Kind = &protos.Operation_AddAccount{AddAccount: &protos.AddAccount{AccountId: "a",
				Config: scheduler.AccountConfigToProto(&scheduler.AccountConfig{})}}
		case "reset_balance":
			op.Kind = &protos.Operation_ResetBalance{
				ResetBalance: &protos.ResetBalance{AccountId: "a"}}
		case "delete_account":
			op.Kind = &protos.Operation_DeleteAccount{
				DeleteAccount: &protos.DeleteAccount{AccountId: "a"}}
		}
		s.say(second, op)
	}
	kinds := []string{"add_account", "reset_balance", "delete_account", "delete_account"}
	for i, kind := range kinds {
		account(i, kind)
	}
	h := s.recorder.History()
	for i, op := range h.Accounts {
		if op.Kind != kinds[i] || op.Account != "a" || op.Step != int64(i+1) || op.Refused != (i == 3) {
			t.Errorf("operation %d: %+v", i, op)
		}
	}
	if _, a := h.World(s.snapshot, 0); a.AccountOperations != 3 {
		t.Errorf("from the beginning: %+v", a)
	}
	if _, a := h.World(s.snapshot, 2); a.AccountOperations != 1 {
		t.Errorf("from step 2: %+v", a)
	}
}

// Suspensions and cordons are in the world, from where it begins; settings are not changed there.
func TestOrdersAreInTheWorld(t *testing.T) {
	s := newTeller(t, &scheduler.Config{Accounts: map[scheduler.AccountID]*scheduler.AccountConfig{
		"a": {}}})
	s.pulls(0, "w")
	var o scheduler.Order // which say sets the time of
	for second, op := range []*protos.Operation{pool.CordonWorker(o, "w"),
		pool.SuspendAccount(o, "a"), pool.ResumeAccount(o, "nobody"),
		pool.Configure(o, &scheduler.Config{BurstCover: time.Minute}, "burst_cover"),
		pool.UncordonWorker(o, "w"), pool.Wipe(o)} {
		s.say(second+1, op)
	}
	h := s.recorder.History()
	w, a := h.World(s.snapshot, 0)
	require.Equal(t, []int{3, 2}, []int{a.Orders, a.OrdersIgnored})
	require.Len(t, w.Orders, 3)
	require.Equal(t, "w", w.Orders[0].GetCordonWorker().GetWorkerId())
	require.Equal(t, "a", w.Orders[1].GetSuspendAccount().GetAccountId())
	require.Equal(t, monday.Add(5*time.Second), w.Orders[2].GetTime().AsTime())
	w, a = h.World(s.pool.Snapshot(), 5) // after all but the wipe
	require.Equal(t, []int{1, 1}, []int{a.Orders, a.OrdersIgnored})
	require.Equal(t, "w", w.Orders[0].GetUncordonWorker().GetWorkerId())
}

// Without anything that completed, nothing is known of run times, and that is counted.
func TestNothingCompleted(t *testing.T) {
	s := newTeller(t, &scheduler.Config{})
	s.waits(0, "r", "a", 0)
	s.pulls(90)
	w, a := s.recorder.History().World(s.snapshot, 0)
	if a.Unknown != 1 || runTime(w, "r") != 90*time.Second {
		t.Errorf("%+v, runs for %v", a, runTime(w, "r"))
	}
	if _, err := history.New(nil); err == nil {
		t.Error("no snapshot is fine")
	}
}
