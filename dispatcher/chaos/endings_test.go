//go:build linux

package chaos

import (
	"context"
	"math/rand/v2"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/internal/failpoint"
	"github.com/quotasched/quotasched/protos/dispatch"
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
		leader := c.nodes[1+rng.IntN(2)]
		c.lead(leader)
		n = c.others(leader)[1]
		c.leaveBehind(n, leader)
	}
	if name == failpoint.Sending {
		n = c.nodes[1]
		if err := c.endSending(n, c.nodes[2]); err != nil {
			return err
		}
	} else {
		n.kill()
		if err := n.startWith(name, nth); err != nil {
			return err
		}
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

// endSending has a leader end while it sends another node a snapshot.
func (c *cluster) endSending(leader, to *node) error {
	leader.kill()
	if err := leader.startWith(failpoint.Sending, 1); err != nil {
		return err
	}
	c.lead(leader)
	if leader.cameTo() { // some node was behind already
		return nil
	}
	c.leaveBehind(to, leader)
	return to.start()
}

// lead hands the lead to a node, unless that ends before.
func (c *cluster) lead(n *node) {
	for deadline := time.Now().Add(time.Minute); !n.cameTo() && c.leader() != n; {
		require.Less(c.t, time.Now(), deadline, "%s does not come to lead", n.setup.ID)
		ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Second)
		_, err := c.client(c.leader().url()).Cluster.TransferLeadership(ctx, connect.NewRequest(
			&dispatch.TransferLeadershipRequest{Id: n.setup.ID}))
		cancel()
		if err != nil {
			<-time.After(50 * time.Millisecond)
		}
	}
}

// leaveBehind kills a node, and waits until the leader has dropped what it misses: it will be sent a
// snapshot.
func (c *cluster) leaveBehind(n, leader *node) {
	n.kill()
	first := c.status(leader).GetSnapshotIndex()
	require.Eventually(c.t, func() bool {
		return leader.cameTo() || c.status(leader).GetSnapshotIndex() > first+2*snapshotEntries
	}, 60*time.Second, 50*time.Millisecond, "snapshots are taken")
}
