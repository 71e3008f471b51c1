package scheduler_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/scheduler"
)

// Section D of the lessons: no input panics, and what ends in an error has changed nothing.

var (
	badIDs   = []string{"", "\xff", "half \xc3"}
	badTexts = []string{"\xff", "half \xc3"}
	badTimes = []time.Time{
		{},
		time.Unix(-1, 999_999_999),
		time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC),
		time.Unix(1<<62, 0),
		time.Unix(-1<<62, 0),
	}
)

// badCall is a call that must be refused.
type badCall struct {
	name string
	call func(s *scheduler.Scheduler, e scheduler.EventSink) error
}

// badCalls are all methods with all bad arguments, one at a time.
func badCalls() []badCall {
	var calls []badCall
	add := func(call func(*scheduler.Scheduler, scheduler.EventSink) error, format string,
		args ...any) {
		calls = append(calls, badCall{fmt.Sprintf(format, args...), call})
	}
	for _, id := range badIDs {
		addBadIDs(add, id)
	}
	for _, text := range badTexts {
		addBadTexts(add, text)
	}
	for _, at := range badTimes {
		addBadTimes(add, at)
	}
	add(func(s *scheduler.Scheduler, e scheduler.EventSink) error {
		return s.AddRequest(nil, aliasEpoch, nil, e)
	}, "AddRequest(nil)")
	add(func(s *scheduler.Scheduler, _ scheduler.EventSink) error {
		return s.AddAccount("a", nil, scheduler.Balance{})
	}, "AddAccount(nil)")
	return calls
}

type addCall = func(call func(*scheduler.Scheduler, scheduler.EventSink) error, format string,
	args ...any)

func addBadIDs(add addCall, id string) {
	request, worker := scheduler.RequestID(id), scheduler.WorkerID(id)
	account := scheduler.AccountID(id)
	type sched = *scheduler.Scheduler
	type sink = scheduler.EventSink
	add(func(s sched, _ sink) error {
		return s.AddAccount(account, &scheduler.AccountConfig{}, scheduler.Balance{})
	}, "AddAccount(%q)", id)
	add(func(s sched, _ sink) error { return s.DeleteAccount(account) }, "DeleteAccount(%q)", id)
	add(func(s sched, _ sink) error { return s.ResetBalance(account) }, "ResetBalance(%q)", id)
	add(func(s sched, e sink) error {
		return s.AddRequest(newRequest(request), aliasEpoch, nil, e)
	}, "AddRequest(%q)", id)
	add(func(s sched, e sink) error {
		return s.MarkIdle(worker, nil, aliasEpoch, e)
	}, "MarkIdle(%q)", id)
	add(func(s sched, e sink) error {
		return s.NotifyTaskRunning(request, "w1", aliasEpoch, e)
	}, "NotifyTaskRunning(%q, w1)", id)
	add(func(s sched, e sink) error {
		return s.NotifyTaskRunning("runs", worker, aliasEpoch, e)
	}, "NotifyTaskRunning(runs, %q)", id)
	add(func(s sched, e sink) error {
		return s.NotifyTaskAbsent(request, aliasEpoch, e)
	}, "NotifyTaskAbsent(%q)", id)
	add(func(s sched, e sink) error {
		return s.Unassign(request, "w1", aliasEpoch, e)
	}, "Unassign(%q, w1)", id)
	add(func(s sched, e sink) error {
		return s.Unassign("runs", worker, aliasEpoch, e)
	}, "Unassign(runs, %q)", id)
	add(func(s sched, _ sink) error {
		return s.MarkHandedOut(request, "w1")
	}, "MarkHandedOut(%q, w1)", id)
	add(func(s sched, _ sink) error {
		return s.MarkHandedOut("runs", worker)
	}, "MarkHandedOut(runs, %q)", id)
	add(func(s sched, _ sink) error { return s.Block(request) }, "Block(%q)", id)
	add(func(s sched, _ sink) error { return s.Unblock(request) }, "Unblock(%q)", id)
}

func addBadTexts(add addCall, text string) {
	set := stringset.NewFromSlice("fine", text)
	type sched = *scheduler.Scheduler
	type sink = scheduler.EventSink
	for name, r := range map[string]*scheduler.TaskRequest{ // the order is free: each is a case
		"account": scheduler.NewTaskRequest("new", scheduler.AccountID(text), nil, nil, aliasEpoch),
		"base":    scheduler.NewTaskRequest("new", "", nil, set, aliasEpoch),
		"prov":    scheduler.NewTaskRequest("new", "", set, nil, aliasEpoch),
	} {
		add(func(s sched, e sink) error {
			return s.AddRequest(r, aliasEpoch, nil, e)
		}, "AddRequest with %s %q", name, text)
	}
	add(func(s sched, e sink) error {
		return s.AddRequest(newRequest("new"), aliasEpoch, []string{"fine", text}, e)
	}, "AddRequest with tag %q", text)
	add(func(s sched, e sink) error {
		return s.MarkIdle("w9", set, aliasEpoch, e)
	}, "MarkIdle with label %q", text)
	add(func(s sched, _ sink) error {
		return s.AddAccount("a", &scheduler.AccountConfig{Description: text}, scheduler.Balance{})
	}, "AddAccount with description %q", text)
	add(func(s sched, _ sink) error {
		limits := map[string]int{text: 1}
		return s.AddAccount("a", &scheduler.AccountConfig{PerLabelTaskLimits: limits},
			scheduler.Balance{})
	}, "AddAccount with limit %q", text)
}

func addBadTimes(add addCall, at time.Time) {
	type sched = *scheduler.Scheduler
	type sink = scheduler.EventSink
	add(func(s sched, e sink) error {
		return s.AddRequest(newRequest("new"), at, nil, e)
	}, "AddRequest at %v", at)
	add(func(s sched, e sink) error {
		r := newRequest("new")
		r.EnqueueTime = at
		return s.AddRequest(r, aliasEpoch, nil, e)
	}, "AddRequest enqueued at %v", at)
	add(func(s sched, e sink) error { return s.MarkIdle("w9", nil, at, e) }, "MarkIdle at %v", at)
	add(func(s sched, e sink) error {
		return s.NotifyTaskRunning("waits", "w9", at, e)
	}, "NotifyTaskRunning at %v", at)
	add(func(s sched, e sink) error {
		return s.NotifyTaskAbsent("waits", at, e)
	}, "NotifyTaskAbsent at %v", at)
	add(func(s sched, e sink) error {
		return s.Unassign("runs", "w1", at, e)
	}, "Unassign at %v", at)
}

func newRequest(id scheduler.RequestID) *scheduler.TaskRequest {
	return scheduler.NewTaskRequest(id, "", nil, nil, aliasEpoch)
}

func TestBadCallsChangeNothing(t *testing.T) {
	s := scrambledPool(t, func(any) {})
	before := s.Hash()
	for _, c := range badCalls() {
		t.Run(c.name, func(t *testing.T) {
			sink := &keptEvents{}
			err := c.call(s, sink)
			if err == nil {
				t.Error("no error")
			}
			if !isKindOfError(err) {
				t.Errorf("%v is none of the kinds of bad operation", err)
			}
			if s.Hash() != before {
				t.Fatalf("the state changed, and then: %v", err)
			}
			if len(sink.events) > 0 {
				t.Errorf("there were events: %v", sink.events)
			}
		})
	}
}

func isKindOfError(err error) bool {
	for _, kind := range []error{
		scheduler.ErrInvalid, scheduler.ErrInvalidConfig, scheduler.ErrUnknownAccount,
		scheduler.ErrUnknownRequest, scheduler.ErrNotAssigned,
	} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

func TestBadTimesDoNotUpdate(t *testing.T) {
	s := scrambledPool(t, func(any) {})
	before := s.Hash()
	for _, at := range badTimes {
		s.UpdateTime(at, nil)
		if s.Hash() != before {
			t.Fatalf("UpdateTime(%v) changed the state", at)
		}
	}
}

func TestBadTimesMakeNoScheduler(t *testing.T) {
	for _, at := range badTimes {
		if _, err := scheduler.NewWithConfig(at, &scheduler.Config{}); err == nil {
			t.Errorf("NewWithConfig(%v) is no error", at)
		}
	}
	if _, err := scheduler.NewWithConfig(aliasEpoch, nil); err == nil {
		t.Error("NewWithConfig with nil settings is no error")
	}
	nilAccount := map[scheduler.AccountID]*scheduler.AccountConfig{"a": nil}
	_, err := scheduler.NewWithConfig(aliasEpoch, &scheduler.Config{Accounts: nilAccount})
	if err == nil {
		t.Error("NewWithConfig with a nil account is no error")
	}
}

// TestNilSinksAndSets shows that nil stands for no sink and for the empty set.
func TestNilSinksAndSets(t *testing.T) {
	s := scheduler.New(aliasEpoch)
	r := scheduler.NewTaskRequest("r", "", nil, nil, aliasEpoch)
	for name, err := range map[string]error{ // one after the other, in the order of this list
		"AddRequest": s.AddRequest(r, aliasEpoch, nil, nil),
		"MarkIdle":   s.MarkIdle("w", nil, aliasEpoch, nil),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	s.UpdateTime(aliasEpoch.Add(time.Second), nil)
	if got := s.RunOnce(nil); len(got) != 1 {
		t.Fatalf("assignments are %v", got)
	}
	for name, err := range map[string]error{
		"Unassign":          s.Unassign("r", "w", aliasEpoch, nil),
		"NotifyTaskRunning": s.NotifyTaskRunning("r", "w", aliasEpoch.Add(time.Second), nil),
		"NotifyTaskAbsent":  s.NotifyTaskAbsent("r", aliasEpoch.Add(time.Second), nil),
	} {
		if err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, ok := s.Request("r"); ok {
		t.Error("the request did not leave")
	}
	if s.TakeExpired() != nil {
		t.Error("something expired")
	}
}
