package raftlog_test

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/log"
	"github.com/quotasched/quotasched/dispatcher/log/logtest"
	"github.com/quotasched/quotasched/dispatcher/log/raftlog"
)

func TestOneNodeIsALogAndComesBack(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil, "a")
	n := c.leader()
	index, result, err := n.log.Append(t.Context(), []byte("one"))
	require.NoError(t, err)
	require.Equal(t, 1, result)
	require.NoError(t, n.log.Wait(t.Context(), index))
	require.NoError(t, n.log.VerifyLeader(t.Context()))
	c.must(nil, numbered("e", 20)...)
	c.close("a")
	c.open("a")
	c.must(nil, "last")
	require.Equal(t, append(append([]string{"one"}, numbered("e", 20)...), "last"),
		slices.Compact(c.nodes["a"].ledger.Entries()))
}

func TestEntriesThatAreBegunAreAppendedInOrder(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil, "a") // which leads all the time, however busy the machine is
	leader := c.leader()
	entries := numbered("e", 100)
	var ends []func() (uint64, any, error)
	for _, e := range entries {
		ends = append(ends, leader.log.Begin(t.Context(), []byte(e)))
	}
	for i, end := range slices.Backward(ends) {
		_, result, err := end()
		require.NoError(t, err)
		require.Equal(t, i+1, result)
	}
	require.Equal(t, entries, leader.ledger.Entries())
}

func TestEntriesSurviveAChangeOfLeader(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil, "a", "b", "c")
	old := c.leader()
	c.must(nil, numbered("before", 10)...)
	c.cut(old.id)
	rest := c.others(old.id)
	c.must(rest, numbered("after", 10)...)
	require.ErrorIs(t, old.append(t.Context(), "late"), log.ErrNotLeader)
	c.connect(old.id)
	c.agree()
	require.Equal(t, append(numbered("before", 10), numbered("after", 10)...), slices.Compact(old.ledger.Entries()))
}

// TestACutLeaderSaysThatItDoesNotKnow appends on a leader that was just cut off: the entry may be
// in the log, for all that it knows.
func TestACutLeaderSaysThatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil, "a", "b", "c")
	old := c.leader()
	c.must(nil, "one")
	c.cut(old.id)
	err := old.append(t.Context(), "lost")
	require.ErrorIs(t, err, log.ErrUnknown)
	require.NotErrorIs(t, err, log.ErrNotLeader)
	require.Error(t, old.log.VerifyLeader(t.Context()))
	c.must(c.others(old.id), "two")
	c.connect(old.id)
	c.agree()
	require.Equal(t, []string{"one", "two"}, slices.Compact(old.ledger.Entries()))
}

func TestATimeOutSaysThatItDoesNotKnow(t *testing.T) {
	t.Parallel()
	c := newCluster(t, func(o *raftlog.Options) {
		o.Heartbeat, o.Election, o.Lease = time.Second, time.Second, time.Second
	}, "a", "b", "c")
	old := c.leader()
	c.cut(old.id)
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
	defer cancel()
	err := old.append(ctx, "one")
	require.ErrorIs(t, err, log.ErrUnknown)
	require.ErrorIs(t, err, context.DeadlineExceeded)
}

func TestAFollowerAppendsNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil, "a", "b", "c")
	leader := c.leader()
	follower := c.nodes[c.others(leader.id)[0]]
	require.ErrorIs(t, follower.append(t.Context(), "one"), log.ErrNotLeader)
	require.ErrorIs(t, follower.log.VerifyLeader(t.Context()), log.ErrNotLeader)
	require.ErrorIs(t, follower.log.AddMember(t.Context(), "d", "nowhere"), log.ErrNotLeader)
	within(t, "it knows who leads", func() bool {
		return follower.log.Status().LeaderID == leader.id
	})
}

func TestTheLeadIsTold(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil, "a", "b", "c")
	old := c.leader()
	require.True(t, <-old.log.Leading())
	other := c.others(old.id)[0]
	require.NoError(t, old.log.Transfer(t.Context(), other))
	require.False(t, <-old.log.Leading())
	require.True(t, <-c.nodes[other].log.Leading())
	require.Error(t, old.log.Transfer(t.Context(), ""))
	require.NoError(t, c.nodes[other].log.Transfer(t.Context(), ""))
}

func TestManyReadsAreVerifiedAtOnce(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil, "a", "b", "c")
	leader := c.leader()
	var calls sync.WaitGroup
	for range 200 {
		calls.Go(func() {
			if err := leader.log.VerifyLeader(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
}

func TestANodeThatWasAwayGetsASnapshot(t *testing.T) {
	t.Parallel()
	// Whole segments go, so they have to be small.
	c := newCluster(t, func(o *raftlog.Options) { o.KeepEntries, o.SegmentBytes = 1, 4<<10 }, "a", "b",
		"c")
	c.must(nil, numbered("early", 10)...)
	away := c.others(c.leader().id)[0]
	c.close(away)
	c.must(nil, numbered("missed", 100)...)
	leader := c.leader()
	require.NoError(t, leader.log.Snapshot(t.Context()))
	c.open(away)
	c.agree()
	status := c.nodes[away].log.Status()
	require.Equal(t, leader.log.Status().Snapshot, status.Snapshot, "it was sent")
	require.NoError(t, c.nodes[away].log.Wait(t.Context(), status.Applied))
	c.must(nil, "more")
	c.agree()

	c.close(away)
	c.open(away)
	c.agree()
	require.Empty(t, missing(c.nodes[away].ledger.Entries(),
		slices.Concat(numbered("early", 10), numbered("missed", 100), []string{"more"})))
}

func TestSnapshotsAreTakenByBytesAndByEntries(t *testing.T) {
	t.Parallel()
	for name, tune := range map[string]func(*raftlog.Options){
		"bytes":   func(o *raftlog.Options) { o.SnapshotBytes, o.KeepEntries = 1000, 1 },
		"entries": func(o *raftlog.Options) { o.SnapshotEntries, o.KeepEntries = 10, 1 },
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, tune, "a")
			c.must(nil, numbered(strings.Repeat("x", 100), 15)...)
			within(t, "a snapshot", func() bool { return c.nodes["a"].log.Status().Snapshot > 0 })
			c.close("a")
			c.open("a")
			c.leader()
			require.Len(t, slices.Compact(c.nodes["a"].ledger.Entries()), 15)
		})
	}
}

// TestASlowSnapshotIsNotTakenByTheLeader gives every snapshot a cost above the limit.
func TestASlowSnapshotIsNotTakenByTheLeader(t *testing.T) {
	t.Parallel()
	c := newCluster(t, func(o *raftlog.Options) {
		o.HandOver, o.SnapshotEntries = time.Nanosecond, 10
	}, "a", "b", "c")
	first := c.leader()
	c.must(nil, numbered("e", 12)...)
	within(t, "snapshots", func() bool { return first.log.Status().Snapshot > 0 })
	within(t, "another one leads", func() bool {
		c.must(nil, "f")
		return !first.log.Status().Leading
	})
}

func TestAMachineThatFailsStopsItsNodeAlone(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil, "a", "b", "c")
	leader := c.leader()
	sick := c.nodes[c.others(leader.id)[0]]
	refuse := func(e []byte) bool { return string(e) == "poison" }
	c.close(sick.id)
	sick.ledger.Refuse = refuse
	c.open(sick.id)
	c.must(nil, "one", "poison", "two")
	within(t, "an alarm", func() bool { return len(sick.log.Status().Alarms) > 0 })
	require.Contains(t, sick.log.Status().Alarms[0], logtest.ErrRefused.Error())
	require.ErrorIs(t, sick.log.Wait(t.Context(), 1000), log.ErrClosed)
	require.ErrorIs(t, sick.append(t.Context(), "three"), log.ErrClosed)
	require.Equal(t, []string{"one"}, slices.Compact(sick.ledger.Entries()))
	c.must(nil, "four")

	// Its files are as they were: with rules that it knows it goes on.
	c.close(sick.id)
	sick.ledger.Refuse = nil
	c.open(sick.id)
	c.agree()
	require.Equal(t, []string{"one", "poison", "two", "four"}, slices.Compact(sick.ledger.Entries()))
}

func TestALeaderThatCannotApplyAcknowledgesNothing(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil, "a")
	c.close("a")
	c.nodes["a"].ledger.Refuse = func([]byte) bool { return true }
	c.open("a")
	err := c.leader().append(t.Context(), "one")
	require.ErrorIs(t, err, log.ErrClosed)
	require.ErrorIs(t, err, logtest.ErrRefused)
	require.NoError(t, c.nodes["a"].log.Close())
}

func TestMembersComeAndGoOneAtATime(t *testing.T) {
	t.Parallel()
	c := newCluster(t, func(o *raftlog.Options) { o.KeepEntries = 1 }, "a")
	c.must(nil, numbered("early", 5)...)
	require.NoError(t, c.nodes["a"].log.Snapshot(t.Context()))
	for _, id := range []string{"b", "c"} {
		c.add(id)
		c.open(id)
		require.NoError(t, c.nodes["a"].log.AddMember(t.Context(), id, address(id)))
	}
	c.agree()
	status := c.nodes["a"].log.Status()
	require.Len(t, status.Members, 3)
	for _, m := range status.Members {
		require.True(t, m.Voter, m.ID)
		require.GreaterOrEqual(t, m.HeardAgo, time.Duration(0))
	}

	// One that does not answer gets no vote, and is in the way of other changes until it is given up.
	ctx, giveUp := context.WithCancel(t.Context())
	defer giveUp()
	added := make(chan error, 1)
	go func() { added <- c.nodes["a"].log.AddMember(ctx, "d", address("d")) }()
	within(t, "d is there, without a vote", func() bool {
		members := c.nodes["a"].log.Status().Members
		return slices.ContainsFunc(members, func(m log.Member) bool { return m.ID == "d" && !m.Voter })
	})
	require.Equal(t, raftlog.ErrBusy, c.nodes["a"].log.RemoveMember(t.Context(), "nobody"))
	giveUp()
	require.ErrorIs(t, <-added, context.Canceled)
	require.NoError(t, c.nodes["a"].log.RemoveMember(t.Context(), "d"))

	require.NoError(t, c.nodes["a"].log.RemoveMember(t.Context(), "a"))
	c.must([]string{"b", "c"}, "more")
	require.Len(t, c.leader("b", "c").log.Status().Members, 2)
}

func TestADirectoryIsRefused(t *testing.T) {
	t.Parallel()
	file := func(n *node, name string) string { return filepath.Join(n.options.Dir, name) }
	for name, tc := range map[string]struct {
		spoil func(t *testing.T, n *node)
		want  string
	}{
		"another node": {func(_ *testing.T, n *node) { n.options.NodeID = "b" }, `belongs to node "a"`},
		"another version": {func(t *testing.T, n *node) {
			b, err := os.ReadFile(file(n, "node.json"))
			require.NoError(t, err)
			b = []byte(strings.Replace(string(b), `"format": 1`, `"format": 2`, 1))
			require.NoError(t, os.WriteFile(file(n, "node.json"), b, 0o600))
		}, "format 2"},
		"half an identity": {func(t *testing.T, n *node) {
			require.NoError(t, os.Truncate(file(n, "node.json"), 20))
		}, "node.json: it is damaged"},
		"no identity": {func(t *testing.T, n *node) {
			require.NoError(t, os.Remove(file(n, "node.json")))
		}, "node.json: it is missing"},
		"no log": {func(t *testing.T, n *node) {
			require.NoError(t, os.RemoveAll(file(n, "wal")))
		}, "though entry"},
		"no snapshots": {func(t *testing.T, n *node) {
			require.NoError(t, os.RemoveAll(file(n, "snapshots")))
		}, "there is no snapshot"},
	} {
		t.Run(name, func(t *testing.T) {
			c := newCluster(t, func(o *raftlog.Options) { o.KeepEntries = 1 }, "a")
			c.must(nil, numbered("e", 5)...)
			n := c.nodes["a"]
			require.NoError(t, n.log.Snapshot(t.Context()))
			c.must(nil, "one more")
			c.close("a")
			n.options.Bootstrap = nil
			tc.spoil(t, n)
			_, err := raftlog.Open(n.options, &logtest.Ledger{})
			require.ErrorContains(t, err, tc.want)
			require.ErrorContains(t, err, n.options.Dir)
		})
	}
}

func TestTwoProcessesDoNotShareADirectory(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil, "a")
	_, err := raftlog.Open(c.nodes["a"].options, &logtest.Ledger{})
	require.ErrorIs(t, err, raftlog.ErrDirectory)
	require.ErrorContains(t, err, "another process uses it")
}

func TestALogIsReplayed(t *testing.T) {
	t.Parallel()
	c := newCluster(t, func(o *raftlog.Options) { o.KeepEntries, o.SegmentBytes = 1, 4<<10 }, "a")
	c.must(nil, numbered("early", 20)...)
	n := c.nodes["a"]
	check := func() {
		want := n.ledger.Entries()
		c.close("a")
		again := &logtest.Ledger{}
		require.NoError(t, raftlog.Replay(n.options, again))
		require.Equal(t, want, again.Entries())
		c.open("a")
	}
	check()
	require.NoError(t, n.log.Snapshot(t.Context()))
	c.must(nil, numbered("late", 200)...)
	require.NoError(t, n.log.Snapshot(t.Context()))
	c.must(nil, "last")
	check()
}

// TestASnapshotIsDueWhenApplyingTookLong begins with entries that a node has left: the first
// snapshot comes after all of them.
func TestASnapshotIsDueWhenApplyingTookLong(t *testing.T) {
	t.Parallel()
	c := newCluster(t, nil, "a")
	c.must(nil, numbered("e", 50)...)
	n := c.leader()
	left, _ := n.ledger.State()
	require.Empty(t, n.ledger.Snapshots())
	c.close("a")
	n.options.SnapshotApplying = time.Nanosecond
	c.open("a")
	c.must(nil, "one")
	within(t, "a snapshot is taken", func() bool { return len(n.ledger.Snapshots()) > 0 })
	require.GreaterOrEqual(t, n.ledger.Snapshots()[0], left)
}

// TestADeadLeaderIsNotNamed cuts a leader off: the others name it no longer than a heartbeat may take,
// though no election has begun yet.
func TestADeadLeaderIsNotNamed(t *testing.T) {
	t.Parallel()
	c := newCluster(t, func(o *raftlog.Options) {
		o.Heartbeat, o.Election, o.Lease = time.Second, time.Second, time.Second
	}, "a", "b", "c")
	old := c.leader()
	c.must(nil, "one")
	c.cut(old.id)
	cut := time.Now()
	within(t, "a heartbeat is missed", func() bool { return time.Since(cut) > 1500*time.Millisecond })
	for _, id := range c.others(old.id) {
		require.NotEqual(t, old.id, c.nodes[id].log.Status().LeaderID)
	}
}
