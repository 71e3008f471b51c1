package node

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/dispatcher/internal/wire"
	"github.com/quotasched/quotasched/dispatcher/log"
	"github.com/quotasched/quotasched/protos/replica"
)

// Errors of Propose and of reads.
var (
	// ErrNotLeader says that another node leads, or none. Nothing was changed.
	ErrNotLeader = errors.New("this node does not lead")
	// ErrUnknown says that a command may have been applied or not, or may be later.
	ErrUnknown = errors.New("it is not known whether the change was made: " +
		"repeat the call with the same request_id")
	// ErrOverloaded says that a queue or table is full. Nothing was changed.
	ErrOverloaded = errors.New("too much at once")
	// ErrBehind says that a node has not applied what a reader asks for.
	ErrBehind = errors.New("this node is behind")
	// ErrStopped says that this node serves nobody any more: it has closed, or it differs from the
	// other nodes.
	ErrStopped = errors.New("this node does not serve")
)

// Bounds of the proposer.
const (
	// An entry has at most so many commands, and bytes, but always one command.
	entryCommandsMax = 1024
	entryBytesMax    = 1 << 20
	// So much may wait to be proposed.
	queueCommandsMax = 16 * 1024
	queueBytesMax    = 32 << 20
	// So many entries may be on their way: one is applied, and one is written, while another one comes
	// from the disk to the state. One beside another leaves when there are so many bytes for it, as
	// many small commands had better share an entry. Together they have no more bytes than one entry
	// may have: a leader that has more to send is late with its heartbeats.
	entriesMax       = 3
	besideBytesLeast = 16 << 10
	// An entry has about so many bytes besides its commands and the ids in them, and each command
	// besides its own.
	entryHeadBytes, commandHeadBytes = 256, 8
	// An entry that is not applied for so long is given up: nobody knows what becomes of it.
	appendTimeout = 10 * time.Second
)

// A proposer gathers commands into entries. An entry takes with it all that has come while the one
// before was on its way: no timer delays a lonely command, and many share the cost of a commit. If
// that is much, an entry is written to disk while the one before is applied. Entries are appended
// in the order in which they were made, as the ids and times in them need.
type proposer struct {
	log log.Log
	// seal makes the entry of these commands: its time, its rule version, the ids of tasks.
	seal func([]*replica.Command) (*replica.Entry, error)
	// observe is told of each entry that was applied or given up.
	observe func(Batch)

	mu      sync.Mutex
	queue   []*proposal
	bytes   int
	closed  bool
	entries int           // that are on their way
	flying  int           // bytes of the commands in them
	arrived chan struct{} // has room for one; full if there may be something to take
}

// A proposal is a command with somebody who waits for its outcome.
type proposal struct {
	command *replica.Command
	bytes   []byte          // of the command, marshalled deterministically
	ids     int             // of tasks, that are in the bytes
	ctx     context.Context // of the waiting caller
	done    chan proposed   // has room for one
}

// proposed is what became of a command.
type proposed struct {
	index   uint64
	outcome *replica.CommandOutcome
	err     error
}

// A Batch is an entry that was proposed.
type Batch struct {
	Commands, Bytes int
	Took            time.Duration // until it was applied
	Err             error
}

func newProposer(l log.Log, seal func([]*replica.Command) (*replica.Entry, error),
	observe func(Batch)) *proposer {
	return &proposer{log: l, seal: seal, observe: observe, arrived: make(chan struct{}, 1)}
}

// propose returns a command's outcome and its entry's index, when it is committed and applied here.
// A refusal by the state is an outcome. Errors are ErrNotLeader and ErrOverloaded, after which
// nothing was changed, and ErrUnknown. A context that ends ends the waiting alone: the command is
// proposed unless it still waits in the queue.
func (p *proposer) propose(ctx context.Context, c *replica.Command) (proposed, error) {
	bytes, err := proto.MarshalOptions{Deterministic: true}.Marshal(c)
	if err != nil {
		return proposed{}, fmt.Errorf("a command cannot be marshalled: %w", err)
	}
	return p.proposeBytes(ctx, c, bytes)
}

// proposeBytes is propose for a command that is marshalled.
func (p *proposer) proposeBytes(ctx context.Context, c *replica.Command, bytes []byte) (proposed,
	error) {
	w := &proposal{command: c, bytes: bytes, ids: len(c.GetSubmitTasks().GetIds()),
		ctx: ctx, done: make(chan proposed, 1)}
	if err := p.enqueue(w); err != nil {
		return proposed{}, err
	}
	select {
	case r := <-w.done:
		return r, r.err
	case <-ctx.Done():
		return proposed{}, fmt.Errorf("%w (%w)", ErrUnknown, ctx.Err())
	}
}

func (p *proposer) enqueue(w *proposal) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.closed:
		return ErrNotLeader
	case len(p.queue) >= queueCommandsMax:
		return fmt.Errorf("%w: %d commands wait, as many as may", ErrOverloaded, queueCommandsMax)
	case p.bytes > 0 && p.bytes+len(w.bytes) > queueBytesMax:
		return fmt.Errorf("%w: %d bytes of commands wait, and %d more are over %d", ErrOverloaded,
			p.bytes, len(w.bytes), queueBytesMax)
	}
	p.queue = append(p.queue, w)
	p.bytes += len(w.bytes)
	p.wake()
	return nil
}

func (p *proposer) wake() {
	select {
	case p.arrived <- struct{}{}:
	default:
	}
}

// run proposes until its context ends, and then answers all that waits with ErrNotLeader. It
// returns when nothing is on its way any more.
func (p *proposer) run(ctx context.Context) {
	var flights sync.WaitGroup
	defer flights.Wait()
	for {
		for ws, size := p.take(); len(ws) > 0; ws, size = p.take() {
			if end := p.begin(ws); end != nil {
				flights.Go(func() { end(); p.land(size) })
			} else {
				p.land(size)
			}
			if ctx.Err() != nil {
				break
			}
		}
		select {
		case <-p.arrived:
		case <-ctx.Done():
			p.close()
			return
		}
	}
}

// take removes the proposals of the next entry from the queue, without those that nobody waits for
// any more, and returns how many bytes they have. The entry is on its way then, until land is
// called, if there are any.
func (p *proposer) take() (taken []*proposal, size int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.entries == entriesMax || p.entries > 0 && p.bytes < besideBytesLeast {
		return nil, 0
	}
	n := 0
	for _, w := range p.queue {
		first := p.entries == 0 && len(taken) == 0
		if len(taken) == entryCommandsMax || !first && p.flying+size+len(w.bytes) > entryBytesMax {
			break
		}
		n++
		p.bytes -= len(w.bytes)
		if w.ctx.Err() == nil {
			taken, size = append(taken, w), size+len(w.bytes)
		}
	}
	clear(p.queue[:n])
	p.queue = p.queue[n:]
	if len(taken) > 0 {
		p.entries++
		p.flying += size
	}
	return taken, size
}

// land says that an entry with commands of so many bytes is not on its way any more.
func (p *proposer) land(size int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.entries--
	p.flying -= size
	p.wake()
}

// begin proposes one entry. What it returns waits until it is applied, and tells those who wait; it
// is nil if they have been told that nothing comes of it.
func (p *proposer) begin(ws []*proposal) (end func()) {
	commands := make([]*replica.Command, len(ws))
	for i, w := range ws {
		commands[i] = w.command
	}
	sealed, err := p.seal(commands)
	if err != nil {
		tellAll(ws, err)
		return nil
	}
	entry, err := marshalEntry(sealed, ws)
	if err != nil { // text that is not UTF-8
		tellAll(ws, fmt.Errorf("an entry cannot be marshalled: %w", err))
		return nil
	}
	// The callers' contexts do not end this one: others wait as well.
	ctx, cancel := context.WithTimeout(context.Background(), appendTimeout)
	begin := time.Now()
	appended := p.log.Begin(ctx, entry)
	return func() {
		defer cancel()
		index, result, err := appended()
		p.observe(Batch{Commands: len(ws), Bytes: len(entry), Took: time.Since(begin), Err: err})
		tell(ws, index, result, err)
	}
}

// marshalEntry returns the bytes of an entry, of which the commands have only got ids since they
// were marshalled.
func marshalEntry(e *replica.Entry, ws []*proposal) ([]byte, error) {
	commands, size := make([]wire.Command, len(ws)), entryHeadBytes
	for i, w := range ws {
		c := wire.Command{Bytes: w.bytes, IDs: w.command.GetSubmitTasks().GetIds()[w.ids:]}
		commands[i] = c
		if size += commandHeadBytes + len(c.Bytes); len(c.IDs) > 0 {
			size += len(c.IDs) * (2 + len(c.IDs[0]))
		}
	}
	return wire.AppendEntry(make([]byte, 0, size), e, commands)
}

// tell tells those who wait what came of their entry.
func tell(ws []*proposal, index uint64, result any, err error) {
	outcome, ok := result.(*replica.Outcome)
	switch {
	case errors.Is(err, log.ErrNotLeader):
		tellAll(ws, fmt.Errorf("%w: %w", ErrNotLeader, err))
	case err != nil:
		tellAll(ws, fmt.Errorf("%w: %w", ErrUnknown, err))
	case !ok || len(outcome.GetCommands()) != len(ws):
		tellAll(ws, fmt.Errorf("%w: entry %d has another outcome", ErrUnknown, index))
	default:
		for i, w := range ws {
			w.done <- proposed{index: index, outcome: outcome.GetCommands()[i]}
		}
	}
}

func tellAll(ws []*proposal, err error) {
	for _, w := range ws {
		w.done <- proposed{err: err}
	}
}

// close refuses all that waits and all that comes.
func (p *proposer) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	tellAll(p.queue, ErrNotLeader)
	p.queue, p.bytes = nil, 0
}
