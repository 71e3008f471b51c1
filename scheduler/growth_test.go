package scheduler_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/scheduler"
)

// What is timed here takes some milliseconds, and took seconds where it grew with a product of two
// numbers. The bounds are far from both, as a machine may be slow.

// A label finds its limits by its own text, not by a look at each limit: many limits on many labels
// cost as much as one.
func TestLabelLimitsAreLookedUp(t *testing.T) {
	const n = 15_000
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	run := func(keys int) time.Duration {
		limits, labels := map[string]int{}, stringset.New(n)
		for i := range n {
			if i < keys {
				limits[fmt.Sprintf("k%05d", i)] = 2
			}
			labels.Add(fmt.Sprintf("k%05d:v", i))
		}
		s := scheduler.New(begin)
		require.NoError(t, s.AddAccount("a", &scheduler.AccountConfig{PerLabelTaskLimits: limits},
			scheduler.Balance{}))
		require.NoError(t, s.MarkIdle("w", labels, begin, nil))
		require.NoError(t, s.AddRequest(&scheduler.TaskRequest{ID: "r", Account: "a",
			EnqueueTime: begin}, begin, nil, nil))
		start := time.Now()
		require.Len(t, s.RunOnce(nil), 1)
		snapshot := s.AppendSnapshot(nil)
		restored, err := scheduler.RestoreBytes(snapshot)
		took := time.Since(start)
		require.NoError(t, err)
		require.True(t, bytes.Equal(snapshot, restored.AppendSnapshot(nil)))
		return took
	}
	one, all := run(1), run(n)
	require.Less(t, all, 20*one+time.Second)
}

// Accounts that come in any order cost about as much as those that come in order.
func TestManyAccountsInRandomOrder(t *testing.T) {
	const n = 50_000 / slowdown
	add := func(order []int) time.Duration {
		s := scheduler.New(time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC))
		start := time.Now()
		for _, i := range order {
			check(t, s.AddAccount(scheduler.AccountID(fmt.Sprintf("a%06d", i)),
				&scheduler.AccountConfig{}, scheduler.Balance{}))
		}
		took := time.Since(start)
		next := 0
		for id := range s.Balances() {
			require.Equal(t, scheduler.AccountID(fmt.Sprintf("a%06d", next)), id)
			next++
		}
		require.Equal(t, n, next)
		return took
	}
	random := rand.New(rand.NewPCG(1, 1)).Perm(n)
	inOrder := add(slices.Sorted(slices.Values(random)))
	require.Less(t, add(random), 8*inOrder+500*time.Millisecond)
}
