package peers

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"time"
)

// Options say how peers are reached.
type Options struct {
	// Listen is the address to listen on.
	Listen string
	// TLS has the certificates; nil means none, on loopback addresses alone.
	TLS *Files
	// Logger is required.
	Logger *slog.Logger
	// HandshakeTimeout is how long a connection may take to say hello; 0 means 10 s.
	HandshakeTimeout time.Duration
	// StrangersMax is how many connections may be without a hello at once; 0 means 64. One more
	// closes the oldest.
	StrangersMax int
	// Dial opens a connection; nil means TCP.
	Dial func(ctx context.Context, address string) (net.Conn, error)
}

// A Kind is what a connection is for.
type Kind byte

// The kinds of connections.
const (
	Raft  Kind = 'R'
	Calls Kind = 'N'
)

// A Hello is what a node says of itself.
type Hello struct {
	Cluster   string `json:"cluster"`
	Node      string `json:"node"`
	Directory string `json:"directory"`
}

func (o Options) withDefaults() Options {
	o.HandshakeTimeout = cmp.Or(o.HandshakeTimeout, 10*time.Second)
	o.StrangersMax = cmp.Or(o.StrangersMax, 64)
	if o.Dial == nil {
		o.Dial = func(ctx context.Context, address string) (net.Conn, error) {
			var d net.Dialer
			return d.DialContext(ctx, "tcp", address)
		}
	}
	return o
}

func (o Options) check() error {
	if o.Logger == nil {
		return errors.New("no logger is given")
	}
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		return fmt.Errorf("peers listen on %q: %w", o.Listen, err)
	}
	ip := net.ParseIP(host)
	if o.TLS == nil && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return fmt.Errorf("peers listen on %s: without certificates only loopback addresses can be "+
			"used", o.Listen)
	}
	return nil
}
