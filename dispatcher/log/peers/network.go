package peers

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"github.com/quotasched/quotasched/dispatcher/internal/strangers"
)

// A Network is one node's end of all connections with its peers.
type Network struct {
	options  Options
	self     func() Hello
	check    func(Hello) error
	certs    *certificates // nil without TLS
	listener net.Listener
	kinds    map[Kind]*Listener

	closed    chan struct{}
	once      sync.Once
	strangers *strangers.Bound // connections without a hello
	running   sync.WaitGroup   // the accepting goroutine and the handshakes
}

// Listen begins to listen. What other nodes say of themselves goes through check, which may refuse
// it, and is called from many goroutines.
func Listen(o Options, self func() Hello, check func(Hello) error) (*Network, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	o = o.withDefaults()
	n := &Network{options: o, self: self, check: check, closed: make(chan struct{}),
		strangers: strangers.NewBound(o.StrangersMax)}
	if o.TLS != nil {
		var err error
		if n.certs, err = loadCertificates(*o.TLS); err != nil {
			return nil, fmt.Errorf("certificates of peers: %w", err)
		}
	}
	var err error
	if n.listener, err = net.Listen("tcp", o.Listen); err != nil {
		return nil, err
	}
	n.kinds = map[Kind]*Listener{Raft: n.listen(), Calls: n.listen()}
	n.running.Add(1)
	go n.accept()
	return n, nil
}

// Addr is where it listens.
func (n *Network) Addr() net.Addr { return n.listener.Addr() }

// Listener returns connections of a kind that peers open.
func (n *Network) Listener(k Kind) *Listener { return n.kinds[k] }

// Close ends listening, and the handshakes under way. Connections that were handed out stay.
func (n *Network) Close() error {
	err := net.ErrClosed
	n.once.Do(func() {
		close(n.closed)
		err = n.listener.Close()
	})
	n.running.Wait()
	return err
}

func (n *Network) accept() {
	defer n.running.Done()
	for {
		conn, err := n.listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		} else if err != nil {
			n.options.Logger.Warn("a peer's connection was not accepted", "error", err)
			select { // of open files there may be none left for a while
			case <-time.After(100 * time.Millisecond):
			case <-n.closed:
			}
			continue
		}
		n.running.Add(1)
		go n.greet(conn, n.strangers.Add(conn))
	}
}

// greet says hello to who opened a connection, and hands it to the listener of its kind. It calls
// known when that has happened.
func (n *Network) greet(conn net.Conn, known func()) {
	defer n.running.Done()
	defer known()
	ctx, cancel := n.deadline(context.Background())
	defer cancel()
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	defer stop()
	secured, kind, err := n.welcome(ctx, conn)
	if err == nil && !stop() {
		err = ctx.Err()
	}
	if err != nil {
		n.options.Logger.Warn("a connection to the peers' port was refused", "remote",
			conn.RemoteAddr(), "error", err)
		conn.Close()
		return
	}
	known()
	n.kinds[kind].hand(secured, n.options.HandshakeTimeout)
}

// welcome is what greet does, but for the deadline.
func (n *Network) welcome(ctx context.Context, conn net.Conn) (net.Conn, Kind, error) {
	conn, err := n.secure(ctx, conn, tls.Server)
	if err != nil {
		return nil, 0, err
	}
	kind, hello, err := readRequest(conn)
	if err == nil {
		err = n.checkHello(conn, hello)
		if err != nil {
			return nil, 0, errors.Join(err, writeHello(conn, no, err.Error()))
		}
	}
	if err == nil {
		err = writeHello(conn, welcome, n.self())
	}
	return conn, kind, err
}

// Dial opens a connection of a kind, and returns it after both have said hello.
func (n *Network) Dial(ctx context.Context, k Kind, address string) (net.Conn, error) {
	ctx, cancel := n.deadline(ctx)
	defer cancel()
	conn, err := n.options.Dial(ctx, address)
	if err != nil {
		return nil, err
	}
	stop := context.AfterFunc(ctx, func() { conn.Close() })
	secured, err := n.secure(ctx, conn, tls.Client)
	if err == nil {
		err = writeHello(secured, byte(k), n.self())
	}
	var hello Hello
	if err == nil {
		hello, err = readAnswer(secured)
	}
	if err == nil {
		err = n.checkHello(secured, hello)
	}
	if !stop() && err == nil {
		err = ctx.Err()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("peer at %s: %w", address, err), conn.Close())
	}
	return secured, nil
}

func (n *Network) secure(ctx context.Context, conn net.Conn,
	side func(net.Conn, *tls.Config) *tls.Conn) (net.Conn, error) {
	if n.certs == nil {
		return conn, nil
	}
	config, err := n.certs.config()
	if err != nil {
		return nil, err
	}
	secured := side(conn, config)
	return secured, secured.HandshakeContext(ctx)
}

func (n *Network) checkHello(conn net.Conn, h Hello) error {
	if secured, ok := conn.(*tls.Conn); ok {
		if err := checkName(secured.ConnectionState(), h.Node); err != nil {
			return err
		}
	}
	return n.check(h)
}

// deadline is that of a handshake, which also ends with the network.
func (n *Network) deadline(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithTimeout(ctx, n.options.HandshakeTimeout)
	go func() {
		select {
		case <-n.closed:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}
