//go:build linux

package chaos

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/dispatcher/internal/failpoint"
	"github.com/quotasched/quotasched/dispatcher/log/raftlog"
	"github.com/quotasched/quotasched/internal/freeport"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// diskBytes is how large the disk of the node is that it may fill: what all rounds leave must fit.
var diskBytes = 64<<20 + rounds()<<22

// A cluster is three nodes and the links between them.
type cluster struct {
	t       *testing.T
	nodes   []*node
	network *network
	// ended counts how often processes ended where startWith said.
	ended map[failpoint.Name]int
	// small is the node with a disk of its own; nil if this user may not make one.
	small *node
}

func newCluster(t *testing.T) *cluster {
	c := &cluster{t: t, network: newNetwork(), ended: map[failpoint.Name]int{}}
	dir := t.TempDir()
	var members []raftlog.Address
	for i := range 3 {
		n := &node{setup: setup{ID: fmt.Sprintf("n%d", i+1), Dir: filepath.Join(dir, fmt.Sprint("n", i+1)),
			Listen: freeport.ForTest(t), Peer: freeport.ForTest(t)}}
		require.NoError(t, os.MkdirAll(n.setup.Dir, 0o700))
		n.logPath, n.clock = n.setup.Dir+".log", n.setup.Dir+".clock"
		n.setup.Advertise = c.network.serve(t, n.setup.ID, n.setup.Peer)
		members = append(members, raftlog.Address{ID: n.setup.ID, Address: n.setup.Advertise})
		c.nodes = append(c.nodes, n)
	}
	c.mountSmall(c.nodes[2])
	for i, n := range c.nodes {
		n.setup.Members = members
		// The first node keeps all entries, so that they can be replayed; the others send snapshots.
		n.setup.KeepEntries = []uint64{1 << 40, 20, 20}[i]
		require.NoError(t, n.start())
	}
	t.Cleanup(c.close)
	return c
}

// mountSmall gives a node a small disk, if this user may.
func (c *cluster) mountSmall(n *node) {
	err := syscall.Mount("tmpfs", n.setup.Dir, "tmpfs", 0, fmt.Sprint("size=", diskBytes))
	if err != nil {
		c.t.Logf("no disk is filled, as this user may not mount one: %v", err)
		return
	}
	c.small = n
}

func (c *cluster) close() {
	for _, n := range c.nodes {
		n.kill()
	}
	if err := c.network.close(); err != nil {
		c.t.Error(err)
	}
	if c.t.Failed() {
		c.showLogs()
	}
	if c.small != nil {
		if err := syscall.Unmount(c.small.setup.Dir, 0); err != nil {
			c.t.Error(err)
		}
	}
}

// showLogs prints the end of what each node logged.
func (c *cluster) showLogs() {
	for _, n := range c.nodes {
		b, err := os.ReadFile(n.logPath)
		if err == nil {
			c.t.Logf("%s:\n%s", n.setup.ID, b[max(0, len(b)-4000):])
		}
	}
}

func (c *cluster) urls() (urls []string) {
	for _, n := range c.nodes {
		urls = append(urls, n.url())
	}
	return urls
}

// client returns one that knows all nodes, or those that are given.
func (c *cluster) client(urls ...string) *client.Client {
	if len(urls) == 0 {
		urls = c.urls()
	}
	out, err := client.New(client.Config{Servers: urls, TryTimeout: time.Second,
		Patience: 20 * time.Second})
	require.NoError(c.t, err)
	c.t.Cleanup(out.Close)
	return out
}

// status is what a node says of itself, nil if it does not answer.
func (c *cluster) status(n *node) *dispatch.GetStatusResponse {
	one, err := client.New(client.Config{Servers: []string{n.url()}, Timeout: 300 * time.Millisecond,
		Patience: time.Millisecond})
	require.NoError(c.t, err)
	defer one.Close()
	ctx, cancel := context.WithTimeout(c.t.Context(), 300*time.Millisecond)
	defer cancel()
	r, err := one.Cluster.GetStatus(ctx, connect.NewRequest(&dispatch.GetStatusRequest{}))
	if err != nil {
		return nil
	}
	return r.Msg
}

// leader returns the node that leads with the newest term.
func (c *cluster) leader() (leader *node) {
	require.Eventually(c.t, func() bool {
		term := uint64(0)
		for _, n := range c.nodes {
			s := c.status(n)
			for _, m := range s.GetMembers() {
				if m.GetLeader() && m.GetId() == n.setup.ID && s.GetTerm() > term {
					leader, term = n, s.GetTerm()
				}
			}
		}
		return leader != nil
	}, 30*time.Second, 10*time.Millisecond, "a node leads")
	return leader
}

// others are all nodes but one.
func (c *cluster) others(but *node) (others []*node) {
	for _, n := range c.nodes {
		if n != but {
			others = append(others, n)
		}
	}
	return others
}

// heal ends all faults.
func (c *cluster) heal() {
	c.network.heal()
	for _, n := range c.nodes {
		if n.full != nil {
			n.full()
			n.full = nil
			b, err := os.ReadFile(n.logPath)
			require.NoError(c.t, err)
			c.t.Logf("node %s said %d times that there is no space", n.setup.ID,
				bytes.Count(b, []byte("no space left")))
		}
		require.NoError(c.t, n.setClock(0))
		if n.halted {
			require.NoError(c.t, n.signal(syscall.SIGCONT))
		}
		select {
		case <-n.exited:
			if err := n.ended(); err != nil && n.failpoint == "" {
				c.t.Logf("it ended by itself: %v", err)
			}
			require.NoError(c.t, n.start())
		default:
			if n.failpoint != "" { // it did not come there
				n.kill()
				require.NoError(c.t, n.start())
			}
		}
	}
}
