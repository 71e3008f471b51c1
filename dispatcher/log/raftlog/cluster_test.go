package raftlog_test

import (
	"context"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"github.com/hashicorp/raft"
	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/log"
	"github.com/quotasched/quotasched/dispatcher/log/logtest"
	"github.com/quotasched/quotasched/dispatcher/log/raftlog"
)

// patience is how long a test waits for what happens within a second on an idle machine.
const patience = 30 * time.Second

// A node is a member of a cluster in this process.
type node struct {
	id        string
	options   raftlog.Options
	log       *raftlog.Log
	ledger    *logtest.Ledger
	transport *raft.InmemTransport
}

// A cluster is nodes that reach each other through memory.
type cluster struct {
	t     testing.TB
	dir   string
	nodes map[string]*node
	tune  func(*raftlog.Options)
}

// quick are settings with which an election takes a fifth of a second.
func quick(o *raftlog.Options) {
	o.Heartbeat, o.Election, o.Lease = 150*time.Millisecond, 150*time.Millisecond,
		100*time.Millisecond
	o.WriteLimit = patience
	o.SegmentBytes = 1 << 20
	o.Logger = slog.New(slog.DiscardHandler)
}

func address(id string) string { return "memory:" + id }

// newCluster makes nodes with these ids; tune may change their options.
func newCluster(t testing.TB, tune func(*raftlog.Options), ids ...string) *cluster {
	c := &cluster{t: t, dir: t.TempDir(), nodes: map[string]*node{}, tune: tune}
	for _, id := range ids {
		n := c.add(id)
		for _, other := range ids {
			n.options.Bootstrap = append(n.options.Bootstrap, raftlog.Address{ID: other,
				Address: address(other)})
		}
	}
	for _, id := range ids {
		c.open(id)
	}
	t.Cleanup(func() {
		for _, n := range c.nodes {
			c.close(n.id)
		}
	})
	return c
}

// add makes a node that waits until it is added.
func (c *cluster) add(id string) *node {
	n := &node{id: id, ledger: &logtest.Ledger{}}
	n.options = raftlog.Options{Dir: filepath.Join(c.dir, id), NodeID: id}
	quick(&n.options)
	if c.tune != nil {
		c.tune(&n.options)
	}
	c.nodes[id] = n
	return n
}

func (c *cluster) open(id string) {
	n := c.nodes[id]
	refuse := n.ledger.Refuse
	n.ledger = &logtest.Ledger{Refuse: refuse}
	_, n.transport = raft.NewInmemTransport(raft.ServerAddress(address(id)))
	n.options.Transport = n.transport
	var err error
	n.log, err = raftlog.Open(n.options, n.ledger)
	require.NoError(c.t, err)
	c.connect(id)
}

func (c *cluster) close(id string) {
	if n := c.nodes[id]; n.log != nil {
		c.cut(id)
		require.NoError(c.t, n.log.Close())
		n.log = nil
	}
}

func (c *cluster) connect(id string) {
	n := c.nodes[id]
	for _, other := range c.nodes {
		if other.log != nil && other != n {
			n.transport.Connect(raft.ServerAddress(address(other.id)), other.transport)
			other.transport.Connect(raft.ServerAddress(address(id)), n.transport)
		}
	}
}

func (c *cluster) cut(id string) {
	n := c.nodes[id]
	n.transport.DisconnectAll()
	for _, other := range c.nodes {
		if other.log != nil {
			other.transport.Disconnect(raft.ServerAddress(address(id)))
		}
	}
}

// within waits until something holds.
func within(t testing.TB, what string, holds func() bool) {
	t.Helper()
	require.Eventually(t, holds, patience, 2*time.Millisecond, what)
}

// leader waits until one of these nodes leads, all of them without ids.
func (c *cluster) leader(ids ...string) (leader *node) {
	c.t.Helper()
	within(c.t, "a node leads", func() bool {
		for id, n := range c.nodes {
			if n.log == nil || len(ids) > 0 && !contains(ids, id) {
				continue
			}
			if n.log.Status().Leading {
				leader = n
				return true
			}
		}
		return false
	})
	return leader
}

func contains(ids []string, id string) bool {
	for _, i := range ids {
		if i == id {
			return true
		}
	}
	return false
}

// others are all ids but some.
func (c *cluster) others(but ...string) (ids []string) {
	for id := range c.nodes {
		if !contains(but, id) {
			ids = append(ids, id)
		}
	}
	return ids
}

func (n *node) append(ctx context.Context, entry string) error {
	_, _, err := n.log.Append(ctx, []byte(entry))
	return err
}

// must appends entries until each is acknowledged, by whoever leads. One may be there twice, if it was
// not known whether it was appended.
func (c *cluster) must(ids []string, entries ...string) {
	c.t.Helper()
	for _, e := range entries {
		within(c.t, "appends "+e, func() bool {
			ctx, cancel := context.WithTimeout(c.t.Context(), time.Second)
			defer cancel()
			return c.leader(ids...).append(ctx, e) == nil
		})
	}
}

// agree waits until all nodes have the same entries.
func (c *cluster) agree(ids ...string) {
	c.t.Helper()
	if len(ids) == 0 {
		ids = c.others()
	}
	within(c.t, "all nodes agree", func() bool {
		first, hash := c.nodes[ids[0]].ledger.State()
		for _, id := range ids[1:] {
			if index, h := c.nodes[id].ledger.State(); index != first || h != hash {
				return false
			}
		}
		return true
	})
}

func numbered(prefix string, n int) (entries []string) {
	for i := range n {
		entries = append(entries, fmt.Sprintf("%s%d", prefix, i))
	}
	return entries
}

var _ log.Log = (*raftlog.Log)(nil)
