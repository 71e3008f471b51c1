package reference_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/internal/reference"
	"github.com/quotasched/quotasched/scheduler"
)

// TestManyWorkerClassesAgree is about what the engine keeps of demands only where there are many
// worker classes: all workers are busy, nearly no two have the same labels, some come and go, and
// accounts that save up preempt one task after the other with what has waited for long.
func TestManyWorkerClassesAgree(t *testing.T) {
	const workers, waiting, rounds = 260, 250, 80
	naive, engine := reference.New(begin), scheduler.New(begin)
	both := func(f func(machine) error) {
		require.NoError(t, f(naive))
		require.NoError(t, f(engine))
	}
	d, now := newSeededDice(1), begin
	labels := dimension("dim", 40)
	some := func(n int) (set []string) {
		for range n {
			set = append(set, pick(d, labels...))
		}
		return set
	}
	next := 0
	request := func(account scheduler.AccountID, base []string) *scheduler.TaskRequest {
		next++
		return &scheduler.TaskRequest{ID: scheduler.RequestID(fmt.Sprint("r", next)),
			Account: account, BaseLabels: base, EnqueueTime: now}
	}
	account := func() scheduler.AccountID { return scheduler.AccountID(fmt.Sprint("a", d.roll(4))) }
	add := func(n int, account func() scheduler.AccountID, base func() []string) {
		for range n {
			r := request(account(), base())
			both(func(m machine) error { return m.AddRequest(r, now, nil, nil) })
		}
	}
	idle := func(w int) {
		id, set := scheduler.WorkerID(fmt.Sprint("w", w)), stringset.NewFromSlice(some(12)...)
		both(func(m machine) error { return m.MarkIdle(id, set, now, nil) })
	}
	preempted, started := 0, []scheduler.RequestID(nil)
	pass := func() {
		want, got := naive.RunOnce(nil), engine.RunOnce(nil)
		require.Len(t, got, len(want))
		for i, a := range want {
			require.Equal(t, a, got[i])
			both(func(m machine) error { return m.NotifyTaskRunning(a.Request, a.Worker, now, nil) })
			started = append(started, a.Request)
			if a.Type == scheduler.AssignmentPreemptWorker {
				preempted++
			}
		}
	}
	for a := range 4 {
		c := &scheduler.AccountConfig{MaxCharge: 10 * time.Second, DisableFreeTasks: true}
		for p := range c.ChargeRate {
			c.ChargeRate[p] = scheduler.Rate(500 * (a + p + 1))
		}
		id := scheduler.AccountID(fmt.Sprint("a", a))
		both(func(m machine) error { return m.AddAccount(id, c, scheduler.Balance{}) })
	}
	for w := range workers {
		idle(w)
	}
	free := func() scheduler.AccountID { return "free" }
	add(workers, free, func() []string { return nil })
	pass()
	four := func() []string { return some(4) }
	add(waiting, account, four)
	for round := range rounds {
		now = now.Add(time.Second)
		naive.UpdateTime(now, nil)
		engine.UpdateTime(now, nil)
		add(3, account, four)
		add(8, free, func() []string { return nil })
		for _, r := range started[max(0, len(started)-6):] {
			both(func(m machine) error { return m.NotifyTaskAbsent(r, now, nil) })
		}
		gone := scheduler.WorkerID(fmt.Sprint("w", d.roll(workers)))
		both(func(m machine) error { return m.NotifyWorkerGone(gone, now, nil) })
		for i := range 8 {
			idle(workers + 8*round + i)
		}
		pass()
	}
	require.Greater(t, preempted, rounds/3)
	require.Equal(t, naive.Hash(), engine.Hash())
}
