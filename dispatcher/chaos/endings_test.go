package chaos

import (
	"math/rand/v2"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/internal/failpoint"
)

// endings are faults that end a process while it does something to its files.
func endings() (all []fault) {
	for _, name := range failpoint.Names {
		all = append(all, fault{"end a node at " + string(name),
			func(c *cluster, rng *rand.Rand) error { return c.endAt(name, rng) }})
	}
	return all
}

// endAt starts a node again, so that it ends by itself when it comes to a moment, and waits until it
// has.
func (c *cluster) endAt(name failpoint.Name, rng *rand.Rand) error {
	n, nth := c.nodes[rng.IntN(3)], 1
	switch name {
	case failpoint.BeforeLogWrite, failpoint.AfterLogWrite:
		nth += rng.IntN(20)
	case failpoint.BeforeTruncation, failpoint.AfterTruncation:
		n = c.nodes[1+rng.IntN(2)] // the first one keeps all entries
	case failpoint.BeforeRestore, failpoint.AfterRestore:
		n = c.away()
	}
	n.kill()
	if err := n.startWith(name, nth); err != nil {
		return err
	}
	select {
	case <-n.exited:
	case <-time.After(20 * time.Second):
	}
	if n.cameTo() {
		c.ended[name]++
	}
	return nil
}

// away kills a node that does not lead, and waits until the leader has dropped what it misses: it
// will be sent a snapshot.
func (c *cluster) away() *node {
	leader := c.leader()
	for leader == c.nodes[0] { // it keeps all entries
		leader.kill()
		other := c.leader()
		require.NoError(c.t, leader.start())
		leader = other
	}
	n := c.others(leader)[1] // not the first one, whose log is replayed from the first entry on
	n.kill()
	first := c.status(leader).GetSnapshotIndex()
	require.Eventually(c.t, func() bool {
		return c.status(leader).GetSnapshotIndex() > first+2*snapshotEntries
	}, 60*time.Second, 50*time.Millisecond, "snapshots are taken")
	return n
}
