//go:build linux

package chaos

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/log/peers"
)

// A direction is from one node to another.
type direction struct{ from, to string }

// A network is the links between nodes: a proxy before each of them.
type network struct {
	mu      sync.Mutex
	changed chan struct{}
	cut     map[direction]bool
	delay   map[direction]time.Duration

	listeners []net.Listener
	conns     map[net.Conn]bool
	running   sync.WaitGroup
	closed    chan struct{}
}

func newNetwork() *network {
	return &network{changed: make(chan struct{}), cut: map[direction]bool{},
		delay: map[direction]time.Duration{}, conns: map[net.Conn]bool{}, closed: make(chan struct{})}
}

// serve begins a proxy before a node, and returns where it listens.
func (n *network) serve(t *testing.T, node, target string) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	n.listeners = append(n.listeners, l)
	n.running.Go(func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			n.running.Go(func() { n.forward(conn, node, target) })
		}
	})
	return l.Addr().String()
}

// forward carries one connection.
func (n *network) forward(in net.Conn, node, target string) {
	defer in.Close()
	if !n.keep(in) {
		return
	}
	defer n.drop(in)
	hello, from, err := readHello(in)
	if err != nil {
		return
	}
	out, err := net.Dial("tcp", target)
	if err != nil {
		return
	}
	defer out.Close()
	if !n.keep(out) {
		return
	}
	defer n.drop(out)
	var both sync.WaitGroup
	both.Go(func() { n.pump(in, out, direction{from, node}, hello); out.Close() })
	both.Go(func() { n.pump(out, in, direction{node, from}, nil); in.Close() })
	both.Wait()
}

// readHello reads who dials.
func readHello(r io.Reader) (b []byte, node string, err error) {
	b = make([]byte, 3)
	if _, err := io.ReadFull(r, b); err != nil {
		return nil, "", err
	}
	text := make([]byte, binary.BigEndian.Uint16(b[1:]))
	if _, err := io.ReadFull(r, text); err != nil {
		return nil, "", err
	}
	var h peers.Hello
	err = json.Unmarshal(text, &h)
	return append(b, text...), h.Node, err
}

// pump carries bytes one way, as the links are at each moment.
func (n *network) pump(from io.Reader, to io.Writer, d direction, first []byte) {
	buffer := make([]byte, 32<<10)
	chunk := first
	for {
		if len(chunk) > 0 {
			if !n.pass(d) {
				return
			}
			if _, err := to.Write(chunk); err != nil {
				return
			}
		}
		k, err := from.Read(buffer)
		if chunk = buffer[:k]; err != nil {
			return
		}
	}
}

// pass waits until a chunk may go on; false if the network has ended.
func (n *network) pass(d direction) bool {
	for {
		n.mu.Lock()
		cut, delay, changed := n.cut[d], n.delay[d], n.changed
		n.mu.Unlock()
		if !cut {
			select {
			case <-time.After(delay):
				return true
			case <-n.closed:
				return false
			}
		}
		select {
		case <-changed:
		case <-n.closed:
			return false
		}
	}
}

func (n *network) change(f func()) {
	n.mu.Lock()
	defer n.mu.Unlock()
	f()
	close(n.changed)
	n.changed = make(chan struct{})
}

// heal makes all links well.
func (n *network) heal() {
	n.change(func() { clear(n.cut); clear(n.delay) })
}

func (n *network) keep(c net.Conn) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	select {
	case <-n.closed:
		return false
	default:
		n.conns[c] = true
		return true
	}
}

func (n *network) drop(c net.Conn) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.conns, c)
}

func (n *network) close() error {
	var errs []error
	n.mu.Lock()
	close(n.closed)
	for _, l := range n.listeners {
		errs = append(errs, l.Close())
	}
	for c := range n.conns {
		c.Close()
	}
	n.mu.Unlock()
	n.running.Wait()
	return errors.Join(errs...)
}
