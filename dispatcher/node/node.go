package node

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/quotasched/quotasched/dispatcher/log"
	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos/replica"
)

// An Observer is told what happens, for metrics. Its methods are called on the goroutines that do
// the work, and must return at once.
type Observer interface {
	// Applied is told of each entry that this node applied, in order.
	Applied(Applied)
	// Proposed is told of each entry that this node proposed.
	Proposed(Batch)
	// Snapshot is told of each snapshot that this node took, and for how long it held up applying.
	Snapshot(bytes int64, heldUp time.Duration)
}

// Applied is an entry that was applied.
type Applied struct {
	Outcome *replica.Outcome
	Passes  int // of pools
	Took    time.Duration
}

// Config is what a node is made of.
type Config struct {
	// ID is the node's id in the log.
	ID string
	// URL is where clients reach this node; empty if that is not known.
	URL string
	// Dir is a folder for temporary files; empty means that of the system.
	Dir string
	// Events is the node's event log.
	Events EventLog
	// Recorder is told what the pools are told, for journals; nil for none.
	Recorder state.Recorder
	// Observer is told what happens.
	Observer Observer
	// Logger gets what people should know.
	Logger *slog.Logger
	// SessionsMax is how many sessions of workers there may be at once.
	SessionsMax int
	// Hooks plant faults, for tests.
	Hooks Hooks
}

// A Node is one node of a dispatcher. Its order of life: New; the log is opened with Machine; Run,
// until its context ends; the log is closed. Its methods may be called from any goroutine after Run
// has begun.
type Node struct {
	id, url     string
	dir         string
	sessionsMax int
	observer    Observer
	logger      *slog.Logger
	hooks       Hooks
	began       time.Time
	machine     *machine
	watches     watches

	log     log.Log
	peers   Peers
	current atomic.Pointer[lead] // nil while this node does not lead
	// replaced has room for one; full if the state was replaced by a snapshot.
	replaced  chan struct{}
	restoring sync.Mutex // held by who restores a backup

	mu     sync.Mutex
	others map[string]*other // the other members, by id
	alarms map[string]string // what is wrong, by kind
	// caughtUp says that this node once had all that a leader had.
	caughtUp bool
	// stopped says why this node serves nobody any more; nil while it does.
	stopped error
}

// New returns a node that knows nothing.
func New(c Config) *Node {
	n := &Node{
		id: c.ID, url: c.URL, dir: c.Dir, sessionsMax: c.SessionsMax, observer: c.Observer,
		logger: c.Logger, replaced: make(chan struct{}, 1),
		hooks: c.Hooks, began: time.Now(),
		others: map[string]*other{}, alarms: map[string]string{},
	}
	n.machine = &machine{events: c.Events, sealer: newSealer(c.Events), recorder: c.Recorder,
		hooks: c.Hooks, applied: n.applied, snapshot: c.Observer.Snapshot, began: n.began}
	n.machine.follow(state.New(n.machine.options()...))
	return n
}

// Machine is what the log applies entries to.
func (n *Node) Machine() log.Machine { return n.machine }

// Attach gives the node its log, opened with Machine, and its way to the other nodes; before Run,
// and before anybody calls another method.
func (n *Node) Attach(l log.Log, p Peers) { n.log, n.peers = l, p }

// Run follows the log, leads when it is this node's turn, and compares it with the others, until
// its context ends.
func (n *Node) Run(ctx context.Context) {
	var work sync.WaitGroup
	work.Go(func() { n.exchangeAll(ctx) })
	work.Go(func() { n.follow(ctx) })
	work.Wait()
}

// follow leads whenever the log says so.
func (n *Node) follow(ctx context.Context) {
	var leading sync.WaitGroup
	stop := func() {}
	defer func() { stop(); leading.Wait() }()
	for {
		leads, open := n.current.Load() != nil, true
		select {
		case leads, open = <-n.log.Leading():
		case <-n.replaced: // a lead that knows the old state ends, and another one begins
		case <-ctx.Done():
			return
		}
		stop()
		leading.Wait()
		stop = func() {}
		if !open {
			return
		}
		if leads {
			stop = n.startLeading(ctx, &leading)
		}
	}
}

// startLeading begins a lead, which runs until stop is called, or the context ends.
func (n *Node) startLeading(ctx context.Context, running *sync.WaitGroup) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	l := n.newLead(ctx)
	n.current.Store(l)
	running.Go(l.run)
	return func() {
		n.current.Store(nil)
		cancel()
	}
}

// applied tells those who wait of an entry.
func (n *Node) applied(a applied) {
	l := n.current.Load()
	if a.outcome == nil {
		if l != nil {
			l.sessions.touchAll()
		}
		n.watches.touchAll()
		select {
		case n.replaced <- struct{}{}:
		default:
		}
		return
	}
	for _, stack := range a.stacks {
		n.logger.Error("a panic stopped a pool", "stack", stack)
	}
	n.observer.Applied(Applied{Outcome: a.outcome, Passes: a.passes, Took: a.took})
	if l != nil {
		l.sessions.touch(a.touched)
	}
	n.watches.touch(a.outcome.GetEvents())
}

// leading returns what this node does as the leader, or ErrNotLeader.
func (n *Node) leading() (*lead, error) {
	if err := n.serves(); err != nil {
		return nil, err
	}
	if l := n.current.Load(); l != nil {
		return l, nil
	}
	return nil, ErrNotLeader
}

// serves returns nil, or why this node serves nobody any more.
func (n *Node) serves() error {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.stopped
}

// Propose has a command applied, and returns its outcome, which may be a refusal, and the index
// of its entry. Errors are ErrNotLeader, ErrOverloaded and ErrStopped, after which nothing was
// changed; ErrUnknown; and a refusal of what no entry may hold.
func (n *Node) Propose(ctx context.Context, c *replica.Command) (*replica.CommandOutcome, uint64,
	error) {
	l, err := n.leading()
	if err != nil {
		return nil, 0, err
	}
	bytes, err := marshalKnown(c)
	if err != nil {
		return nil, 0, err
	}
	r, err := l.proposer.proposeBytes(ctx, c, bytes)
	return r.outcome, r.index, err
}

// mono is the monotonic clock.
func (n *Node) mono() time.Duration { return time.Since(n.began) }

// wall is the wall clock.
func (n *Node) wall() time.Time { return n.hooks.wall() }

// Sessions is how many workers this node has a session with.
func (n *Node) Sessions() int {
	l := n.current.Load()
	if l == nil {
		return 0
	}
	return l.sessions.count()
}

// LeaderURL is where clients reach the node that leads; empty if that is not known.
func (n *Node) LeaderURL() string {
	leader := n.log.Status().LeaderID
	if leader == n.id {
		return n.url
	}
	n.mu.Lock()
	defer n.mu.Unlock()
	if o := n.others[leader]; o != nil {
		return o.state.GetUrl()
	}
	return ""
}

// setAlarm says that something of a kind is wrong, or is not any more if the text is empty.
func (n *Node) setAlarm(kind, text string) {
	n.mu.Lock()
	before := n.alarms[kind]
	if text == "" {
		delete(n.alarms, kind)
	} else {
		n.alarms[kind] = text
	}
	n.mu.Unlock()
	if text != before && text != "" {
		n.logger.Error("alarm", "kind", kind, "text", text)
	}
}

// stop makes the node serve nobody any more. Its files stay as they are.
func (n *Node) stop(why error) {
	n.mu.Lock()
	first := n.stopped == nil
	if first {
		n.stopped = fmt.Errorf("%w: %w", ErrStopped, why)
	}
	n.mu.Unlock()
	if first {
		if err := n.log.Close(); err != nil {
			n.logger.Error("the log could not be closed", "error", err)
		}
	}
}
