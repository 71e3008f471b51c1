package plan_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/history"
	"github.com/quotasched/quotasched/internal/recording"
	"github.com/quotasched/quotasched/plan"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/scheduler"
)

// Whatever a pool was told, with sense or without, there is a plan from any step on; and without a
// change it is empty.
func TestAnyRecordGivesAPlan(t *testing.T) {
	plans, changed := 0, 0
	rapid.Check(t, func(t *rapid.T) {
		p, err := pool.New(monday, &scheduler.Config{RequestExpiration: 20 * time.Minute,
			Accounts: map[scheduler.AccountID]*scheduler.AccountConfig{"a": {MaxCharge: time.Hour,
				ChargeRate: [scheduler.NumPriorities]scheduler.Rate{1000}}}})
		if err != nil {
			t.Fatal(err)
		}
		recorder, err := history.New(p.Snapshot())
		if err != nil {
			t.Fatal(err)
		}
		operations := recording.Operations(t, monday)
		steps := rapid.IntRange(0, len(operations)-1).Draw(t, "steps")
		in := &plan.Input{Steps: int64(steps)}
		for i, op := range operations {
			if i == steps {
				in.Snapshot = p.Snapshot()
				in.Old = plan.Settings{Name: "old", Config: p.Scheduler().Config()}
				in.New = plan.Settings{Name: "new", Config: p.Scheduler().Config()}
			}
			outcome, _ := p.Step(context.Background(), op)
			recorder.Step(op, outcome)
		}
		in.History = recorder.History()
		same, err := plan.Make(context.Background(), in)
		if errors.Is(err, plan.ErrNothing) {
			return
		}
		if err != nil {
			t.Fatalf("from step %d: %v", steps, err)
		}
		plans++
		if len(same.Differences) > 0 || !same.OldAsRecorded {
			t.Errorf("without a change: %+v", same.Differences)
		}
		for _, a := range in.New.Config.Accounts {
			a.ChargeRate, a.DisableFreeTasks = [scheduler.NumPriorities]scheduler.Rate{}, true
		}
		in.New.Config.DisablePreemption = true
		other, err := plan.Make(context.Background(), in)
		if err != nil {
			t.Fatalf("from step %d, with a change: %v", steps, err)
		}
		if len(other.Differences) > 0 {
			changed++
		}
	})
	if plans < 50 || changed < 5 {
		t.Errorf("only %d plans, of which %d changed anything", plans, changed)
	}
}
