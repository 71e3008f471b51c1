package raftlog

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quotasched/quotasched/dispatcher/log"
	"github.com/quotasched/quotasched/dispatcher/log/peers"
)

// A Log is one node's part of a log. It implements log.Log.
type Log struct {
	options   Options
	dir       *directory
	store     *store
	snapshots *snapshots
	applied   *appliedFile
	machine   *machine
	network   *peers.Network // nil without peers
	transport *transport
	raft      *raft.Raft
	lead      leadership
	verifying verification
	member    sync.Mutex // held by who changes members

	started  atomic.Bool // raft is set
	ending   sync.RWMutex
	closed   chan struct{}  // closed when it ends, by itself or by Close
	stop     error          // why it ended; nil for Close
	calls    sync.WaitGroup // futures of raft that somebody waits for
	loops    sync.WaitGroup
	done     chan struct{} // closed when all has ended
	released error         // what went wrong at the end
}

var _ log.Log = (*Log)(nil)

// Open starts a node: it reads its files, applies what they have to a machine in its first state,
// and looks for its peers. It returns before a leader is known.
func Open(o Options, m log.Machine) (*Log, error) {
	o = o.withDefaults()
	if err := o.check(); err != nil {
		return nil, err
	}
	dir, err := openDirectory(o)
	if err != nil {
		return nil, err
	}
	l := &Log{options: o, dir: dir, closed: make(chan struct{}), done: make(chan struct{})}
	l.lead.init()
	l.machine = &machine{inner: m, stopped: l.end,
		due: make(chan struct{}, 1), changed: make(chan struct{}),
		bytesMax: o.staggered(o.SnapshotBytes), entriesMax: o.staggered(o.SnapshotEntries),
		applyingMax: o.SnapshotApplying, leadsOthers: l.leadsOthers,
		failpoints: o.Failpoints, started: l.started.Load}
	if err := l.open(); err != nil {
		return nil, errors.Join(err, l.release())
	}
	l.loops.Add(4)
	go l.followLead()
	go l.announceLead()
	go l.takeSnapshots()
	go l.noteApplied()
	go l.shutDown()
	return l, nil
}

// open opens the parts.
func (l *Log) open() error {
	o := l.options
	if err := os.MkdirAll(l.dir.walDir(), 0o700); err != nil {
		return err
	}
	var err error
	if l.store, err = openStore(o, l.dir.walDir(), l.dir.use); err != nil {
		return err
	}
	if l.snapshots, err = openSnapshots(o, l.dir, l.store); err != nil {
		return err
	}
	if l.applied, err = openApplied(l.dir.file("applied")); err != nil {
		return err
	}
	fresh, err := l.checkState()
	if err != nil {
		return err
	}
	if err := l.connect(); err != nil {
		return err
	}
	config := l.raftConfig()
	if fresh && len(o.Bootstrap) > 0 {
		if err := l.bootstrap(); err != nil {
			return fmt.Errorf("bootstrap: %w", err)
		}
	}
	return l.start(config)
}

// bootstrap makes the members the log's first entry. A crash before its end leaves nothing that
// counts.
func (l *Log) bootstrap() error {
	var members raft.Configuration
	for _, a := range l.options.Bootstrap {
		members.Servers = append(members.Servers, raft.Server{Suffrage: raft.Voter,
			ID: raft.ServerID(a.ID), Address: raft.ServerAddress(a.Address)})
	}
	if err := l.store.SetUint64([]byte("CurrentTerm"), 1); err != nil {
		return err
	}
	return l.store.StoreLog(&raft.Log{Index: 1, Term: 1, Type: raft.LogConfiguration,
		Data: raft.EncodeConfiguration(members)})
}

// checkState compares what the parts have, and reports whether there is nothing yet.
func (l *Log) checkState() (fresh bool, err error) {
	list, err := l.snapshots.List()
	if err != nil {
		return false, err
	}
	last, err := newest(l.store, list)
	if err != nil {
		return false, err
	}
	first, err := l.store.FirstIndex()
	if err != nil {
		return false, err
	}
	if first > 1 && (len(list) == 0 || list[0].Index+1 < first) {
		return false, &DamageError{l.dir.file("snapshots"), fmt.Sprintf(
			"entries begin with %d, and there is no snapshot of those before", first)}
	}
	l.machine.after = last
	if last == 0 {
		if l.dir.identity().Used {
			err = fmt.Errorf("%w: %s: there are no entries any more, though there were some",
				ErrDirectory, l.dir.walDir())
		}
		return true, err
	}
	if err := l.dir.use(); err != nil {
		return false, err
	}
	return false, l.applied.check(l.dir.walDir(), last)
}

// connect makes the transport.
func (l *Log) connect() error {
	o := l.options
	if o.Transport != nil {
		l.transport = newTransport(o.Transport, o)
		return nil
	}
	if o.Peers == nil {
		address := raft.ServerAddress("alone:" + o.NodeID)
		_, t := raft.NewInmemTransport(address)
		l.transport = newTransport(t, o)
		return nil
	}
	var err error
	if l.network, err = peers.Listen(*o.Peers, l.hello, l.meet); err != nil {
		return err
	}
	address := l.network.Addr()
	if o.Advertise != "" {
		address = advertised(o.Advertise)
	}
	l.transport = newTransport(raft.NewNetworkTransportWithConfig(&raft.NetworkTransportConfig{
		Stream: streams{l.network.Listener(peers.Raft), l.network, address},
		Logger: adapter{log: o.Logger}, MaxPool: 3, MaxRPCsInFlight: o.InFlight,
		Timeout: max(4*o.Heartbeat, 2*time.Second),
	}), o)
	return nil
}

func (l *Log) raftConfig() *raft.Config {
	o := l.options
	c := raft.DefaultConfig()
	c.LocalID = raft.ServerID(o.NodeID)
	c.HeartbeatTimeout, c.ElectionTimeout, c.LeaderLeaseTimeout = o.Heartbeat, o.Election, o.Lease
	c.CommitTimeout = min(c.CommitTimeout, o.Heartbeat/10)
	c.TrailingLogs = o.KeepEntries
	// takeSnapshots decides, by bytes too.
	c.SnapshotThreshold, c.SnapshotInterval = 1<<62, 24*time.Hour
	// A node that was removed keeps its files, and goes on as one that nobody hears.
	c.ShutdownOnRemove = false
	c.NotifyCh = l.lead.news
	c.Logger = adapter{log: o.Logger.With("part", "raft")}
	c.NoLegacyTelemetry = true
	return c
}

// start starts raft. It panics about entries that it cannot read.
func (l *Log) start(config *raft.Config) (err error) {
	defer func() {
		if r := recover(); r != nil {
			damage, ok := r.(error)
			var known *DamageError
			if !ok || !errors.As(damage, &known) {
				panic(r)
			}
			err = damage
		}
	}()
	l.raft, err = raft.NewRaft(config, l.machine, l.store, l.store, l.snapshots, l.transport)
	l.started.Store(err == nil)
	if err != nil && l.machine.restoring != nil {
		return &DamageError{l.dir.file("snapshots"), l.machine.restoring.Error()}
	} else if err != nil && l.raft == nil {
		return &DamageError{l.dir.path, err.Error()}
	}
	return err
}

// hello is what this node says of itself.
func (l *Log) hello() peers.Hello {
	id := l.dir.identity()
	return peers.Hello{Cluster: id.Cluster, Node: id.Node, Directory: id.Directory}
}

// Close implements log.Log.
func (l *Log) Close() error {
	l.end(nil)
	<-l.done
	return l.released
}

// end makes it end; the first reason counts.
func (l *Log) end(reason error) {
	l.ending.Lock()
	defer l.ending.Unlock()
	if l.isClosed() {
		return
	}
	if reason != nil {
		l.options.Logger.Error("the log stops on this node; its files stay as they are", "error", reason)
	}
	l.stop = reason
	close(l.closed)
}

// call runs a goroutine that waits for raft, unless the log has ended.
func (l *Log) call(f func()) bool {
	l.ending.RLock()
	defer l.ending.RUnlock()
	if l.isClosed() {
		return false
	}
	l.calls.Go(f)
	return true
}

// shutDown waits until it has to end, and ends all.
func (l *Log) shutDown() {
	<-l.closed
	// Calls under way end soon, as a leader that hears of no majority steps down; what comes of them
	// is known better before raft has stopped.
	waited := make(chan struct{})
	go func() { l.calls.Wait(); close(waited) }()
	select {
	case <-waited:
	case <-time.After(2 * l.options.Lease):
	}
	err := l.raft.Shutdown().Error()
	l.loops.Wait()
	l.released = errors.Join(err, l.release())
	close(l.done)
}

// release closes the parts.
func (l *Log) release() error {
	var errs []error
	if l.transport != nil {
		errs = append(errs, l.transport.Close())
	}
	if l.network != nil {
		errs = append(errs, l.network.Close())
	}
	if l.applied != nil {
		if applied, _, failure := l.machine.state(); failure == nil {
			errs = append(errs, l.applied.write(applied))
		}
		errs = append(errs, l.applied.file.Close())
	}
	if l.store != nil {
		errs = append(errs, l.store.Close())
	}
	return errors.Join(append(errs, l.dir.close())...)
}

// NodeListener returns connections for calls between nodes; nil for a node alone.
func (l *Log) NodeListener() net.Listener {
	if l.network == nil {
		return nil
	}
	return l.network.Listener(peers.Calls)
}

// DialNode opens a connection for calls to a member.
func (l *Log) DialNode(ctx context.Context, id string) (net.Conn, error) {
	for _, s := range l.raft.GetConfiguration().Configuration().Servers {
		if string(s.ID) == id && l.network != nil {
			return l.network.Dial(ctx, peers.Calls, string(s.Address))
		}
	}
	return nil, fmt.Errorf("there is no member %s to call", id)
}
