package strangers_test

import (
	"net"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/internal/strangers"
)

// conn knows whether it was closed.
type conn struct {
	net.Conn
	closed bool
}

func (c *conn) Close() error { c.closed = true; return nil }

func TestOneMoreClosesTheOldest(t *testing.T) {
	b := strangers.NewBound(2)
	var all [5]conn
	b.Add(&all[0])
	said := b.Add(&all[1])
	b.Add(&all[2])
	require.True(t, all[0].closed)
	said()
	said()
	b.Add(&all[3])
	require.False(t, all[1].closed || all[2].closed)
	b.Add(&all[4])
	require.True(t, all[2].closed)
	require.False(t, all[1].closed || all[3].closed || all[4].closed)
}
