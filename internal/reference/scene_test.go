package reference_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/internal/reference"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// scene is a machine with short names for what tests do to it.
type scene struct {
	t *testing.T
	m machine
	recorder
}

// onBoth runs a test on the reference and on the engine: what is worked out by hand holds for
// either.
func onBoth(t *testing.T, c *scheduler.Config, test func(s *scene)) {
	t.Run("reference", func(t *testing.T) {
		m, err := reference.NewWithConfig(begin, c)
		test((&scene{t: t, m: m}).check(err))
	})
	t.Run("engine", func(t *testing.T) {
		m, err := scheduler.NewWithConfig(begin, c)
		if err == nil && m.ToProto().GetRuleVersion() != scheduler.RuleVersion {
			t.Skip("the engine decides by other rules")
		}
		test((&scene{t: t, m: m}).check(err))
	})
}

func (s *scene) check(err error) *scene {
	s.t.Helper()
	if err != nil {
		s.t.Fatal(err)
	}
	return s
}

// at is so many seconds after the begin.
func at(seconds float64) time.Time {
	return begin.Add(time.Duration(seconds * float64(time.Second)))
}

func (s *scene) account(id scheduler.AccountID, c scheduler.AccountConfig, ws ...float64) {
	s.t.Helper()
	var b scheduler.Balance
	for p, n := range ws {
		b[p] = scheduler.WorkerSeconds(n)
	}
	s.check(s.m.AddAccount(id, &c, b))
}

func (s *scene) request(id scheduler.RequestID, account scheduler.AccountID, seconds float64,
	provisionable []string, base ...string) {
	s.t.Helper()
	r := scheduler.NewTaskRequest(id, account, stringset.NewFromSlice(provisionable...),
		stringset.NewFromSlice(base...), at(seconds))
	s.check(s.m.AddRequest(r, at(seconds), nil, &s.recorder))
}

func (s *scene) idle(id scheduler.WorkerID, seconds float64, labels ...string) {
	s.t.Helper()
	s.check(s.m.MarkIdle(id, stringset.NewFromSlice(labels...), at(seconds), &s.recorder))
}

func (s *scene) running(r scheduler.RequestID, w scheduler.WorkerID, seconds float64) {
	s.t.Helper()
	s.check(s.m.NotifyTaskRunning(r, w, at(seconds), &s.recorder))
}

// pass moves to a time and makes a pass, which must decide so: "request>worker@level", with
// "!request" behind it if that is to be aborted.
func (s *scene) pass(seconds float64, want ...string) {
	s.t.Helper()
	s.m.UpdateTime(at(seconds), &s.recorder)
	var got []string
	for _, a := range s.m.RunOnce(&s.recorder) {
		text := fmt.Sprintf("%s>%s@%v", a.Request, a.Worker, a.Priority)
		if a.Abort != "" {
			text += "!" + string(a.Abort)
		}
		got = append(got, text)
	}
	if !slices.Equal(got, want) {
		s.t.Fatalf("the pass at %v decides %q, want %q", seconds, got, want)
	}
}

// balance asserts what an account has, in worker-seconds.
func (s *scene) balance(id string, ws ...float64) {
	s.t.Helper()
	for _, a := range s.m.ToProto().GetAccounts() {
		if a.GetId() == id {
			for p, n := range ws {
				if got := a.GetBalance()[p]; got != int64(scheduler.WorkerSeconds(n)) {
					s.t.Fatalf("%s has %d at p%d, want %v worker-seconds", id, got, p, n)
				}
			}
			return
		}
	}
	s.t.Fatalf("there is no account %s", id)
}

// levels asserts at which level requests run, as "request@level".
func (s *scene) levels(want ...string) {
	s.t.Helper()
	var got []string
	for _, w := range s.m.ToProto().GetWorkers() {
		if w.GetRun() != nil {
			got = append(got, fmt.Sprintf("%s@%v", w.GetRun().GetRequest().GetId(),
				scheduler.Priority(w.GetRun().GetPriority())))
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		s.t.Fatalf("runs are %q, want %q", got, want)
	}
}

// lastEvent asserts the type of the newest event, and returns it.
func (s *scene) lastEvent(want protos.TaskEvent_Type) *protos.TaskEvent {
	s.t.Helper()
	if len(s.events) == 0 || s.events[len(s.events)-1].GetType() != want {
		s.t.Fatalf("events are %v, want %v last", s.events, want)
	}
	return s.events[len(s.events)-1]
}

func rates(workers ...float64) (r [scheduler.NumPriorities]scheduler.Rate) {
	for p, n := range workers {
		r[p] = scheduler.Workers(n)
	}
	return r
}
