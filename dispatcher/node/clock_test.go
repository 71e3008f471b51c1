package node

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestClockIsSlewed(t *testing.T) {
	for name, c := range map[string]struct {
		passed     time.Duration // on the monotonic clock
		wall, want time.Duration // after noon
	}{
		"true":          {5 * time.Second, 5 * time.Second, 5 * time.Second},
		"an hour ahead": {5 * time.Second, time.Hour, 5500 * time.Millisecond},
		"an hour back":  {5 * time.Second, -time.Hour, 4500 * time.Millisecond},
		"a bit ahead":   {5 * time.Second, 5200 * time.Millisecond, 5200 * time.Millisecond},
		"no time":       {0, time.Hour, 0},
	} {
		t.Run(name, func(t *testing.T) {
			var clock replicatedClock
			clock.start(noon, 7*time.Minute, noon)
			got := clock.now(7*time.Minute+c.passed, noon.Add(c.wall))
			require.Equal(t, noon.Add(c.want), got)
		})
	}
}

func TestClockStartsAtTheWallClockWithoutEntries(t *testing.T) {
	var clock replicatedClock
	clock.start(time.Time{}, 0, noon)
	require.Equal(t, noon, clock.now(0, noon))
}

func TestClockNeverGoesBackNorRuns(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var clock replicatedClock
		clock.start(noon, 0, noon)
		mono, last := time.Duration(0), noon
		for range rapid.IntRange(1, 50).Draw(t, "steps") {
			passed := time.Duration(rapid.Int64Range(0, int64(time.Minute)).Draw(t, "passed"))
			off := time.Duration(rapid.Int64Range(-1e13, 1e13).Draw(t, "off"))
			mono += passed
			now := clock.now(mono, noon.Add(mono+off))
			moved := now.Sub(last)
			require.GreaterOrEqual(t, moved, passed-passed/slewPart)
			require.LessOrEqual(t, moved, passed+passed/slewPart)
			last = now
		}
		// With a true wall clock it becomes true: the rest of the way is at most ten times as long.
		for off := noon.Add(mono).Sub(last).Abs(); off > 0; {
			mono += off + 10
			now := clock.now(mono, noon.Add(mono))
			left := noon.Add(mono).Sub(now).Abs()
			require.Less(t, left, off)
			off = left
		}
	})
}

func TestMedianOffset(t *testing.T) {
	_, ok := medianOffset(nil)
	require.False(t, ok)
	for _, c := range []struct {
		ahead []time.Duration
		want  time.Duration
	}{
		{[]time.Duration{5}, 5},
		{[]time.Duration{-9, 2}, 2}, // one of two peers is wrong: not this node
		{[]time.Duration{9, 8}, 8},
		{[]time.Duration{100, -5, 3}, 3},
	} {
		got, ok := medianOffset(c.ahead)
		require.True(t, ok)
		require.Equal(t, c.want, got)
	}
}
