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

func TestAnAgentRunsATaskAndSaysSo(t *testing.T) {
	play(t, nil, func(s *stage) {
		r := s.newest()
		require.True(s, r.GetAcceptsWork())
		require.EqualValues(s, 2, r.GetSlots())
		require.Equal(s, []string{"os:linux"}, r.GetLabels())
		s.give("a/1", 0, simulate("10m", "3"))
		s.wait(time.Second)
		require.Equal(s, "a/1 RUNNING", s.told())
		s.wait(9 * time.Minute)
		require.Equal(s, "a/1 RUNNING", s.told())
		require.Greater(s, s.newest().GetLeases()[0].GetRunningFor().AsDuration(), 8*time.Minute)
		s.wait(time.Minute)
		require.Equal(s, "FINISHED 3", s.fake.end("a/1"))
		s.wait(ttl)
		require.Empty(s, s.told(), "what is recorded is still reported")
	})
}

// A worker stops its tasks by its own clock before the dispatcher gives them to another.
func TestATaskOfAWorkerThatIsCutOffEndsWithinTheTTL(t *testing.T) {
	play(t, nil, func(s *stage) {
		goesOn := simulate("1h", "0")
		goesOn.OnDisconnect = dispatch.TaskSpec_ON_DISCONNECT_CONTINUE
		s.give("a/1", 0, simulate("1h", "0"))
		s.give("b/1", 1, goesOn)
		s.wait(time.Second)
		s.setCut(true)
		s.wait(ttl)
		s.setCut(false)
		s.wait(ttl)
		require.Equal(s, "LOST", s.fake.end("a/1"))
		require.Empty(s, s.fake.end("b/1"))
		require.Contains(s, s.told(), "b/1 RUNNING")
		s.stop("b/1", 0)
	})
}

// An agent that lost a task by silence takes no other one for a while, so that a fleet that did not
// hear its dispatcher does not begin everything again at once. Its machine is not to blame: there
// is no quarantine.
func TestAnAgentThatLostTasksBySilenceWaits(t *testing.T) {
	play(t, nil, func(s *stage) {
		for n := 1; n <= 4; n++ {
			id := fmt.Sprintf("a/%d", n)
			s.give(id, 0, simulate("100h", "0"))
			s.wait(time.Second)
			s.setCut(true)
			s.wait(ttl)
			s.setCut(false)
			s.wait(ttl / 2)
			require.Equal(s, "LOST", s.fake.end(id))
			for !s.newest().GetAcceptsWork() {
				s.wait(time.Second)
			}
			var refusals []string
			for _, r := range s.reports {
				refusals = append(refusals, r.GetRefusal())
			}
			require.Contains(s, refusals, fmt.Sprintf(
				"tasks were lost as the dispatcher was not heard in time (%d in a row)", n))
		}
	})
}

// A drain ends when the results are acknowledged.
func TestADrainFinishesWhatRunsAndWaitsUntilItIsRecorded(t *testing.T) {
	play(t, nil, func(s *stage) {
		s.give("a/1", 0, simulate("10m", "0"))
		s.wait(time.Second)
		s.change(func() { s.withhold = true })
		s.drain()
		s.wait(time.Second)
		require.False(s, s.newest().GetAcceptsWork())
		require.Equal(s, "the worker drains", s.newest().GetRefusal())
		s.wait(10 * time.Minute)
		require.Equal(s, "a/1 FINISHED", s.told())
		require.Empty(s, s.ended)
		s.change(func() { s.withhold = false })
		s.wait(time.Second)
		require.NoError(s, <-s.ended)
	})
}

// A poll that is given up may have been given work: an agent that ends is heard first.
func TestAnIdleAgentEndsWhenTheDispatcherKnows(t *testing.T) {
	play(t, nil, func(s *stage) {
		s.drain()
		require.NoError(s, <-s.ended)
		require.Equal(s, "the worker drains", s.newest().GetRefusal())
	})
	play(t, nil, func(s *stage) {
		s.setCut(true)
		s.wait(time.Second)
		begin := time.Now()
		s.drain()
		require.NoError(s, <-s.ended)
		require.Equal(s, 10*time.Second, time.Since(begin))
	})
}

// ECS's task handler: what was to be sent is on disk, so that a restart sends the rest. SwarmKit:
// statuses are sent until they are accepted.
func TestAResultThatIsNotRecordedIsSaidByTheNextAgent(t *testing.T) {
	var leave chan struct{}
	play(t, func(s *stage) {
		leave = make(chan struct{}) // in the test's own time
		s.config.Leave = leave
	}, func(s *stage) {
		s.give("a/1", 0, simulate("10m", "7"))
		s.give("b/1", 1, simulate("10h", "0"))
		s.change(func() { s.withhold = true })
		s.wait(11 * time.Minute)
		close(leave)
		require.NoError(s, <-s.ended)
		s.config.Leave = nil
		s.change(func() { s.ends = map[string]*dispatch.LeaseReport{} })
		s.start()
		require.Equal(s, "FINISHED 7", s.fake.end("a/1"))
		require.Equal(s, "LOST", s.fake.end("b/1"), "it ended with its agent")
	})
}

func TestASecondSignalStopsTasks(t *testing.T) {
	play(t, nil, func(s *stage) {
		s.give("a/1", 0, simulate("10h", "0"))
		s.wait(time.Second)
		s.drain()
		s.wait(time.Minute)
		require.Equal(s, "a/1 RUNNING", s.told())
		s.abort()
		s.wait(2 * time.Second)
		require.Equal(s, "LOST", s.fake.end("a/1"))
		require.NoError(s, <-s.ended)
	})
}

func TestDirectives(t *testing.T) {
	play(t, nil, func(s *stage) {
		s.give("a/1", 0, simulate("10m", "0"))
		s.wait(time.Second)
		s.change(func() { s.directs = dispatch.Orders_DIRECTIVE_DRAIN })
		s.wait(time.Second)
		require.Equal(s, "the dispatcher said so", s.newest().GetRefusal())
		s.change(func() { s.directs = dispatch.Orders_DIRECTIVE_UNSPECIFIED })
		s.wait(ttl)
		require.True(s, s.newest().GetAcceptsWork())
		s.change(func() { s.directs = dispatch.Orders_DIRECTIVE_EXIT })
		s.wait(time.Second)
		s.change(func() { s.directs = dispatch.Orders_DIRECTIVE_UNSPECIFIED })
		s.wait(11 * time.Minute)
		require.Empty(s, s.ended, "it ends although that was taken back")
		s.give("b/1", 0, simulate("10m", "0"))
		s.wait(time.Second)
		s.change(func() { s.directs = dispatch.Orders_DIRECTIVE_UPGRADE })
		s.wait(11 * time.Minute)
		require.ErrorIs(s, <-s.ended, worker.ErrUpgrade)
	})
}

func TestAStateDirectoryHasOneAgent(t *testing.T) {
	play(t, nil, func(s *stage) {
		require.ErrorIs(s, worker.Run(context.Background(), s.config), worker.ErrInUse)
	})
}

func TestAWrongConfigurationIsRefused(t *testing.T) {
	err := worker.Run(context.Background(), worker.Config{Slots: 2000})
	require.EqualError(t, err, "worker: no pool is named\nno name is given\n"+
		"no dispatcher is given\nno driver is given\n"+
		"slots: 2000 is not from 1 to 1024")
}

// An agent without a state directory keeps nothing: the next one is another boot.
func TestAnAgentWithoutAStateDirectoryIsAnotherBootEachTime(t *testing.T) {
	var leave chan struct{}
	play(t, func(s *stage) {
		leave = make(chan struct{})
		s.config.Leave, s.config.StateDir = leave, ""
	}, func(s *stage) {
		boot := s.newest().GetBootId()
		s.give("a/1", 0, simulate("1s", "0"))
		s.wait(ttl)
		require.Equal(s, "FINISHED 0", s.fake.end("a/1"))
		require.Empty(s, s.told())
		s.give("b/1", 0, simulate("1h", "0"))
		s.wait(time.Second)
		log := s.fetch(fetch("f", "b/1", nil), nil)
		s.wait(time.Second)
		require.NotEmpty(s, s.sent(log).failure)
		close(leave)
		require.NoError(s, <-s.ended)
		s.config.Leave = nil
		s.start()
		require.NotEqual(s, boot, s.newest().GetBootId())
	})
}
