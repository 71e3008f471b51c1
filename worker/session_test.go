package worker_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/worker"
)

// SwarmKit's sessions: a lost one is made anew, and all statuses are sent in it.
func TestABrokenConnectionIsMadeAnewAndAllIsSaidAgain(t *testing.T) {
	play(t, nil, func(s *stage) {
		s.give("a/1", 0, simulate("1h", "0"))
		s.wait(time.Second)
		s.setCut(true)
		s.wait(20 * time.Second)
		s.mu.Lock()
		dials := s.dials
		s.mu.Unlock()
		require.Greater(s, dials, 5)
		require.Less(s, dials, 20, "it does not back off")
		s.setCut(false)
		s.wait(20 * time.Second)
		require.Equal(s, "a/1 RUNNING", s.told())
		require.Empty(s, s.fake.end("a/1"))
	})
}

// A dispatcher that takes reports and does not answer counts as silent, and its connection as dead.
func TestADispatcherThatDoesNotAnswerIsAskedAnew(t *testing.T) {
	play(t, nil, func(s *stage) {
		s.give("a/1", 0, simulate("1h", "0"))
		s.wait(time.Second)
		s.change(func() { s.mute = true })
		s.wait(ttl)
		s.change(func() { s.mute = false })
		s.wait(ttl)
		require.Equal(s, "LOST", s.fake.end("a/1"))
		require.Empty(s, s.told())
	})
}

func TestAgentsWorkWithoutStreams(t *testing.T) {
	for name, change := range map[string]func(*stage){
		"told":  func(s *stage) { s.config.CallsOnly = true },
		"found": func(s *stage) { s.noStream = true },
	} {
		t.Run(name, func(t *testing.T) {
			play(t, change, func(s *stage) {
				s.wait(5 * time.Minute) // idle polls
				n := s.said()
				require.Less(s, n, 30)
				s.give("a/1", 0, simulate("3m", "0"))
				s.wait(time.Minute)
				require.Equal(s, "a/1 RUNNING", s.told())
				s.wait(2*time.Minute + time.Second)
				require.Equal(s, "FINISHED 0", s.fake.end("a/1"))
				s.wait(ttl)
				require.Empty(s, s.told())
				require.Less(s, s.said()-n, 50)
			})
		})
	}
}

// SwarmKit's task manager, ECS's task handler: changes of many tasks at once make few reports.
func TestChangesOfManyTasksAreGathered(t *testing.T) {
	play(t, func(s *stage) { s.config.Slots = 100 }, func(s *stage) {
		before := s.said()
		s.change(func() {
			for i := range 100 {
				id := fmt.Sprintf("t%d/1", i)
				s.runs[id] = &dispatch.Run{LeaseId: id, Slot: int32(i), Task: simulate("10s", "0")}
			}
		})
		s.wait(5 * time.Second)
		s.wait(6 * time.Second)
		s.mu.Lock()
		require.Len(s, s.ends, 100)
		s.mu.Unlock()
		require.LessOrEqual(s, s.said()-before, 8)
	})
}

// ECS's task handler: what does not matter alone waits for what does.
func TestPreparingAloneMakesNoReport(t *testing.T) {
	play(t, func(s *stage) {
		s.config.Hooks = []worker.Hook{{Name: "slow", Timeout: time.Hour,
			Prestart: func(ctx context.Context, _ *dispatch.Run) error {
				select {
				case <-ctx.Done():
				case <-time.After(time.Minute):
				}
				return ctx.Err()
			}}}
	}, func(s *stage) {
		s.wait(ttl/3 + ttl/10) // between two reports that are due
		before := s.said()
		s.give("a/1", 0, simulate("1h", "0"))
		s.wait(time.Second)
		require.Equal(s, before, s.said())
		s.wait(ttl / 3)
		require.Equal(s, "a/1 PREPARING", s.told())
		s.wait(ttl)
		require.Equal(s, "a/1 RUNNING", s.told())
	})
}

// A dispatcher that answers garbage does no harm.
func TestADispatcherThatAnswersNothingUsefulDoesNoHarm(t *testing.T) {
	play(t, func(s *stage) { s.garbage = true }, func(s *stage) {
		s.wait(5 * time.Minute)
		require.Less(s, s.said(), 200)
		s.change(func() { s.garbage = false })
		s.wait(ttl)
		s.give("a/1", 0, simulate("1h", "0"))
		s.wait(time.Second)
		require.Equal(s, "a/1 RUNNING", s.told())
	})
}
