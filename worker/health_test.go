package worker_test

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/worker"
)

// A sick worker takes no work, and says why.
func TestChecksKeepTasksAway(t *testing.T) {
	var charged atomic.Bool
	play(t, func(s *stage) {
		s.config.Checks = []worker.Check{{Name: "battery", Run: func(context.Context) error {
			if !charged.Load() {
				return errors.New("the battery is flat")
			}
			return nil
		}}}
	}, func(s *stage) {
		require.False(s, s.newest().GetAcceptsWork())
		require.Equal(s, "hook battery, check: the battery is flat", s.newest().GetRefusal())
		charged.Store(true)
		s.wait(11 * time.Second)
		require.True(s, s.newest().GetAcceptsWork())
	})
}

// A sick worker: quarantine after K failures in a row.
func TestAMachineOnWhichNothingStartsIsInQuarantine(t *testing.T) {
	broken := func(_ context.Context, r *dispatch.Run) error {
		if r.GetTask().GetExec().GetCommand()[1] == "1h" {
			return errors.New("no network")
		}
		return nil
	}
	play(t, func(s *stage) {
		s.config.Hooks = []worker.Hook{{Name: "broken", Prestart: broken}}
	}, func(s *stage) {
		for n := range 5 { // what can start nowhere says nothing of the machine
			id := fmt.Sprintf("bad%d/1", n)
			s.give(id, 0, simulate("forever", "0"))
			s.wait(time.Second)
			require.Equal(s, `REJECTED: "forever" is not a duration such as 10m`, s.fake.end(id))
			require.True(s, s.result(id).GetPermanent())
		}
		for _, id := range []string{"a/1", "b/1", "c/1"} {
			require.True(s, s.newest().GetAcceptsWork())
			s.give(id, 0, simulate("1h", "0"))
			s.wait(time.Second)
			require.Equal(s, "REJECTED: hook broken, prestart: no network", s.fake.end(id))
		}
		require.Equal(s, "3 tasks in a row did not start", s.newest().GetRefusal())
		s.wait(5*time.Minute + 10*time.Second)
		require.True(s, s.newest().GetAcceptsWork())
		s.give("d/1", 0, simulate("1h", "0"))
		s.wait(time.Second)
		require.False(s, s.newest().GetAcceptsWork(), "one more begins the next quarantine")
	})
}

// A machine that has slept counts the time of its sleep: a task whose deadline passed meanwhile is
// stopped when it wakes, one that was renewed goes on, and the dispatcher hears of it at once.
func TestAMachineThatHasSleptStopsWhatIsOverdue(t *testing.T) {
	for _, c := range []struct {
		slept time.Duration
		want  string
	}{{10 * time.Second, ""}, {time.Hour, "LOST"}} {
		var slept atomic.Int64
		play(t, func(s *stage) {
			awake := s.config.Clock
			s.config.Clock = func() time.Duration { return awake() + time.Duration(slept.Load()) }
			s.config.Asleep = func() time.Duration { return time.Duration(slept.Load()) }
			s.config.Driver.(*worker.Simulated).Clock = s.config.Clock
		}, func(s *stage) {
			s.give("a/1", 0, simulate("10h", "0"))
			s.wait(ttl + ttl/10)
			before := s.said()
			slept.Store(int64(c.slept))
			s.wait(11 * time.Second)
			require.Greater(s, s.said(), before)
			require.Equal(s, c.want, s.fake.end("a/1"))
			s.stop("a/1", 0)
		})
	}
}
