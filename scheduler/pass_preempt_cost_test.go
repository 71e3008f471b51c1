//go:build invariants

package scheduler_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/internal/touches"
	"github.com/quotasched/quotasched/scheduler"
)

// What waits and cannot run costs a pass nothing: the tests here count what passes look at that
// could preempt and find nothing they may take, in a small pool and in one that is much larger.

// vainPool is a pool whose workers all run a free task each.
type vainPool struct {
	*scheduler.Scheduler
	t   *testing.T
	now time.Time
}

func newVainPool(t *testing.T) *vainPool {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	return &vainPool{Scheduler: scheduler.New(now), t: t, now: now}
}

func (p *vainPool) step(d time.Duration) {
	p.now = p.now.Add(d)
	p.UpdateTime(p.now, nil)
}

// occupy adds n workers with a label, each of which is handed a task of an account at once.
func (p *vainPool) occupy(n int, label string, account scheduler.AccountID) {
	p.t.Helper()
	for i := range n {
		w := scheduler.WorkerID(fmt.Sprintf("w-%s-%05d", label, i))
		r := scheduler.RequestID(fmt.Sprintf("task-%s-%05d", label, i))
		require.NoError(p.t, p.MarkIdle(w, stringset.NewFromSlice(label), p.now, nil))
		require.NoError(p.t, p.AddRequest(&scheduler.TaskRequest{ID: r, Account: account,
			BaseLabels: []string{label}, EnqueueTime: p.now}, p.now, nil, nil))
	}
	assigned := p.RunOnce(nil)
	require.Len(p.t, assigned, n)
	for _, a := range assigned {
		require.NoError(p.t, p.MarkHandedOut(a.Request, a.Worker))
	}
}

// enqueue adds n requests of an account, each with label sets of its own.
func (p *vainPool) enqueue(n int, account scheduler.AccountID) {
	p.t.Helper()
	for i := range n {
		require.NoError(p.t, p.AddRequest(&scheduler.TaskRequest{
			ID: scheduler.RequestID(fmt.Sprintf("q%05d", i)), Account: account,
			ProvisionableLabels: []string{fmt.Sprintf("v:%d", i)}, EnqueueTime: p.now,
		}, p.now, nil, nil))
	}
}

// comeToRest runs passes until one decides nothing, and returns how many decisions there were.
func (p *vainPool) comeToRest() (decided int) {
	for {
		n := len(p.RunOnce(nil))
		if n == 0 {
			return decided
		}
		decided += n
	}
}

// pass counts what a pass touches, a second later.
func (p *vainPool) pass(decisions int) touches.Counts {
	p.t.Helper()
	p.step(time.Second)
	touches.Take()
	require.Len(p.t, p.RunOnce(nil), decisions)
	return touches.Take()
}

func (p *vainPool) addAccount(id scheduler.AccountID, c scheduler.AccountConfig, seconds float64) {
	p.t.Helper()
	require.NoError(p.t, p.AddAccount(id, &c,
		scheduler.Balance{scheduler.WorkerSeconds(seconds)}))
}

// Runs that are protected cost a pass nothing, however many there are.
func TestProtectedRunsAreNotWalked(t *testing.T) {
	pass := func(protected int) touches.Counts {
		p := newVainPool(t)
		p.occupy(protected, "old", "")
		p.step(time.Hour)
		p.occupy(1, "new", "")
		p.addAccount("a", scheduler.AccountConfig{}, 100*600)
		p.enqueue(10, "a")
		return p.pass(1)
	}
	few, many := pass(20), pass(2_000)
	require.LessOrEqual(t, many.Runs, few.Runs)
	require.LessOrEqual(t, many.Total(), few.Total()+few.Total()/2+50)
}

// An account whose label limits keep it from every worker costs a pass nothing, until a run of its
// own ends.
func TestFullLabelLimitsCostNothing(t *testing.T) {
	for _, size := range []struct{ runs, lanes int }{{20, 5}, {2_000, 200}} {
		p := newVainPool(t)
		p.occupy(size.runs, "gpu", "")
		p.addAccount("a", scheduler.AccountConfig{
			PerLabelTaskLimits: map[string]int{"gpu": 3}}, 100*600)
		p.enqueue(size.lanes, "a")
		require.Equal(t, 3, p.comeToRest(), "%+v", size)
		require.Zero(t, p.pass(0), "%+v", size)
		require.Zero(t, p.pass(0), "%+v", size)
		for r := range p.Workers() {
			if r.Run.Account == "a" {
				require.NoError(t, p.NotifyTaskAbsent(r.Run.Request, p.now, nil))
				break
			}
		}
		p.pass(1)
	}
}

// An account that can start runs but outranks none of those in its way costs a pass nothing, until
// it has more to spare.
func TestRunsThatAreNotOutrankedCostNothing(t *testing.T) {
	for _, size := range []struct{ runs, lanes int }{{20, 5}, {2_000, 200}} {
		p := newVainPool(t)
		p.addAccount("dear", scheduler.AccountConfig{}, 600*float64(size.runs+1))
		p.occupy(size.runs, "gpu", "dear")
		p.step(10 * time.Second)
		p.addAccount("dear", scheduler.AccountConfig{}, -700) // they go on as free tasks
		// The rate covers the run in part, so that it needs 540.
		p.addAccount("a", scheduler.AccountConfig{MaxCharge: 2 * time.Hour,
			ChargeRate: [scheduler.NumPriorities]scheduler.Rate{scheduler.Workers(0.1)}}, 545)
		p.enqueue(size.lanes, "a")
		require.Zero(t, p.comeToRest(), "%+v", size)
		require.Zero(t, p.pass(0), "%+v", size)
		require.Zero(t, p.pass(0), "%+v", size)
		p.step(time.Minute) // to spare are more than the 10 that each task has paid
		p.pass(1)
	}
}
