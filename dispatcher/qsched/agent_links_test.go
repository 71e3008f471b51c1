package main

import (
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// link is a way to the server that can be cut, or hold back all that goes through it.
type link struct {
	listener net.Listener
	server   string

	mu    sync.Mutex
	cut   bool
	held  chan struct{} // closed when nothing is held back
	conns map[net.Conn]bool
	wg    sync.WaitGroup
}

// newLink returns a link to a server at HOST:PORT, which ends with the test.
func newLink(t *testing.T, server string) *link {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	l := &link{listener: listener, server: server, held: make(chan struct{}),
		conns: map[net.Conn]bool{}}
	close(l.held)
	l.wg.Go(l.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		l.heal()
		l.setCut()
		l.wg.Wait()
	})
	return l
}

func (l *link) url() string { return "http://" + l.listener.Addr().String() }

func (l *link) accept() {
	for {
		conn, err := l.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", l.server)
		if err != nil || !l.add(conn, server) {
			_ = conn.Close()
			continue
		}
		l.wg.Go(func() { l.copy(conn, server) })
		l.wg.Go(func() { l.copy(server, conn) })
	}
}

// add notes a connection, unless the link is cut.
func (l *link) add(conn, server net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cut {
		_ = server.Close()
		return false
	}
	l.conns[conn], l.conns[server] = true, true
	return true
}

func (l *link) copy(to, from net.Conn) {
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.conns, from)
		_ = to.Close()
		_ = from.Close()
	}()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		l.mu.Lock()
		held := l.held
		l.mu.Unlock()
		<-held
		if _, err2 := to.Write(buf[:n]); err != nil || err2 != nil {
			return
		}
	}
}

// setCut ends all connections, and lets no other one begin.
func (l *link) setCut() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = true
	for c := range l.conns {
		_ = c.Close()
	}
}

// hold lets nothing through, and ends no connection.
func (l *link) hold() {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.held:
		l.held = make(chan struct{})
	default:
	}
}

// heal ends what cut and hold began.
func (l *link) heal() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cut = false
	select {
	case <-l.held:
	default:
		close(l.held)
	}
}
