package dispatcher

import (
	"cmp"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"time"

	"github.com/quotasched/quotasched/dispatcher/api"
	"github.com/quotasched/quotasched/dispatcher/log/peers"
	"github.com/quotasched/quotasched/dispatcher/log/raftlog"
	"github.com/quotasched/quotasched/dispatcher/node"
)

// Config says how a node is run.
type Config struct {
	// DataDir is where the node's files are; it is made if it is missing. Required.
	DataDir string
	// NodeID is the node's id: a lower-case letter, then at most 62 lower-case letters, digits and
	// dashes. Empty means "n1".
	NodeID string
	// Listen is the address for everything that clients want. Empty means 127.0.0.1:7878. Without an
	// Authorizer it must be a loopback address; port 0 means any free one.
	Listen string
	// URL is where clients reach this node, as they are told when it leads and they asked another
	// one. Empty means that it follows from Listen.
	URL string
	// TLS has the certificates for clients; nil means none. Required with an Authorizer, unless Listen
	// is a loopback address.
	TLS *TLS
	// Authorizer says who calls; nil means that everybody on this machine may do everything.
	Authorizer api.Authorizer

	// PeerListen is the address for the other nodes; empty means that there are none.
	PeerListen string
	// PeerAdvertise is where the other nodes reach this one; empty means PeerListen.
	PeerAdvertise string
	// PeerTLS has the certificates for the other nodes; nil means none, on loopback addresses alone.
	PeerTLS *peers.Files
	// Bootstrap are the first members of a new cluster, the same on each of them; none means that a
	// new node without PeerListen is a cluster by itself, and one with it waits until it is added.
	Bootstrap []raftlog.Address

	// SegmentBytes is the size of the files of the log; 0 means 64 MiB.
	SegmentBytes int
	// SnapshotEntries is after how many entries a snapshot is taken, and KeepEntries how many are kept
	// before it; 0 means 50,000 and 10,000.
	SnapshotEntries, KeepEntries uint64
	// SessionsMax is how many workers may have a session with this node; 0 means 20,000.
	SessionsMax int
	// ConnectionsMax is how many connections clients may have; 0 means 30,000. Beyond it health and
	// metrics are served, and nothing else.
	ConnectionsMax int
	// EventBytes and EventAge are how much, and for how long, events are kept; 0 means 1 GiB and 32
	// days.
	EventBytes int64
	EventAge   time.Duration
	// JournalBytes and JournalAge are how much, and for how long, is kept of the pools' journals; 0
	// means 1 GiB and 32 days.
	JournalBytes int64
	JournalAge   time.Duration
	// TraceEndpoint is the URL that spans are sent to, as OTLP over HTTP; empty means none.
	TraceEndpoint string

	// Logger gets what people should know. Required.
	Logger *slog.Logger
	// OnNode is called once, with what runs on the node, before OnReady: for programs that have a node
	// in their own process, and call it without a network.
	OnNode func(*node.Node)
	// OnReady is called once, with the node's URL, when it may serve.
	OnReady func(url string)

	// hooks plant faults; nil means those that the environment asks for.
	hooks *node.Hooks
}

// TLS are files, as PEM. They are read anew when they change.
type TLS struct {
	// Certificate and Key are the server's.
	Certificate, Key string
	// ClientAuthority has the certificates of those who sign clients' certificates; empty means that
	// clients have none, but tokens.
	ClientAuthority string
}

const (
	defaultListen      = "127.0.0.1:7878"
	defaultNodeID      = "n1"
	defaultSessionsMax = 20_000
	defaultConnections = 30_000
	defaultEventBytes  = 1 << 30
	defaultEventAge    = 32 * 24 * time.Hour

	defaultJournalBytes = 1 << 30
	defaultJournalAge   = 32 * 24 * time.Hour
)

func (c Config) withDefaults() Config {
	c.NodeID = cmp.Or(c.NodeID, defaultNodeID)
	c.Listen = cmp.Or(c.Listen, defaultListen)
	c.SessionsMax = cmp.Or(c.SessionsMax, defaultSessionsMax)
	c.ConnectionsMax = cmp.Or(c.ConnectionsMax, defaultConnections)
	c.EventBytes = cmp.Or(c.EventBytes, defaultEventBytes)
	c.EventAge = cmp.Or(c.EventAge, defaultEventAge)
	c.JournalBytes = cmp.Or(c.JournalBytes, defaultJournalBytes)
	c.JournalAge = cmp.Or(c.JournalAge, defaultJournalAge)
	if c.hooks == nil {
		hooks := node.HooksFromEnvironment()
		c.hooks = &hooks
	}
	if c.OnNode == nil {
		c.OnNode = func(*node.Node) {}
	}
	if c.OnReady == nil {
		c.OnReady = func(string) {}
	}
	return c
}

// check returns what is wrong. The log checks ids, members and the peers' addresses.
func (c Config) check() error {
	if c.DataDir == "" {
		return errors.New("no data directory is given")
	}
	if c.Logger == nil {
		return errors.New("no logger is given")
	}
	host, _, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return fmt.Errorf("listen: %q is not HOST:PORT: %w", c.Listen, err)
	}
	switch {
	case c.Authorizer == nil && !api.IsLoopback(host):
		return fmt.Errorf("listen: without authentication this server serves its own machine alone, "+
			"and %s is not a loopback address", c.Listen)
	case c.Authorizer != nil && c.TLS == nil && !api.IsLoopback(host):
		return fmt.Errorf("listen: %s is not a loopback address, and tokens must not be sent without "+
			"TLS: give a certificate", c.Listen)
	case c.TLS != nil && (c.TLS.Certificate == "" || c.TLS.Key == ""):
		return errors.New("TLS: a certificate and its key belong together")
	case c.SessionsMax < 0:
		return fmt.Errorf("sessions: %d is less than 0", c.SessionsMax)
	case c.ConnectionsMax < 0:
		return fmt.Errorf("connections: %d is less than 0", c.ConnectionsMax)
	case c.EventBytes < 0 || c.EventAge < 0:
		return errors.New("events: what is kept is less than nothing")
	case c.JournalBytes < 0 || c.JournalAge < 0:
		return errors.New("journals: what is kept is less than nothing")
	}
	for name, text := range map[string]string{"URL": c.URL, "trace endpoint": c.TraceEndpoint} {
		if text == "" {
			continue
		}
		u, err := url.Parse(text)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
			return fmt.Errorf("%s: %q is not a URL that begins with http:// or https://", name, text)
		}
	}
	return nil
}

// url is where clients reach the node that listens on an address.
func (c Config) url(listening net.Addr) string {
	if c.URL != "" {
		return c.URL
	}
	scheme := "http"
	if c.TLS != nil {
		scheme = "https"
	}
	host, _, err := net.SplitHostPort(c.Listen)
	_, port, err2 := net.SplitHostPort(listening.String())
	if err != nil || err2 != nil {
		return scheme + "://" + listening.String()
	}
	return scheme + "://" + net.JoinHostPort(host, port)
}
