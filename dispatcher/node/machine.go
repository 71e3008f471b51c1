package node

import (
	"fmt"
	"io"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/quotasched/quotasched/dispatcher/log"
	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// An EventLog keeps events in files.
type EventLog interface {
	// Append takes the events of an entry, and their bytes. Those that it has are dropped.
	Append(index uint64, events []*dispatch.Event, bytes [][]byte) error
	// Sync returns when all events so far are durable.
	Sync() error
	// Reach says that the state has all entries up to one, from a snapshot: events that did not come
	// are missing. Those up to the entry restored are nowhere any more: the cluster began there, with
	// a backup; 0 if it began with nothing.
	Reach(index, restored uint64) error
	// Whole returns nil, or says what is missing.
	Whole() error
}

// A machine is what the log applies entries to: the state, the event log, and those who are told.
type machine struct {
	events   EventLog
	sealer   *sealer
	recorder state.Recorder // nil for none
	hooks    Hooks
	// applied is told of each entry, when it is applied, on the log's goroutine.
	applied func(applied)
	// snapshot is told of each snapshot that was written, and for how long it held up applying.
	snapshot func(bytes int64, heldUp time.Duration)

	mu    sync.Mutex
	state *state.Machine
	// rules is the state's rule version, which can be read while an entry is applied.
	rules atomic.Uint32
	// mono is when the newest entry was applied.
	mono  time.Duration
	began time.Time // what mono counts from
}

// applied is an entry that was applied; the zero one stands for a snapshot that was read.
type applied struct {
	outcome *replica.Outcome
	touched []state.WorkerKey
	passes  int      // of pools
	stacks  []string // of panics that stopped pools
	took    time.Duration
}

var _ log.Machine = (*machine)(nil)

// Apply implements log.Machine.
func (m *machine) Apply(index uint64, b []byte) (any, error) {
	b, err := m.hooks.tamper(m.state.Index(), index, b)
	if err != nil {
		return nil, fmt.Errorf("entry %d: %w", index, err)
	}
	begin := time.Now()
	a, err := m.apply(index, b)
	if err != nil {
		return nil, err
	}
	m.applied(applied{outcome: a.Outcome, touched: a.Touched, passes: a.Passes,
		stacks: a.Stacks, took: time.Since(begin)})
	return a.Outcome, nil
}

func (m *machine) apply(index uint64, entry []byte) (*state.Applied, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	a, err := m.state.Run(index, entry)
	if err != nil {
		return nil, err
	}
	m.mono = time.Since(m.began)
	m.rules.Store(m.state.Rules())
	return a, m.sealer.add(a)
}

// options are those of the state.
func (m *machine) options() []state.Option {
	options := append(m.hooks.options(), state.WithSideBySide(SideBySide))
	if m.recorder != nil {
		options = append(options, state.WithRecorder(m.recorder))
	}
	return options
}

// Snapshot implements log.Machine. Events of the entries that the log may drop afterwards are
// durable first.
func (m *machine) Snapshot() (log.Snapshot, error) {
	begin := time.Now()
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.sealer.wait(); err != nil {
		return nil, err
	}
	if err := m.events.Sync(); err != nil {
		return nil, fmt.Errorf("the event log: %w", err)
	}
	s, err := Freeze(m.state)
	if err != nil {
		return nil, err
	}
	return &snapshot{machine: m, frozen: s, heldUp: time.Since(begin)}, nil
}

// Freeze begins a snapshot of a state. The garbage collector waits meanwhile, unless memory is
// short: it would go through the whole state while nothing is applied, and find little.
func Freeze(m *state.Machine) (*state.Snapshot, error) {
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	return m.Freeze()
}

// A snapshot is one of a machine's state, which is written while entries are applied.
type snapshot struct {
	machine *machine
	frozen  *state.Snapshot
	// heldUp is for how long nothing was applied when it was made.
	heldUp time.Duration
}

// Write implements log.Snapshot.
func (s *snapshot) Write(w io.Writer) error {
	counted := &countingWriter{to: w}
	if err := s.frozen.Write(counted, s.machine.exclusive); err != nil {
		return err
	}
	s.machine.snapshot(counted.bytes, s.heldUp)
	return nil
}

// Close implements log.Snapshot.
func (s *snapshot) Close() { s.machine.exclusive(s.frozen.Release) }

// exclusive calls f while nobody else reads or changes the state.
func (m *machine) exclusive(f func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f()
}

// A countingWriter counts what is written through it.
type countingWriter struct {
	to    io.Writer
	bytes int64
}

// Write implements io.Writer.
func (w *countingWriter) Write(b []byte) (int, error) {
	n, err := w.to.Write(b)
	w.bytes += int64(n)
	return n, err
}

// readingGCPercent is the garbage collector's setting while a snapshot is read. Nearly all that is
// made then stays, and the collector would go through it again each time that it has doubled.
const readingGCPercent = 400

// ReadSnapshot implements log.Machine.
func (m *machine) ReadSnapshot(r io.Reader) error {
	defer debug.SetGCPercent(debug.SetGCPercent(readingGCPercent))
	s, err := state.Read(r, m.options()...)
	if err != nil {
		return err
	}
	if err := m.sealer.wait(); err != nil {
		return err
	}
	if err := m.events.Reach(s.Index(), s.Restored()); err != nil {
		return fmt.Errorf("the event log: %w", err)
	}
	m.mu.Lock()
	m.follow(s)
	m.mono = time.Since(m.began)
	m.mu.Unlock()
	m.applied(applied{}) // anything may be different
	return nil
}

// SideBySide calls f(0) to f(n-1) on all processors. It is what state.WithSideBySide takes.
func SideBySide(n int, f func(i int)) {
	var all errgroup.Group
	all.SetLimit(runtime.GOMAXPROCS(0))
	for i := range n {
		all.Go(func() error { f(i); return nil })
	}
	all.Wait() // its functions return no errors
}

// follow makes a state the one that entries are applied to.
func (m *machine) follow(s *state.Machine) {
	m.state = s
	m.rules.Store(s.Rules())
	m.sealer.follow(s)
}

// readSealed calls f with the state when its rolling hash has all entries, while nobody else does.
func (m *machine) readSealed(f func(*state.Machine)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	_ = m.sealer.wait() // if it has failed, the log will stop: the hash is that of an entry before
	f(m.state)
}

// read calls f with the state but for its rolling hash, while nobody else does.
func (m *machine) read(f func(*state.Machine)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	f(m.state)
}
