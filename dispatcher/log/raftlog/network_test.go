package raftlog_test

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/log/logtest"
	"github.com/quotasched/quotasched/dispatcher/log/peers"
	"github.com/quotasched/quotasched/dispatcher/log/raftlog"
	"github.com/quotasched/quotasched/internal/freeport"
)

// newNetworkCluster makes nodes that talk over TCP.
func newNetworkCluster(t testing.TB, tune func(*raftlog.Options), ids ...string) *cluster {
	c := &cluster{t: t, dir: t.TempDir(), nodes: map[string]*node{}, tune: tune}
	var members []raftlog.Address
	for _, id := range ids {
		address := freeport.ForTest(t)
		n := c.add(id)
		n.options.Peers = &peers.Options{Listen: address, Logger: n.options.Logger}
		members = append(members, raftlog.Address{ID: id, Address: address})
	}
	for _, n := range c.nodes {
		n.options.Bootstrap = members
		c.openNetwork(n)
	}
	t.Cleanup(func() {
		for _, n := range c.nodes {
			if n.log != nil {
				require.NoError(t, n.log.Close())
			}
		}
	})
	return c
}

func (c *cluster) openNetwork(n *node) {
	n.ledger = &logtest.Ledger{}
	var err error
	n.log, err = raftlog.Open(n.options, n.ledger)
	require.NoError(c.t, err)
}

func TestNodesTalkOverTheNetwork(t *testing.T) {
	t.Parallel()
	c := newNetworkCluster(t, nil, "a", "b", "c")
	c.must(nil, numbered("e", 20)...)
	c.agree()
	require.NoError(t, c.leader().log.Transfer(t.Context(), ""))
	c.must(nil, "more")
	c.agree()
	go func() {
		conn, err := c.nodes["b"].log.NodeListener().Accept()
		if err == nil {
			_, _ = conn.Write([]byte("hi"))
			conn.Close()
		}
	}()
	conn, err := c.nodes["a"].log.DialNode(t.Context(), "b")
	require.NoError(t, err)
	b := make([]byte, 2)
	_, err = conn.Read(b)
	require.NoError(t, err)
	require.Equal(t, "hi", string(b))
	require.NoError(t, conn.Close())
	_, err = c.nodes["a"].log.DialNode(t.Context(), "nobody")
	require.ErrorContains(t, err, "nobody")
}

// TestAnEmptyDiskNeedsANewID empties a node's directory: with its old id it could vote once more on
// what it has acknowledged already.
func TestAnEmptyDiskNeedsANewID(t *testing.T) {
	t.Parallel()
	c := newNetworkCluster(t, nil, "a", "b", "c")
	c.must(nil, numbered("e", 5)...)
	c.agree()
	leader := c.leader()
	wiped := c.nodes[c.others(leader.id)[0]]
	require.NoError(t, wiped.log.Close())
	require.NoError(t, os.RemoveAll(wiped.options.Dir))
	c.openNetwork(wiped)
	within(t, "the leader, which knows its old directory, says why", func() bool {
		_, err := leader.log.DialNode(t.Context(), wiped.id)
		return err != nil && strings.Contains(err.Error(), "another data directory; give it a new id")
	})
	c.must(c.others(wiped.id), "one more")
	require.Empty(t, wiped.ledger.Entries())
	require.NoError(t, wiped.log.Close())
	wiped.log = nil
}
