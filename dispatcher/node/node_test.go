package node

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/log"
	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// followers are the nodes that do not lead.
func (c *cluster) followers() (fs []*member) {
	leader := c.leader()
	for _, m := range c.nodes {
		if m != leader {
			fs = append(fs, m)
		}
	}
	return fs
}

var three = []string{"a", "b", "c"}

func TestReadsAreAsFreshAsAsked(t *testing.T) {
	withCluster(t, three, func(t *testing.T, c *cluster) {
		ctx, nobody := context.Background(), func(*state.Machine) {}
		_, index, err := c.leader().Propose(ctx, &replica.Command{Kind: &replica.Command_Tick{
			Tick: &replica.Tick{}}})
		require.NoError(t, err)
		as, err := c.leader().Read(ctx, nil, nobody)
		require.NoError(t, err)
		require.GreaterOrEqual(t, as.Index, index)

		f := c.followers()[0]
		_, err = f.Read(ctx, nil, nobody)
		require.ErrorIs(t, err, ErrNotLeader)
		as, err = f.Read(ctx, &dispatch.ReadOptions{Stale: true, MinIndex: index}, nobody)
		require.NoError(t, err)
		require.GreaterOrEqual(t, as.Index, index)
		begin := time.Now()
		_, err = f.Read(ctx, &dispatch.ReadOptions{Stale: true, MinIndex: index + 1000}, nobody)
		require.ErrorIs(t, err, ErrBehind)
		require.Equal(t, waitMax, time.Since(begin))
		_, _, err = f.Propose(ctx, &replica.Command{Kind: &replica.Command_Tick{Tick: &replica.Tick{}}})
		require.ErrorIs(t, err, ErrNotLeader)
	})
}

func TestALeaderWithoutAMajorityAnswersNoReads(t *testing.T) {
	withCluster(t, three, func(t *testing.T, c *cluster) {
		old := c.leader()
		c.log.Cut(old.id)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_, err := old.Read(ctx, nil, func(*state.Machine) { t.Error("it must not be answered") })
		require.Error(t, err)
		c.log.Heal(old.id)
	})
}

// A node that has begun anew hears who leads, and may not know for seconds how much is committed:
// until then it would say that there is no pool.
func TestANodeThatBeginsAnewIsReadyWhenItHasCaughtUp(t *testing.T) {
	n := New(Config{ID: "b", Observer: quiet{}})
	require.False(t, n.hasCaughtUp(log.Status{LeaderID: "a"}), "the leader has said nothing")
	n.others["a"] = &other{state: &replica.NodeState{AppliedIndex: 10}}
	require.False(t, n.hasCaughtUp(log.Status{LeaderID: "a", Applied: 9}))
	require.True(t, n.hasCaughtUp(log.Status{LeaderID: "a", Applied: 10}))
	require.True(t, n.hasCaughtUp(log.Status{LeaderID: "c", Applied: 10}), "it is behind by little")

	alone := New(Config{ID: "a", Observer: quiet{}})
	require.True(t, alone.hasCaughtUp(log.Status{LeaderID: "a"}), "a leader has all")
}

func TestTheReplicaThatDivergesStopsAlone(t *testing.T) {
	withCluster(t, []string{"a", "b"}, func(t *testing.T, c *cluster) {
		c.open(Config{ID: "c", URL: "http://c", SessionsMax: 10, Hooks: Hooks{DivergeAt: 70}})
		require.NoError(t, c.leader().AddMember(context.Background(), "c", "c"))
		for range 200 {
			c.submit(opaque("x"))
		}
		time.Sleep(3 * time.Second)
		require.ErrorIs(t, c.nodes["c"].serves(), ErrStopped)
		require.ErrorContains(t, c.nodes["c"].Ready(), "diverged at entry")
		require.Contains(t, strings.Join(c.nodes["c"].Alarms(), "\n"), "diverged at entry")
		for _, id := range []string{"a", "b"} {
			require.NoError(t, c.nodes[id].Ready())
			require.Empty(t, c.nodes[id].Alarms())
		}
		_, err := c.nodes["c"].Read(context.Background(), &dispatch.ReadOptions{Stale: true},
			func(*state.Machine) { t.Error("it must not be answered") })
		require.ErrorIs(t, err, ErrStopped)
		c.submit(opaque("the others go on"))
	})
}

func TestOfTwoNodesThatDifferBothAlarm(t *testing.T) {
	withCluster(t, alone, func(t *testing.T, c *cluster) {
		c.open(Config{ID: "b", SessionsMax: 10, Hooks: Hooks{DivergeAt: 2}})
		require.NoError(t, c.leader().AddMember(context.Background(), "b", "b"))
		for range 200 {
			c.submit(opaque("x"))
		}
		time.Sleep(3 * time.Second)
		for _, m := range c.nodes {
			require.NoError(t, m.serves())
			require.Contains(t, strings.Join(m.Alarms(), "\n"), "no majority")
		}
	})
}

func TestALeaderWhoseClockIsOffHandsOver(t *testing.T) {
	withCluster(t, []string{"a", "b"}, func(t *testing.T, c *cluster) {
		file := filepath.Join(t.TempDir(), "offset")
		c.open(Config{ID: "c", SessionsMax: 10, Hooks: Hooks{ClockOffsetFile: file}})
		require.NoError(t, c.leader().AddMember(context.Background(), "c", "c"))
		require.NoError(t, c.leader().Transfer(context.Background(), "c"))
		require.Equal(t, "c", c.leader().id)
		time.Sleep(10 * time.Second)
		require.Equal(t, "c", c.leader().id)
		require.NoError(t, os.WriteFile(file, []byte("1h\n"), 0o600))
		time.Sleep(5 * time.Second)
		require.NotEqual(t, "c", c.leader().id)
		require.Contains(t, strings.Join(c.nodes["c"].Alarms(), "\n"), "wall clock is -1h0m0s off")
		require.Empty(t, c.leader().Alarms())

		var replicated time.Time
		c.leader().Peek(func(m *state.Machine) { replicated = m.Time() })
		require.Less(t, time.Until(replicated), 2*time.Second, "an hour was not granted")
		require.NoError(t, os.WriteFile(file, []byte("0s"), 0o600))
		time.Sleep(5 * time.Second)
		require.Empty(t, c.nodes["c"].Alarms())
	})
}

func TestTimeGoesOnOnlyWithWork(t *testing.T) {
	withCluster(t, alone, func(t *testing.T, c *cluster) {
		before := c.leader().Log().Applied
		time.Sleep(30 * time.Second)
		require.Equal(t, before, c.leader().Log().Applied, "nothing to do, no entries")
		c.submit(opaque("x"))
		before = c.leader().Log().Applied
		time.Sleep(30*time.Second + time.Millisecond)
		require.InDelta(t, before+30, c.leader().Log().Applied, 2)
	})
}

func TestIdleWorkersAreConfirmed(t *testing.T) {
	withCluster(t, alone, func(t *testing.T, c *cluster) {
		w := c.connect("w", "b", "i")
		for range 30 { // ten minutes, longer than idle workers are believed in
			require.NotEmpty(t, w.say())
			time.Sleep(20 * time.Second)
		}
		c.submit(opaque("x"))
		require.Equal(t, []string{"changes run 0, answers 30"}, shown(w.sent()))
		w.Interrupt()
		w.end(t)
	})
}

func TestWatchersHearUntilAllHaveEnded(t *testing.T) {
	withCluster(t, alone, func(t *testing.T, c *cluster) {
		ids := c.submit(opaque("x"), opaque("y"))
		var seen []string
		ended, leader := make(chan error, 1), c.leader()
		go func() {
			ended <- leader.WatchTasks(context.Background(),
				&dispatch.WatchTasksRequest{Pool: "lab", Ids: ids}, func(t *dispatch.Task) error {
					seen = append(seen, t.GetState().String()[len("STATE_"):])
					return nil
				})
		}()
		synctest.Wait()
		c.must(&replica.Command{Kind: &replica.Command_CancelTasks{CancelTasks: &dispatch.CancelTasksRequest{
			Pool: "lab", Ids: ids[:1]}}})
		w := c.connect("w", "b", "i")
		w.say()
		synctest.Wait()
		c.must(&replica.Command{Kind: &replica.Command_CancelTasks{CancelTasks: &dispatch.CancelTasksRequest{
			Pool: "lab", Ids: ids[1:]}}})
		synctest.Wait()
		require.Empty(t, ended)
		w.say(lease(ids[1]+"/1", dispatch.Phase_PHASE_REJECTED))
		require.NoError(t, <-ended)
		require.Equal(t, []string{"WAITING", "WAITING", "CANCELLED", "ASSIGNED", "STOPPING", "CANCELLED"},
			seen)
		require.Empty(t, c.leader().watches.byTask)
		w.Interrupt()
		w.end(t)
		err := c.leader().WatchTasks(context.Background(), &dispatch.WatchTasksRequest{Pool: "lab",
			Ids: []string{"nothing"}}, nil)
		require.ErrorContains(t, err, "nothing")
	})
}

func TestAPanicStopsOnePoolOnAllNodes(t *testing.T) {
	withHooks(t, three, Hooks{PanicPool: "lab"}, func(t *testing.T, c *cluster) {
		c.must(&replica.Command{Kind: &replica.Command_CreatePool{
			CreatePool: &dispatch.CreatePoolRequest{Pool: "other"}}})
		poisoned := func(pool string) *replica.CommandOutcome {
			task := opaque("x")
			task.Tags = []string{"panic"}
			outcome, _, err := c.leader().Propose(context.Background(), &replica.Command{
				Kind: &replica.Command_SubmitTasks{SubmitTasks: &replica.SubmitTasks{
					Request: &dispatch.SubmitTasksRequest{Pool: pool, Tasks: []*dispatch.TaskSpec{task}}}}})
			require.NoError(t, err)
			return outcome
		}
		require.NotZero(t, poisoned("lab").GetCode())
		require.Zero(t, poisoned("other").GetCode())
		time.Sleep(2 * time.Second)
		for _, m := range c.nodes {
			require.NoError(t, m.Ready())
			require.Equal(t, c.leader().Status().GetRollingHash(), m.Status().GetRollingHash())
			m.Peek(func(s *state.Machine) {
				r, err := s.ListPools(&dispatch.ListPoolsRequest{}, func(string) bool { return true })
				require.NoError(t, err)
				require.True(t, r.GetPools()[0].GetStatus().GetFailed())
				require.Contains(t, r.GetPools()[0].GetStatus().GetFailure(), "planted by a test")
				require.False(t, r.GetPools()[1].GetStatus().GetFailed())
			})
		}
	})
}

func TestStatusSaysWhatIsKnownOfTheMembers(t *testing.T) {
	withCluster(t, three, func(t *testing.T, c *cluster) {
		c.submit(opaque("x"))
		time.Sleep(2 * time.Second)
		s := c.followers()[0].Status()
		require.Len(t, s.GetMembers(), 3)
		for _, m := range s.GetMembers() {
			require.Equal(t, "http://"+m.GetId(), m.GetUrl())
			require.EqualValues(t, state.RuleVersion, m.GetRuleVersion())
			require.Equal(t, m.GetId() == c.leader().id, m.GetLeader())
			require.NotZero(t, m.GetAppliedIndex())
		}
		require.Equal(t, c.leader().Status().GetRollingHash(), s.GetRollingHash())
		require.Equal(t, "http://"+c.leader().id, c.followers()[1].LeaderURL())
		require.EqualValues(t, state.RuleVersion, c.leader().knownRules())
	})
}
