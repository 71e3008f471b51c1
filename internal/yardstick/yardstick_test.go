package yardstick

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// clockOf returns a clock by which each sample takes so long.
func clockOf(sample time.Duration) func() time.Duration {
	now := time.Duration(0)
	return func() time.Duration {
		now += sample * batch
		return now
	}
}

func TestThePaceIsTheMedian(t *testing.T) {
	y := New()
	sets, requests := len(y.sets), len(y.requests)
	require.Equal(t, stored, requests)
	for _, d := range []time.Duration{5 * Unit, Unit / 2, 3 * Unit} {
		y.sample(clockOf(d))
	}
	require.InDelta(t, 3.0, y.Pace(), 0.001)
	require.Len(t, y.sets, sets, "what came has gone")
	require.Len(t, y.requests, requests)
	y.Reset()
	y.Look(clockOf(Unit / 2))
	require.Len(t, y.samples, atOnce)
	y.Look(func() time.Duration { panic("this soon") })
	require.InDelta(t, 1.0, y.Pace(), 0.001, "a faster machine has no other bounds")
}
