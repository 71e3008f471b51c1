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

// Runs that are protected cost a pass nothing, however many there are.
func TestProtectedRunsAreNotWalked(t *testing.T) {
	few, many := passOverProtected(t, 20), passOverProtected(t, 2_000)
	require.LessOrEqual(t, many.Runs, few.Runs)
	require.LessOrEqual(t, many.Total(), few.Total()+few.Total()/2+50)
}

// passOverProtected counts what a pass touches that finds nothing to preempt but runs that have much
// at stake, and one that has not.
func passOverProtected(t *testing.T, protected int) touches.Counts {
	t.Helper()
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	s := scheduler.New(begin)
	for i := range protected + 1 {
		w, r := fmt.Sprintf("w%05d", i), fmt.Sprintf("r%05d", i)
		now := begin
		if i == protected {
			now = begin.Add(time.Hour)
			s.UpdateTime(now, nil)
		}
		require.NoError(t, s.MarkIdle(scheduler.WorkerID(w), stringset.New(0), now, nil))
		require.NoError(t, s.AddRequest(&scheduler.TaskRequest{ID: scheduler.RequestID(r),
			EnqueueTime: now}, now, nil, nil))
		for _, a := range s.RunOnce(nil) {
			require.NoError(t, s.MarkHandedOut(a.Request, a.Worker))
		}
	}
	require.NoError(t, s.AddAccount("a", &scheduler.AccountConfig{},
		scheduler.Balance{100 * 600_000_000}))
	for i := range 10 {
		require.NoError(t, s.AddRequest(&scheduler.TaskRequest{
			ID: scheduler.RequestID(fmt.Sprintf("q%d", i)), Account: "a",
			EnqueueTime: begin.Add(time.Hour)}, begin.Add(time.Hour), nil, nil))
	}
	touches.Take()
	require.Len(t, s.RunOnce(nil), 1)
	return touches.Take()
}
