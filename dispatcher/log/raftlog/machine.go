package raftlog

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"github.com/hashicorp/raft"

	"github.com/quotasched/quotasched/dispatcher/internal/failpoint"
	"github.com/quotasched/quotasched/dispatcher/log"
)

// A machine lets raft drive a log.Machine. Raft calls Apply, StoreConfiguration, Snapshot and
// Restore one at a time.
type machine struct {
	inner log.Machine
	// stopped is called once, in a goroutine, when the inner machine cannot go on.
	stopped func(error)
	// due is told that a snapshot is due.
	due         chan struct{}
	bytesMax    uint64
	entriesMax  uint64
	applyingMax time.Duration
	// leadsOthers says whether this node leads and has followers.
	leadsOthers func() bool
	// after is the newest entry that was there when the node started. Until it is applied no snapshot
	// is due: one would hold up the node's start.
	after      uint64
	since      applying // since the newest snapshot
	failpoints *failpoint.Plan
	// started reports whether the node has read its own snapshot.
	started func() bool

	mu      sync.Mutex
	changed chan struct{} // closed when applied grows or the machine fails
	applied uint64
	failure error
	// restoring is why the newest snapshot could not be read, and saving why none could be taken.
	restoring, saving error
	heldUp            time.Duration // how long the newest snapshot held up applying
	// entryBytes is how large an entry was on average, between the newest two snapshots.
	entryBytes uint64
}

// An applying is what applying some entries came to.
type applying struct {
	bytes, entries uint64
	took           time.Duration
}

// An outcome is what a machine's Apply returns.
type outcome struct {
	result any
	err    error
}

// Apply implements raft.FSM.
func (m *machine) Apply(l *raft.Log) any {
	if err := m.failed(); err != nil {
		return outcome{err: err}
	}
	begin := time.Now()
	result, err := m.apply(l)
	if err != nil {
		err = fmt.Errorf("entry %d cannot be applied: %w", l.Index, err)
		m.fail(err)
		return outcome{err: err}
	}
	m.advance(l.Index)
	m.since.bytes += uint64(len(l.Data))
	m.since.entries++
	m.since.took += time.Since(begin)
	if l.Index >= m.after && m.isDue() {
		select {
		case m.due <- struct{}{}:
		default:
		}
	}
	return outcome{result: result}
}

// isDue reports whether a snapshot is due.
func (m *machine) isDue() bool {
	if m.since.bytes >= m.bytesMax || m.since.entries >= m.entriesMax {
		return true
	}
	if m.since.took < m.applyingMax {
		return false
	}
	heldUp, _ := m.cost()
	return m.since.took >= 2*heldUp && !m.leadsOthers()
}

func (m *machine) apply(l *raft.Log) (result any, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
		}
	}()
	return m.inner.Apply(l.Index, l.Data)
}

// StoreConfiguration implements raft.ConfigurationStore.
func (m *machine) StoreConfiguration(index uint64, _ raft.Configuration) {
	if m.failed() == nil {
		m.advance(index)
	}
}

// Snapshot implements raft.FSM.
func (m *machine) Snapshot() (raft.FSMSnapshot, error) {
	if err := m.failed(); err != nil {
		return nil, err
	}
	start := time.Now()
	m.failpoints.At(failpoint.BeforeSnapshot)
	s, err := m.inner.Snapshot()
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.heldUp = time.Since(start)
	if m.since.entries > 0 {
		m.entryBytes = m.since.bytes / m.since.entries
	}
	m.since = applying{}
	return snapshot{s, m.failpoints}, nil
}

// Restore implements raft.FSM.
func (m *machine) Restore(r io.ReadCloser) error {
	if err := m.failed(); err != nil {
		return err
	}
	if m.started() { // it is of another node
		m.failpoints.At(failpoint.BeforeRestore)
		defer m.failpoints.At(failpoint.AfterRestore)
	}
	err := m.inner.ReadSnapshot(r)
	m.mu.Lock()
	m.restoring = err
	m.mu.Unlock()
	if err != nil {
		return err
	}
	m.since = applying{}
	for {
		if s, ok := r.(openSnapshot); ok {
			m.advance(s.index)
			return nil
		}
		wrapper, ok := r.(raft.ReadCloserWrapper)
		if !ok {
			return errors.New("a snapshot does not come from the store of snapshots")
		}
		r = wrapper.WrappedReadCloser()
	}
}

// A snapshot is one that is not written yet. Raft persists it beside Apply.
type snapshot struct {
	log.Snapshot
	failpoints *failpoint.Plan
}

// Persist implements raft.FSMSnapshot.
func (s snapshot) Persist(sink raft.SnapshotSink) error {
	w := bufio.NewWriterSize(sink, 1<<20)
	err := errors.Join(s.Write(w), w.Flush())
	s.failpoints.At(failpoint.AfterSnapshot)
	return err
}

// Release implements raft.FSMSnapshot.
func (s snapshot) Release() { s.Close() }

func (m *machine) failed() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.failure
}

// fail stops the machine.
func (m *machine) fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.failure == nil {
		m.failure = err
		close(m.changed)
		go m.stopped(err)
	}
}

func (m *machine) advance(index uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if index > m.applied {
		m.applied = index
		if m.failure == nil {
			close(m.changed)
			m.changed = make(chan struct{})
		}
	}
}

// state returns the newest entry that is applied, and what is closed when that changes.
func (m *machine) state() (applied uint64, changed <-chan struct{}, failure error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.applied, m.changed, m.failure
}

// wait returns when an entry is applied.
func (m *machine) wait(ctx context.Context, index uint64, closed <-chan struct{}) error {
	for {
		applied, changed, failure := m.state()
		switch {
		case applied >= index:
			return nil
		case failure != nil:
			return fmt.Errorf("%w: %w", log.ErrClosed, failure)
		}
		select {
		case <-changed:
		case <-closed:
			return log.ErrClosed
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// cost is how long the newest snapshot held up applying, and how large entries are on average.
func (m *machine) cost() (heldUp time.Duration, entryBytes uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.heldUp, m.entryBytes
}
