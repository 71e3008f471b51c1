package worker

import (
	"fmt"
	"time"
)

const (
	// silencePauseMax bounds for how long no task is taken after one was lost by silence.
	silencePauseMax = 5 * time.Minute
	// silenceJitter is by what part of itself such a pause is longer or shorter at most.
	silenceJitter = 0.5
)

// silences make an agent wait that lost tasks because it did not hear the dispatcher in time. What
// kept it from hearing may last: a bad link, or a machine or dispatcher with too much to do. Then
// the next task would be lost as well, and starts of tasks are what there would be too much of.
//
// The first pause is as long as a lease's TTL, and each one that follows in a row is twice as long.
// A loss is in a row with the one before if it comes within a TTL, which silence takes, and another
// such pause after its end: so a worker pauses for about as long as its tasks live.
type silences struct {
	row   int // of losses
	pause time.Duration
	until time.Duration // no task is taken before; by the clock of the agent
}

// learn takes in that tasks were lost. chance is from 0 to 1.
func (s *silences) learn(now, ttl time.Duration, chance float64) {
	if s.row == 0 || now >= s.until+s.pause+ttl {
		s.row, s.pause = 0, ttl/2
	}
	s.row++
	s.pause = min(2*s.pause, silencePauseMax)
	s.until = now + time.Duration(float64(s.pause)*(1+silenceJitter*(2*chance-1)))
}

// last reports whether no task is to be taken yet.
func (s *silences) last(now time.Duration) bool { return now < s.until }

// refusal says so.
func (s *silences) refusal(now time.Duration) string {
	if !s.last(now) {
		return ""
	}
	return fmt.Sprintf("tasks were lost as the dispatcher was not heard in time (%d in a row)", s.row)
}
