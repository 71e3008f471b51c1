package reference_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"go.chromium.org/luci/common/data/stringset"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// amountsOfTiny is up to which amount all are tried in a tiny state, where nothing differs by more.
const amountsOfTiny = 25

// TestExplainFindsTheSmallest asks about every request in states with amounts of a few units, where
// all smaller changes can be tried, unit by unit.
func TestExplainFindsTheSmallest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		snapshot := tinyState(t, rapidDice{t})
		s, err := scheduler.Restore(snapshot)
		if err != nil {
			t.Fatalf("%v\n%v", err, snapshot)
		}
		before := s.Hash()
		for _, r := range snapshot.GetWaitingRequests() {
			a := answer{t: t, snapshot: snapshot, id: scheduler.RequestID(r.GetId()),
				journal: snapshot}
			if a.e, err = s.Explain(a.id); err != nil {
				t.Fatalf("%v", err)
			}
			a.checkWaiting()
			a.everyAmount()
		}
		if s.Hash() != before {
			t.Fatalf("explaining changes the state")
		}
	})
}

// everyAmount tries each amount below those suggested.
func (a *answer) everyAmount() {
	a.t.Helper()
	if a.e.GetVerdict() == protos.Explanation_VERDICT_STARTS || !a.e.GetAccountExists() {
		return
	}
	for level := range int32(scheduler.NumPriorities) {
		limit := int64(amountsOfTiny)
		if best := suggested(a, func(c *protos.Change) *protos.BalanceChange {
			if c.GetBalance().GetLevel() != level {
				return nil
			}
			return c.GetBalance()
		}); best != nil {
			limit = best.GetAmount()
		}
		for x := int64(1); x < limit; x++ {
			a.none(&protos.Change{Kind: &protos.Change_Balance{
				Balance: &protos.BalanceChange{Level: level, Amount: x}}})
		}
	}
}

// tinyState draws a state whose balances, costs, covers and thresholds are a few units.
func tinyState(t failer, d dice) *protos.Scheduler {
	t.Helper()
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%v", err)
		}
	}
	s, err := scheduler.NewWithConfig(begin, &scheduler.Config{
		DisablePreemption: chance(d, 10),
		BurstCover:        pick(d, time.Millisecond, -1, 2*time.Millisecond),
		PromoteThreshold:  scheduler.Quota(between(d, 1, 4)),
		DemoteThreshold:   scheduler.Quota(-between(d, 1, 4)),
	})
	must(err)
	accounts := between(d, 1, 3)
	for i := range accounts {
		poor := chance(d, 30)
		c := &scheduler.AccountConfig{DisableFreeTasks: chance(d, 40), MaxFanout: pick(d, 0, 0, 1, 2),
			MaxCharge: time.Hour, PerLabelTaskLimits: map[string]int{"x": pick(d, 0, 0, 1, 2)}}
		var b scheduler.Balance
		for p := range b {
			// A task beyond such a rate is a few milli-workers beyond it.
			if !poor {
				c.ChargeRate[p] = scheduler.Rate(pick(d, 0, 0, 998, 999, 1000, 1997, 1999))
				b[p] = scheduler.Quota(between(d, -4, 4))
			}
		}
		must(s.AddAccount(scheduler.AccountID(fmt.Sprintf("a%d", i)), c, b))
	}
	if chance(d, 5) {
		must(s.SuspendAccount("a0", scheduler.Order{Time: begin}, nil))
	}
	add := func(id string) {
		r := scheduler.NewTaskRequest(scheduler.RequestID(id),
			scheduler.AccountID(fmt.Sprintf("a%d", d.roll(accounts+1))),
			stringset.NewFromSlice(pick(d, []string{}, []string{"v"})...),
			stringset.NewFromSlice(pick(d, []string{}, []string{"x:1"}, []string{"y"})...),
			begin.Add(-time.Duration(d.roll(4))*time.Second))
		must(s.AddRequest(r, begin, nil, nil))
	}
	for i := range between(d, 1, 5) {
		w := scheduler.WorkerID(fmt.Sprintf("w%d", i))
		must(s.MarkIdle(w, stringset.NewFromSlice(pick(d, []string{"x:1"}, []string{"y"},
			[]string{"x:1", "y", "v"}, []string{"x:2", "y"})...), begin, nil))
		if chance(d, 60) {
			id := fmt.Sprintf("run%d", i)
			add(id)
			must(s.NotifyTaskRunning(scheduler.RequestID(id), w, begin, nil))
		}
	}
	for i := range 5 {
		if chance(d, 7) { // known or not
			must(s.CordonWorker(scheduler.WorkerID(fmt.Sprintf("w%d", i)),
				scheduler.Order{Time: begin}, nil))
		}
	}
	for i := range between(d, 1, 5) {
		id := fmt.Sprintf("r%d", i)
		add(id)
		if chance(d, 5) {
			must(s.Block(scheduler.RequestID(id)))
		}
	}
	return spread(d, s.ToProto())
}

// spread puts the tasks of a state at random levels, with random costs.
func spread(d dice, p *protos.Scheduler) *protos.Scheduler {
	exists := func(number uint32) bool {
		return slices.ContainsFunc(p.GetAccounts(), func(a *protos.Account) bool {
			return a.GetId() == p.GetAccountIds()[number-1]
		})
	}
	cordoned := map[string]bool{}
	for _, c := range p.GetCordons() {
		cordoned[c.GetWorkerId()] = true
	}
	for _, w := range p.GetWorkers() {
		r := w.GetRun()
		if r == nil || !exists(r.GetRequest().GetContent().GetAccount()) {
			continue
		}
		r.Priority = int32(d.roll(6))
		if chance(d, 50) && !cordoned[w.GetId()] { // for which nothing is held
			r.Stage, r.HandOutTime = protos.Stage_STAGE_HELD, nil
		}
		for q := range r.Cost {
			r.Cost[q] = int64(pick(d, 0, 0, 1, 2, 3))
		}
	}
	return p
}
