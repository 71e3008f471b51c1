package scheduler_test

import (
	"slices"
	"testing"
	"time"

	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/internal/scramble"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// Lesson D25: nothing that the scheduler takes or returns shares memory with its state.

var aliasEpoch = time.Unix(1_767_225_600, 0)

// keptEvents keeps the events that it is given.
type keptEvents struct{ events []*protos.TaskEvent }

func (k *keptEvents) AddEvent(e *protos.TaskEvent) { k.events = append(k.events, e) }

// scrambledPool makes a pool with one of each, and hands everything that went in to clobber after
// each call.
func scrambledPool(t *testing.T, clobber func(any)) *scheduler.Scheduler {
	t.Helper()
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	sink := &keptEvents{}
	account := func(limit int) *scheduler.AccountConfig {
		return &scheduler.AccountConfig{
			ChargeRate:         [scheduler.NumPriorities]scheduler.Rate{1000, 500},
			MaxCharge:          time.Hour,
			PerLabelTaskLimits: map[string]int{"model": limit},
		}
	}
	config := &scheduler.Config{
		Accounts:          map[scheduler.AccountID]*scheduler.AccountConfig{"first": account(9)},
		RequestExpiration: time.Minute,
	}
	s, err := scheduler.NewWithConfig(aliasEpoch, config)
	check(err)
	clobber(config)
	second := account(2)
	balance := scheduler.Balance{100_000_000, 5}
	check(s.AddAccount("second", second, balance))
	clobber(second)
	clobber(&balance)

	add := func(id scheduler.RequestID, enqueued time.Time, base ...string) {
		t.Helper()
		baseSet, provSet := stringset.NewFromSlice(base...), stringset.NewFromSlice("p", "q")
		r := scheduler.NewTaskRequest(id, "second", provSet, baseSet, enqueued)
		clobber(baseSet)
		clobber(provSet)
		tags := []string{"t1", "t2"}
		check(s.AddRequest(r, aliasEpoch, tags, sink))
		clobber(r)
		clobber(tags)
	}
	idle := func(id scheduler.WorkerID, labels ...string) {
		t.Helper()
		set := stringset.NewFromSlice(labels...)
		check(s.MarkIdle(id, set, aliasEpoch, sink))
		clobber(set)
	}
	add("runs", aliasEpoch, "model:a")
	add("held", aliasEpoch, "model:b")
	idle("w1", "model:a", "p", "q")
	idle("w2", "model:b")
	idle("w3", "model:c")
	clobber(s.RunOnce(sink))
	check(s.NotifyTaskRunning("runs", "w1", aliasEpoch, sink))
	add("held", aliasEpoch.Add(1), "model:c") // kept for when it waits again
	add("waits", aliasEpoch.Add(2), "none")
	add("expires", aliasEpoch.Add(-time.Minute), "none")
	s.UpdateTime(aliasEpoch.Add(time.Second), sink)
	clobber(sink)
	return s
}

func TestNothingTakenIsShared(t *testing.T) {
	want := scrambledPool(t, func(any) {}).Hash()
	if got := scrambledPool(t, scramble.Everything).Hash(); got != want {
		t.Error("writing to what was passed to the scheduler, or to its events, changed its state")
	}
}

func TestNothingReturnedIsShared(t *testing.T) {
	s := scrambledPool(t, func(any) {})
	request, _ := s.Request("runs")
	worker, _ := s.Worker("w1")
	balance, _ := s.Balance("second")
	for _, view := range []struct {
		name  string
		value any
	}{
		{"Config", s.Config()},
		{"ToProto", s.ToProto()},
		{"Request", &request},
		{"Worker", &worker},
		{"Balance", &balance},
		{"Waiting", slices.Collect(s.Waiting())},
		{"Workers", slices.Collect(s.Workers())},
	} {
		before := s.Hash()
		scramble.Everything(view.value)
		if s.Hash() != before {
			t.Errorf("writing to what %s returned changed the state", view.name)
		}
	}
	for id, balance := range s.Balances() {
		before := s.Hash()
		scramble.Everything(&balance)
		if s.Hash() != before {
			t.Errorf("writing to the balance of %q changed the state", id)
		}
	}
	expired := s.TakeExpired()
	if len(expired) != 1 {
		t.Fatalf("expired are %q instead of one request", expired)
	}
	before := s.Hash()
	scramble.Everything(expired)
	if s.Hash() != before {
		t.Error("writing to what TakeExpired returned changed the state")
	}
}

func TestViewsAreNotSharedWithEachOther(t *testing.T) {
	s := scrambledPool(t, func(any) {})
	first, _ := s.Worker("w1")
	scramble.Everything(&first)
	second, _ := s.Worker("w1")
	if want := []string{"model:a", "p", "q"}; !slices.Equal(second.Labels, want) {
		t.Errorf("labels are %q instead of %q", second.Labels, want)
	}
	if second.Run == nil || second.Run.Request != "runs" {
		t.Errorf("the run is %+v", second.Run)
	}
}

func TestRestoredStateIsNotSharedWithItsSnapshot(t *testing.T) {
	for _, restore := range []func(*protos.Scheduler) (*scheduler.Scheduler, error){
		scheduler.Restore, scheduler.NewFromProto,
	} {
		p := scrambledPool(t, func(any) {}).ToProto()
		s, err := restore(p)
		if err != nil {
			t.Fatal(err)
		}
		before := s.Hash()
		scramble.Everything(p)
		if s.Hash() != before {
			t.Error("writing to a snapshot changed the scheduler that was restored from it")
		}
	}
}

func TestEventsAreNotSharedWithEachOther(t *testing.T) {
	s := scheduler.New(aliasEpoch)
	sink := &keptEvents{}
	r := scheduler.NewTaskRequest("r", "", nil, stringset.NewFromSlice("x"), aliasEpoch)
	if err := s.AddRequest(r, aliasEpoch, []string{"tag"}, sink); err != nil {
		t.Fatal(err)
	}
	if err := s.MarkIdle("w", stringset.NewFromSlice("x"), aliasEpoch, sink); err != nil {
		t.Fatal(err)
	}
	scramble.Everything(sink.events[0])
	s.RunOnce(sink)
	if got := sink.events[1]; !slices.Equal(got.BaseLabels, []string{"x"}) ||
		!slices.Equal(got.WorkerLabels, []string{"x"}) {
		t.Errorf("writing to one event changed the next: %v", got)
	}
}
