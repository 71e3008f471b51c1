//go:build linux

package chaos

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/internal/failpoint"
	"github.com/quotasched/quotasched/dispatcher/log"
	"github.com/quotasched/quotasched/dispatcher/log/raftlog"
	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
	"github.com/quotasched/quotasched/worker"
)

// A fault does harm to a cluster, until cluster.heal.
type fault struct {
	name string
	harm func(c *cluster, rng *rand.Rand) error
}

var faults = []fault{
	{"kill the leader", func(c *cluster, _ *rand.Rand) error { c.leader().kill(); return nil }},
	{"kill a follower", func(c *cluster, rng *rand.Rand) error {
		c.others(c.leader())[rng.IntN(2)].kill()
		return nil
	}},
	{"kill all", func(c *cluster, _ *rand.Rand) error {
		for _, n := range c.nodes {
			n.kill()
		}
		return nil
	}},
	{"halt the leader", func(c *cluster, _ *rand.Rand) error {
		return c.leader().signal(syscall.SIGSTOP)
	}},
	{"halt a follower", func(c *cluster, rng *rand.Rand) error {
		return c.others(c.leader())[rng.IntN(2)].signal(syscall.SIGSTOP)
	}},
	{"cut off the leader", func(c *cluster, _ *rand.Rand) error {
		leader := c.leader()
		for _, n := range c.others(leader) {
			c.cut(leader, n)
			c.cut(n, leader)
		}
		return nil
	}},
	{"cut one link", func(c *cluster, rng *rand.Rand) error {
		leader := c.leader()
		other := c.others(leader)[rng.IntN(2)]
		c.cut(leader, other)
		c.cut(other, leader)
		return nil
	}},
	{"cut what the leader says", func(c *cluster, _ *rand.Rand) error {
		leader := c.leader()
		for _, n := range c.others(leader) {
			c.cut(leader, n)
		}
		return nil
	}},
	{"cut what the leader hears", func(c *cluster, _ *rand.Rand) error {
		leader := c.leader()
		for _, n := range c.others(leader) {
			c.cut(n, leader)
		}
		return nil
	}},
	{"delay all", func(c *cluster, rng *rand.Rand) error {
		c.network.change(func() {
			for _, a := range c.nodes {
				for _, b := range c.others(a) {
					c.network.delay[direction{a.setup.ID, b.setup.ID}] =
						time.Duration(rng.IntN(50)) * time.Millisecond
				}
			}
		})
		return nil
	}},
	{"set clocks", func(c *cluster, rng *rand.Rand) error {
		n := c.nodes[rng.IntN(3)]
		return n.setClock([]time.Duration{-time.Hour, time.Hour}[rng.IntN(2)])
	}},
	{"fill a disk", func(c *cluster, _ *rand.Rand) error {
		if c.small == nil {
			return nil
		}
		return c.small.fill()
	}},
}

func (c *cluster) cut(from, to *node) {
	c.network.change(func() { c.network.cut[direction{from.setup.ID, to.setup.ID}] = true })
}

// fromEnvironment is a number for long runs.
func fromEnvironment(name string, otherwise int) int {
	if n, err := strconv.Atoi(os.Getenv(name)); err == nil {
		return n
	}
	return otherwise
}

func rounds() int { return fromEnvironment("QSCHED_CHAOS_ROUNDS", 10) }

// TestNothingAcknowledgedIsLost does harm round after round, while people, workers and accounts go
// on. QSCHED_CHAOS_ROUNDS says how often, QSCHED_CHAOS_SEED which schedule, and QSCHED_CHAOS_FAULT
// which fault, if there shall be but one kind.
func TestNothingAcknowledgedIsLost(t *testing.T) {
	rounds, seed := rounds(), fromEnvironment("QSCHED_CHAOS_SEED", 1)
	t.Logf("seed %d, %d rounds", seed, rounds)
	rng := rand.New(rand.NewPCG(uint64(seed), 0))
	c := newCluster(t)
	makePool(t, c.client())
	l := startLoad(t, c, uint64(seed))
	h, stopWorkers := startWorkers(t, c, 6)
	follower := startFollowing(t, c)
	faults := append(slices.Clone(faults), endings()...)
	if only := os.Getenv("QSCHED_CHAOS_FAULT"); only != "" {
		faults = slices.DeleteFunc(faults, func(f fault) bool { return f.name != only })
		require.NotEmpty(t, faults, "no fault is called %q", only)
	}
	var order []int
	for round := range rounds {
		if len(order) == 0 {
			order = rng.Perm(len(faults))
		}
		f := faults[order[0]]
		order = order[1:]
		lasts := time.Duration(500+rng.IntN(2000)) * time.Millisecond
		require.NoError(t, f.harm(c, rng), f.name)
		<-time.After(lasts)
		c.heal()
		took := l.acknowledged(t)
		t.Logf("round %d: %s for %v; acknowledged again after %v", round, f.name, lasts,
			took.Round(time.Millisecond))
	}
	l.end()
	stopWorkers()
	c.agree()
	l.check(t)
	h.check(t)
	follower.check(t, c)
	c.replay(c.agree())
	t.Logf("processes ended where they were told: %v", c.ended)
	if rounds >= 3*len(faults) && len(faults) > 1 {
		for _, name := range failpoint.Names {
			require.Positive(t, c.ended[name], "no process ended at %s", name)
		}
	}
}

// agree waits until all nodes have applied the same entries, and compares their hashes.
func (c *cluster) agree() (index uint64, hash string) {
	require.Eventually(c.t, func() bool {
		var all []*dispatch.GetStatusResponse
		for _, n := range c.nodes {
			s := c.status(n)
			if s == nil || len(all) > 0 && s.GetAppliedIndex() != all[0].GetAppliedIndex() {
				return false
			}
			all = append(all, s)
		}
		index, hash = all[0].GetAppliedIndex(), all[0].GetRollingHash()
		for _, s := range all {
			require.Equal(c.t, hash, s.GetRollingHash(), "%s and %s differ after entry %d",
				all[0].GetNodeId(), s.GetNodeId(), index)
		}
		return true
	}, 60*time.Second, 20*time.Millisecond, "all nodes have applied the same entries")
	return index, hash
}

// replay ends all nodes at once, so that none goes on for longer than its log is kept, and applies
// each one's log in a fresh state. The hash after each entry must be the same in all of them, and
// what the nodes had after one entry.
func (c *cluster) replay(index uint64, hash string) {
	for _, n := range c.nodes {
		require.NoError(c.t, n.signal(syscall.SIGTERM))
	}
	for _, n := range c.nodes {
		n.awaitEnd(c.t)
	}
	hashes := map[uint64]string{index: hash}
	for _, n := range c.nodes {
		m := &replayed{state: state.New(), hashes: map[uint64]string{}}
		require.NoError(c.t, raftlog.Replay(raftlog.Options{Dir: filepath.Join(n.setup.Dir, "log"),
			NodeID: n.setup.ID, Bootstrap: n.setup.Members[:0], SegmentBytes: segmentBytes,
			Logger: slog.New(slog.DiscardHandler)}, m))
		compared := 0
		for i, h := range m.hashes {
			if other, known := hashes[i]; known {
				compared++
				require.Equal(c.t, other, h, "the log of %s, replayed up to entry %d", n.setup.ID, i)
			}
			hashes[i] = h
		}
		require.Positive(c.t, compared, "the log of %s has an entry that another one has", n.setup.ID)
		c.t.Logf("the log of %s was replayed: %d entries, of which %d were compared", n.setup.ID,
			len(m.hashes), compared)
	}
}

// replayed is a state that remembers its hash after each entry.
type replayed struct {
	state  *state.Machine
	hashes map[uint64]string
}

func (r *replayed) Apply(index uint64, b []byte) (any, error) {
	a, err := r.state.ApplyBytes(index, b)
	r.note()
	return a, err
}

func (r *replayed) note() {
	r.hashes[r.state.Index()] = fmt.Sprintf("%x", r.state.RollingHash())
}

func (r *replayed) Snapshot() (log.Snapshot, error) {
	return nil, errors.New("a replay takes no snapshots")
}

func (r *replayed) ReadSnapshot(from io.Reader) (err error) {
	if r.state, err = state.Read(from); err == nil {
		r.note()
	}
	return err
}

// TestAnotherLeaderTakesOverSoon kills leaders, and looks how long nothing is acknowledged.
// QSCHED_CHAOS_KILLS says how often.
func TestAnotherLeaderTakesOverSoon(t *testing.T) {
	kills := fromEnvironment("QSCHED_CHAOS_KILLS", 3)
	c := newCluster(t)
	makePool(t, c.client())
	l := startLoad(t, c, 2)
	defer l.end()
	var times []time.Duration
	for range kills {
		l.acknowledged(t)
		leader := c.leader()
		leader.kill()
		times = append(times, firstAcknowledgement(t, c.others(leader)))
		c.heal()
		c.agreeOnMembers()
	}
	slices.Sort(times)
	t.Logf("kill -9 of the leader to the first acknowledgement, %d times: p50 %v, most %v", kills,
		times[len(times)/2].Round(time.Millisecond), times[len(times)-1].Round(time.Millisecond))
	if kills >= 30 {
		require.Less(t, times[len(times)/2], 1500*time.Millisecond)
		require.Less(t, times[len(times)-1], 3*time.Second)
	}
}

// firstAcknowledgement asks nodes in turn to take a task, until one does.
func firstAcknowledgement(t *testing.T, nodes []*node) time.Duration {
	began := time.Now()
	h := &http.Client{Transport: &http.Transport{}}
	defer h.CloseIdleConnections()
	for deadline := began.Add(time.Minute); ; {
		for _, n := range nodes {
			ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
			_, err := dispatchconnect.NewTaskServiceClient(h, n.url()).SubmitTasks(ctx,
				connect.NewRequest(&dispatch.SubmitTasksRequest{Pool: pool, Tasks: []*dispatch.TaskSpec{
					{AccountId: account(0), Payload: &dispatch.TaskSpec_Exec{
						Exec: worker.Simulate(time.Millisecond, 0)}}}}))
			cancel()
			if err == nil {
				return time.Since(began)
			}
			require.Less(t, time.Now(), deadline, "%v", err)
			<-time.After(5 * time.Millisecond)
		}
	}
}

// agreeOnMembers waits until all nodes answer.
func (c *cluster) agreeOnMembers() {
	require.Eventually(c.t, func() bool {
		newest, oldest := uint64(0), ^uint64(0)
		for _, n := range c.nodes {
			s := c.status(n)
			if s == nil {
				return false
			}
			newest, oldest = max(newest, s.GetAppliedIndex()), min(oldest, s.GetAppliedIndex())
		}
		return newest-oldest < 100
	}, 30*time.Second, 20*time.Millisecond, "all nodes are up to date")
}
