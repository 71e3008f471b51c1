package peers

import (
	"net"
	"sync"
	"time"
)

// A Listener is a net.Listener of the connections of one kind. Closing it leaves the other kinds as
// they are.
type Listener struct {
	network *Network
	conns   chan net.Conn
	closed  chan struct{}
	once    sync.Once
}

func (n *Network) listen() *Listener {
	return &Listener{network: n, conns: make(chan net.Conn), closed: make(chan struct{})}
}

// hand gives a connection to who accepts, and closes it if nobody does in time.
func (l *Listener) hand(conn net.Conn, limit time.Duration) {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case l.conns <- conn:
		return
	case <-l.closed:
	case <-l.network.closed:
	case <-timer.C:
	}
	conn.Close()
}

// Accept implements net.Listener.
func (l *Listener) Accept() (net.Conn, error) {
	select {
	case conn := <-l.conns:
		return conn, nil
	case <-l.closed:
	case <-l.network.closed:
	}
	return nil, net.ErrClosed
}

// Close implements net.Listener.
func (l *Listener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

// Addr implements net.Listener.
func (l *Listener) Addr() net.Addr { return l.network.Addr() }
