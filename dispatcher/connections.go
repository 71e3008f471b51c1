package dispatcher

import (
	"bufio"
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"net/http"
	"strings"
	"sync"

	"connectrpc.com/grpchealth"

	"github.com/quotasched/quotasched/dispatcher/internal/strangers"
)

const (
	// silentMax is how many connections may be open on which no request has come yet. One more closes
	// the oldest of them.
	silentMax = 1000
	// spareConnections are those beyond Config.ConnectionsMax. They are told of health and metrics
	// alone, and that there are too many; one more is closed at once.
	spareConnections = 100
	// readAhead is how many bytes are read of a connection at once, if they are there: nearly all
	// calls and reports. For more, it is read into the memory of whom they are for.
	readAhead = 1 << 10
)

// connections are those of clients, of which there is a bound. It is a net.Listener.
type connections struct {
	net.Listener
	max    int
	silent *strangers.Bound

	mu   sync.Mutex
	open int
}

func limitConnections(l net.Listener, max int) *connections {
	return &connections{Listener: l, max: max, silent: strangers.NewBound(silentMax)}
}

// A connection is one of a client.
type connection struct {
	net.Conn
	in     *bufio.Reader // what net/http reads in small pieces: the head of a frame, one byte ahead
	all    *connections
	heard  func() // a request has come, or none will
	closed sync.Once

	spare bool // guarded by all.mu
}

// Accept implements net.Listener.
func (c *connections) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		c.mu.Lock()
		full := c.open >= c.max+spareConnections
		if !full {
			c.open++
			taken := &connection{Conn: conn, in: bufio.NewReaderSize(conn, readAhead), all: c,
				spare: c.open > c.max}
			c.mu.Unlock()
			taken.heard = c.silent.Add(taken)
			return taken, nil
		}
		c.mu.Unlock()
		conn.Close() // it was not taken
	}
}

// Read implements net.Conn.
func (c *connection) Read(b []byte) (int, error) { return c.in.Read(b) }

// Close implements net.Conn.
func (c *connection) Close() error {
	c.closed.Do(func() {
		c.all.mu.Lock()
		defer c.all.mu.Unlock()
		c.all.open--
	})
	return c.Conn.Close()
}

// isSpare reports whether there are too many connections for this one to be served.
func (c *connection) isSpare() bool {
	c.all.mu.Lock()
	defer c.all.mu.Unlock()
	c.spare = c.spare && c.all.open > c.all.max
	return c.spare
}

type connectionKey struct{}

// withConnection is http.Server's ConnContext.
func withConnection(ctx context.Context, c net.Conn) context.Context {
	if secured, ok := c.(*tls.Conn); ok {
		c = secured.NetConn()
	}
	return context.WithValue(ctx, connectionKey{}, c)
}

// onFew serves requests, unless there are too many connections.
func (c *connections) onFew(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if one, ok := r.Context().Value(connectionKey{}).(*connection); ok {
			one.heard()
			if one.isSpare() && !isAlwaysServed(r.URL.Path) {
				w.Header().Set("Connection", "close")
				http.Error(w, fmt.Sprintf("this node has more than %d connections, as many as it may", c.max),
					http.StatusServiceUnavailable)
				return
			}
		}
		next.ServeHTTP(w, r)
	})
}

// isAlwaysServed reports whether those who look after a node ask for a path.
func isAlwaysServed(path string) bool {
	return path == "/healthz" || path == "/readyz" || path == "/metrics" ||
		strings.HasPrefix(path, "/"+grpchealth.HealthV1ServiceName+"/")
}
