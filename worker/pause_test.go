package worker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// ECS's task handler: back-off from 1 s to 30 s, each pause 1.3 times as long as the one before, with
// a jitter of 0.2, so that a fleet does not march in step.
func TestPausesGrowAndDiffer(t *testing.T) {
	const ttlHalf = time.Minute
	require.Equal(t, time.Second, pause(0, ttlHalf, 0.5))
	require.Equal(t, 1300*time.Millisecond, pause(1, ttlHalf, 0.5))
	require.Equal(t, 1690*time.Millisecond, pause(2, ttlHalf, 0.5))
	require.Equal(t, 30*time.Second, pause(20, ttlHalf, 0.5))
	require.Equal(t, 24*time.Second, pause(1000, ttlHalf, 0))
	require.Equal(t, 36*time.Second, pause(1000, ttlHalf, 1))
	// With a short TTL there is time for several tries before tasks are stopped.
	require.Equal(t, 125*time.Millisecond, pause(0, time.Second, 0.5))
	require.Equal(t, time.Second, pause(1000, time.Second, 0.5))
}
