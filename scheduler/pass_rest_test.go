package scheduler

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// A pool in which nobody says anything and no balance moves is at rest after a pass that did
// nothing, until something comes to be owed; that a pass at rest would do nothing is checked by
// each pass under the tag invariants.
func TestAPoolIsAtRestUntilSomethingIsOwed(t *testing.T) {
	begin := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	c := &Config{OwedAfter: time.Minute}
	for p := range c.MaxLostWork {
		c.MaxLostWork[p] = time.Second
	}
	s, err := NewWithConfig(begin, c)
	require.NoError(t, err)
	at := func(after time.Duration) time.Time {
		s.UpdateTime(begin.Add(after), nil)
		return begin.Add(after)
	}
	rests := func(after time.Duration) bool {
		at(after)
		return s.atRest()
	}

	account := &AccountConfig{MaxCharge: time.Second}
	account.ChargeRate[0] = Workers(1)
	require.NoError(t, s.AddAccount("a", account, Balance{}))
	require.Empty(t, s.RunOnce(nil))
	require.False(t, rests(time.Millisecond), "a balance moves")
	at(time.Second)
	require.Empty(t, s.RunOnce(nil))
	require.True(t, rests(2*time.Second), "the bucket is full")

	require.NoError(t, s.MarkIdleWith("w", nil, begin, nil))
	require.False(t, s.atRest(), "a worker is idle")
	require.NoError(t, s.AddRequest(&TaskRequest{ID: "free", EnqueueTime: begin}, begin, nil, nil))
	require.Len(t, s.RunOnce(nil), 1)
	require.False(t, s.atRest(), "the pass has decided something")
	require.NoError(t, s.NotifyTaskRunning("free", "w", at(2*time.Second), nil))

	now := at(10 * time.Second) // by now the free task is safe
	require.NoError(t, s.AddRequest(&TaskRequest{ID: "r", Account: "a", EnqueueTime: now}, now, nil,
		nil))
	for range 3 {
		require.Empty(t, s.RunOnce(nil))
	}
	require.True(t, rests(69*time.Second), "all workers are busy, and what they run is safe")
	require.False(t, rests(70*time.Second), "the worker of a free task is owed to the request")
	require.Len(t, s.RunOnce(nil), 1)
}
