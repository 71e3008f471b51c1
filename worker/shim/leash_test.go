package shim

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// acts lets time pass up to a time, and returns what the task gets when.
func acts(l *leash, from, to time.Duration) (out []string) {
	now := from
	for {
		for a := l.due(now); a != actNone; a = l.due(now) {
			out = append(out, fmt.Sprintf("%v %s", now, []string{"", "signal", "kill"}[a]))
		}
		next := l.next()
		if next == 0 || next > to {
			return out
		}
		now = max(now, next)
	}
}

func TestSilenceEndsATaskAtItsDeadline(t *testing.T) {
	l := &leash{deadline: 60 * time.Second, margin: 10 * time.Second}
	require.Equal(t, []string{"50s signal", "1m0s kill", "1m0.02s kill"},
		acts(l, 0, 60*time.Second+20*time.Millisecond))
	require.Equal(t, reasonSilence, l.why)
}

func TestARenewedDeadlineMovesAndNeverBack(t *testing.T) {
	l := &leash{deadline: 60 * time.Second, margin: 10 * time.Second}
	l.renew(90*time.Second, 10*time.Second)
	l.renew(70*time.Second, 10*time.Second)
	require.Equal(t, 80*time.Second, l.next())
	forever := &leash{}
	forever.renew(90*time.Second, 10*time.Second)
	require.Zero(t, forever.next(), "a task that goes on when disconnected has no deadline")
}

func TestATimeoutStopsATaskAndLeavesItsGrace(t *testing.T) {
	l := &leash{timeoutAt: 10 * time.Second, grace: 3 * time.Second}
	require.Equal(t, []string{"10s signal", "13s kill"}, acts(l, 0, 13*time.Second))
	require.Equal(t, reasonTimeout, l.why)
}

func TestTheFirstReasonCountsAndGraceOnlyGetsShorter(t *testing.T) {
	l := &leash{}
	require.True(t, l.stop(time.Second, time.Minute, reasonOrdered))
	require.False(t, l.stop(2*time.Second, 5*time.Second, reasonOwn))
	require.False(t, l.stop(3*time.Second, time.Hour, reasonOrdered))
	require.Equal(t, []string{"7s kill"}, acts(l, 3*time.Second, 7*time.Second))
	require.Equal(t, reasonOrdered, l.why)
}

func TestGraceEndsAtTheDeadline(t *testing.T) {
	l := &leash{deadline: 60 * time.Second, margin: 10 * time.Second}
	l.stop(40*time.Second, time.Minute, reasonOrdered)
	require.Equal(t, []string{"1m0s kill"}, acts(l, 40*time.Second, 60*time.Second))
}

// Nomad's task runner: kill with back-off, up to 5 s, and a limit, after which the task is stuck.
func TestKillsAreRepeatedEverMoreRarelyUntilTheTaskIsStuck(t *testing.T) {
	l := &leash{}
	l.stop(0, 0, reasonOrdered)
	kills := acts(l, time.Second, 31*time.Second)
	require.Len(t, kills, 13) // 20 ms, 40 ms … 5 s, 5 s
	require.False(t, l.stuck(20*time.Second))
	require.True(t, l.stuck(21*time.Second))
}
