package raftlog

import (
	"context"
	"errors"
	"io"
	"net"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quotasched/quotasched/dispatcher/internal/failpoint"

	"github.com/quotasched/quotasched/dispatcher/log/peers"
)

// streams are connections of raft between peers.
type streams struct {
	*peers.Listener
	network *peers.Network
	address net.Addr
}

// Dial implements raft.StreamLayer.
func (s streams) Dial(address raft.ServerAddress, timeout time.Duration) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(context.Background(), timeout)
	defer cancel()
	return s.network.Dial(ctx, peers.Raft, string(address))
}

// Addr implements net.Listener: it is where the others reach this node.
func (s streams) Addr() net.Addr { return s.address }

// advertised is an address that stands for itself.
type advertised string

func (a advertised) Network() string { return "tcp" }
func (a advertised) String() string  { return string(a) }

// A transport is raft's, which notes when each follower was last heard of and how far it is.
type transport struct {
	raft.Transport
	inFlight   int
	failpoints *failpoint.Plan
	mu         sync.Mutex
	contacts   map[raft.ServerID]contact
	changed    chan struct{}
}

// A contact is what a follower last answered.
type contact struct {
	at   time.Time
	last uint64 // the newest entry that it has of this leader's
}

func newTransport(inner raft.Transport, o Options) *transport {
	return &transport{Transport: inner, inFlight: o.InFlight, failpoints: o.Failpoints,
		contacts: map[raft.ServerID]contact{},
		changed:  make(chan struct{})}
}

// AppendEntries implements raft.Transport.
func (t *transport) AppendEntries(id raft.ServerID, target raft.ServerAddress,
	args *raft.AppendEntriesRequest, resp *raft.AppendEntriesResponse) error {
	err := t.Transport.AppendEntries(id, target, args, resp)
	if err == nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		c := t.contacts[id]
		c.at = time.Now()
		if resp.Success && (len(args.Entries) > 0 || args.PrevLogEntry > 0) { // no heartbeat
			c.last = args.PrevLogEntry + uint64(len(args.Entries))
			close(t.changed)
			t.changed = make(chan struct{})
		}
		t.contacts[id] = c
	}
	return err
}

// InstallSnapshot implements raft.Transport.
func (t *transport) InstallSnapshot(id raft.ServerID, target raft.ServerAddress,
	args *raft.InstallSnapshotRequest, resp *raft.InstallSnapshotResponse, data io.Reader) error {
	return t.Transport.InstallSnapshot(id, target, args, resp,
		&sentSnapshot{Reader: data, failpoints: t.failpoints})
}

// A sentSnapshot is one that is being sent.
type sentSnapshot struct {
	io.Reader
	failpoints *failpoint.Plan
	begun      bool
}

// Read implements io.Reader.
func (s *sentSnapshot) Read(b []byte) (int, error) {
	if s.begun {
		s.failpoints.At(failpoint.Sending)
	}
	s.begun = true
	return s.Reader.Read(b)
}

// AppendEntriesPipeline implements raft.Transport.
func (t *transport) AppendEntriesPipeline(id raft.ServerID, target raft.ServerAddress) (
	raft.AppendPipeline, error) {
	if t.inFlight <= 1 {
		return nil, raft.ErrPipelineReplicationNotSupported
	}
	return t.Transport.AppendEntriesPipeline(id, target)
}

// RequestPreVote implements raft.WithPreVote.
func (t *transport) RequestPreVote(id raft.ServerID, target raft.ServerAddress,
	args *raft.RequestPreVoteRequest, resp *raft.RequestPreVoteResponse) error {
	if inner, ok := t.Transport.(raft.WithPreVote); ok {
		return inner.RequestPreVote(id, target, args, resp)
	}
	return errors.New("the transport knows no pre-vote")
}

// Close implements raft.WithClose.
func (t *transport) Close() error {
	if inner, ok := t.Transport.(raft.WithClose); ok {
		return inner.Close()
	}
	return nil
}

// contact returns when a follower was last heard of, and what is closed when any is.
func (t *transport) contact(id string) (contact, <-chan struct{}) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.contacts[raft.ServerID(id)], t.changed
}

// forget drops what is known of a follower, so that nothing of before counts.
func (t *transport) forget(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.contacts, raft.ServerID(id))
}
