package node

import (
	"slices"
	"time"
)

// A replicatedClock makes the times of entries. It starts from the newest entry's time, advances by
// the leader's monotonic clock, and is slewed towards the leader's wall clock by at most a tenth of
// what has passed: a wall clock that is an hour ahead for five seconds moves it by half a second,
// not by an hour, and one that is behind never makes it go back. A zero one is ready for start.
type replicatedClock struct {
	time time.Time     // the newest time that it made
	mono time.Duration // the monotonic clock then
}

// slewPart is which part of the passed time a clock may be slewed by.
const slewPart = 10

// start makes the clock go on from the newest entry's time, which was applied when the monotonic
// clock was at mono. The zero time means that there is no entry: it starts at the wall clock.
func (c *replicatedClock) start(newest time.Time, mono time.Duration, wall time.Time) {
	c.time, c.mono = newest, mono
	if newest.IsZero() {
		c.time = wall
	}
}

// now returns the time of an entry that is proposed when the monotonic clock is at mono. It never
// goes back, and moves by 0.9 to 1.1 of what has passed on the monotonic clock.
func (c *replicatedClock) now(mono time.Duration, wall time.Time) time.Time {
	passed := max(0, mono-c.mono)
	next := c.time.Add(passed)
	slew := min(max(wall.Sub(next), -passed/slewPart), passed/slewPart)
	c.time, c.mono = next.Add(slew), max(c.mono, mono)
	return c.time
}

// medianOffset returns how far the wall clocks of peers are ahead of this node's, as their median;
// of an even number the one that is nearer to zero. ok is false without peers.
func medianOffset(ahead []time.Duration) (offset time.Duration, ok bool) {
	if len(ahead) == 0 {
		return 0, false
	}
	sorted := slices.Sorted(slices.Values(ahead))
	low, high := sorted[(len(sorted)-1)/2], sorted[len(sorted)/2]
	if high.Abs() < low.Abs() {
		return high, true
	}
	return low, true
}
