package worker

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Pauses after losses by silence grow while losses follow each other, to a bound, and begin anew
// when tasks have lived for as long as the last one.
func TestPausesAfterSilence(t *testing.T) {
	const ttl = time.Minute
	var s silences
	require.Empty(t, s.refusal(0))
	now := time.Hour
	for n, pause := range []time.Duration{1, 2, 4, 5, 5} {
		s.learn(now, ttl, 0.5)
		end := now + pause*time.Minute
		require.Contains(t, s.refusal(end-1), "in time ("+string(rune('1'+n))+" in a row)")
		require.Empty(t, s.refusal(end))
		now = end + pause*time.Minute + ttl - 1
	}
	s.learn(now+1, ttl, 0.5)
	require.Equal(t, now+1+time.Minute, s.until)

	// Agents that lose their tasks at once come back one by one.
	var early, late silences
	early.learn(now, ttl, 0)
	late.learn(now, ttl, 1)
	require.Equal(t, now+30*time.Second, early.until)
	require.Equal(t, now+90*time.Second, late.until)
}
