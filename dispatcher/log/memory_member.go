package log

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"
)

// A memoryMember is one member of a Memory, whose lock guards its fields.
//
// compacted ≤ applied ≤ committed ≤ last, and synced ≤ last.
type memoryMember struct {
	cluster *Memory
	id      string
	voter   bool

	open, cut, halted, held, leading bool

	term      uint64
	compacted uint64 // the newest entry in the snapshot
	snapshot  []byte
	snapTerm  uint64
	entries   []memoryEntry // those after compacted
	synced    uint64
	committed uint64
	applied   uint64
	barrier   uint64 // the entry that began the term that this member leads

	machine Machine
	// results has what Machine.Apply returned, for the calls of Append that wait for it.
	results map[uint64]*memoryAppend
	closed  error // why it is closed
	done    chan struct{}
	leads   chan bool
}

// A memoryAppend is a call of Append that waits.
type memoryAppend struct {
	term    uint64
	applied bool
	result  any
}

func (m *memoryMember) running() bool { return m.open && !m.halted }

func (m *memoryMember) last() uint64 { return m.compacted + uint64(len(m.entries)) }

func (m *memoryMember) termAt(index uint64) uint64 {
	if index <= m.compacted {
		return m.snapTerm
	}
	return m.entries[index-m.compacted-1].term
}

// behind reports whether another member's entries are newer.
func (m *memoryMember) behind(other *memoryMember) bool {
	mine, theirs := m.termAt(m.last()), other.termAt(other.last())
	return mine < theirs || mine == theirs && m.last() < other.last()
}

// peers returns the running members that this one reaches, itself among them, in order of id.
func (m *memoryMember) peers() (peers []*memoryMember) {
	for _, id := range slices.Sorted(maps.Keys(m.cluster.members)) {
		p := m.cluster.members[id]
		if p == m && p.open || p.running() && m.running() && !p.cut && !m.cut {
			peers = append(peers, p)
		}
	}
	return peers
}

func (m *memoryMember) follow() { m.leading = false }

// copyFrom makes the entries those of a leader: what differs goes, what is missing comes.
func (m *memoryMember) copyFrom(leader *memoryMember) {
	same := min(m.last(), leader.last())
	for same > m.compacted && same >= leader.compacted && m.termAt(same) != leader.termAt(same) {
		same--
	}
	if same < leader.compacted {
		m.compacted, m.snapTerm = leader.compacted, leader.snapTerm
		m.snapshot, m.entries = leader.snapshot, nil
		same = m.compacted
		m.synced = same
	}
	if same < m.last() {
		m.entries = slices.Clip(m.entries[:same-m.compacted])
	}
	m.synced = min(m.synced, same)
	m.entries = append(m.entries, leader.entries[same-leader.compacted:]...)
}

// start begins a life of the member.
func (m *memoryMember) start(machine Machine) {
	m.open, m.halted, m.leading, m.closed = true, false, false, nil
	m.machine, m.applied, m.committed = machine, 0, m.compacted
	m.results = map[uint64]*memoryAppend{}
	m.done, m.leads = make(chan struct{}), make(chan bool)
	stopped := make(chan struct{})
	go m.run(m.done, stopped)
	go m.announce(m.leads, stopped)
}

// stop ends it.
func (m *memoryMember) stop(err error) {
	if m.open {
		m.open, m.leading, m.closed = false, false, err
	}
}

// run applies what is committed, until the member is closed.
func (m *memoryMember) run(done, stopped chan struct{}) {
	c := m.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	defer close(done)
	defer close(stopped)
	for {
		for m.open && (m.halted || m.applied >= m.committed) {
			c.changed.Wait()
		}
		if !m.open {
			return
		}
		if err := m.applyNext(); err != nil {
			m.stop(fmt.Errorf("%w: %w", ErrClosed, err))
			c.settle()
		}
		c.changed.Broadcast()
	}
}

// applyNext applies an entry or the snapshot. The lock is free while the machine works.
func (m *memoryMember) applyNext() error {
	c, machine := m.cluster, m.machine
	if m.applied < m.compacted {
		to, snapshot := m.compacted, m.snapshot
		c.mu.Unlock()
		err := machine.ReadSnapshot(bytes.NewReader(snapshot))
		c.mu.Lock()
		if err == nil {
			m.applied = to
		}
		return err
	}
	index := m.applied + 1
	entry := m.entries[index-m.compacted-1]
	if !entry.noop {
		c.mu.Unlock()
		result, err := machine.Apply(index, bytes.Clone(entry.data))
		c.mu.Lock()
		if err != nil {
			return err
		}
		if a := m.results[index]; a != nil && a.term == entry.term {
			a.applied, a.result = true, result
		}
	}
	m.applied = index
	return nil
}

// announce tells the receiver of Leading.
func (m *memoryMember) announce(leads chan<- bool, stopped <-chan struct{}) {
	var told uint64 // the term that the receiver believes this member leads; 0 if none
	for {
		term, open := m.nextTerm(told)
		if !open {
			return
		}
		select {
		case leads <- told == 0:
		case <-stopped:
			return
		}
		if told != 0 { // between two terms that it leads it is told of none
			term = 0
		}
		told = term
	}
}

// nextTerm waits until the member leads in another term than told, with all of before applied, and
// returns it; 0 if it does not lead.
func (m *memoryMember) nextTerm(told uint64) (term uint64, open bool) {
	c := m.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	for m.open {
		if term = m.readyTerm(); term != told {
			return term, true
		}
		c.changed.Wait()
	}
	return 0, false
}

// readyTerm is the term that it leads, if it has applied all of before.
func (m *memoryMember) readyTerm() uint64 {
	if m.leading && m.applied >= m.barrier {
		return m.term
	}
	return 0
}

// await waits until a condition holds, the context ends or the member is closed. Called with the
// lock held.
func (m *memoryMember) await(ctx context.Context, holds func() bool) error {
	c := m.cluster
	stop := context.AfterFunc(ctx, func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.changed.Broadcast()
	})
	defer stop()
	for {
		switch {
		case !m.open:
			return m.closed
		case !m.halted && holds():
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		}
		c.changed.Wait()
	}
}

// Status implements Log.
func (m *memoryMember) Status() Status {
	m.cluster.mu.Lock()
	defer m.cluster.mu.Unlock()
	s := Status{NodeID: m.id, Leading: m.readyTerm() != 0, Term: m.term, Committed: m.committed,
		Applied: m.applied, Snapshot: m.compacted}
	for _, p := range m.peers() {
		if p.leading && p.term == m.term {
			s.LeaderID = p.id
		}
	}
	for _, id := range slices.Sorted(maps.Keys(m.cluster.members)) {
		p, heard := m.cluster.members[id], time.Duration(-1)
		if m.leading && slices.Contains(m.peers(), p) {
			heard = 0
		}
		s.Members = append(s.Members, Member{ID: id, Address: "memory:" + id, Voter: p.voter,
			HeardAgo: heard})
	}
	if m.closed != nil {
		s.Alarms = append(s.Alarms, m.closed.Error())
	}
	return s
}

// Leading implements Log.
func (m *memoryMember) Leading() <-chan bool {
	m.cluster.mu.Lock()
	defer m.cluster.mu.Unlock()
	return m.leads
}
