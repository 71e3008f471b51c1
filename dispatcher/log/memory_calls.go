package log

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
)

// Append implements Log.
func (m *memoryMember) Append(ctx context.Context, entry []byte) (uint64, any, error) {
	return m.Begin(ctx, entry)()
}

// Begin implements Log.
func (m *memoryMember) Begin(ctx context.Context, entry []byte) func() (uint64, any, error) {
	c := m.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	err := m.await(ctx, func() bool { return true })
	if err == nil && !m.leading {
		err = fmt.Errorf("%w: %s", ErrNotLeader, m.id)
	}
	if err != nil {
		return func() (uint64, any, error) { return 0, nil, err }
	}
	m.entries = append(m.entries, memoryEntry{term: m.term, data: bytes.Clone(entry)})
	index, a := m.last(), &memoryAppend{term: m.term}
	m.results[index] = a
	c.settle()
	return func() (uint64, any, error) { return m.appended(ctx, index, a) }
}

// appended is the end of Append.
func (m *memoryMember) appended(ctx context.Context, index uint64, a *memoryAppend) (uint64, any,
	error) {
	m.cluster.mu.Lock()
	defer m.cluster.mu.Unlock()
	defer func() {
		if m.results[index] == a {
			delete(m.results, index)
		}
	}()
	err := m.await(ctx, func() bool {
		lost := m.last() < index || index > m.compacted && m.termAt(index) != a.term
		return a.applied || lost || m.applied >= index
	})
	if err == nil && a.applied {
		return index, a.result, nil
	}
	if err == nil {
		err = errors.New("another one leads")
	}
	return 0, nil, fmt.Errorf("%w: %w", ErrUnknown, err)
}

// VerifyLeader implements Log.
func (m *memoryMember) VerifyLeader(ctx context.Context) error {
	c := m.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	err := m.await(ctx, func() bool { return !m.leading || c.majority(m.peers()) })
	if err != nil {
		return err
	}
	if m.readyTerm() == 0 || m.term != c.term {
		return fmt.Errorf("%w: %s", ErrNotLeader, m.id)
	}
	return nil
}

// Wait implements Log.
func (m *memoryMember) Wait(ctx context.Context, index uint64) error {
	m.cluster.mu.Lock()
	defer m.cluster.mu.Unlock()
	return m.await(ctx, func() bool { return m.applied >= index })
}

// Snapshot implements Log. It forgets all entries that are in it.
func (m *memoryMember) Snapshot(ctx context.Context) error {
	c := m.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := m.await(ctx, func() bool { return true }); err != nil {
		return err
	}
	// The lock stays taken, so that nothing is applied meanwhile.
	for m.busy() {
		c.changed.Wait()
	}
	if !m.open {
		return m.closed
	}
	s, err := m.machine.Snapshot()
	if err != nil {
		return err
	}
	defer s.Close()
	var b bytes.Buffer
	if err := s.Write(&b); err != nil {
		return err
	}
	m.snapTerm = m.termAt(m.applied)
	m.entries = m.entries[m.applied-m.compacted:]
	m.compacted, m.snapshot = m.applied, b.Bytes()
	m.synced = max(m.synced, m.compacted)
	return nil
}

// Restore implements Log.
func (m *memoryMember) Restore(ctx context.Context, b Backup) error {
	content, err := io.ReadAll(b.Content)
	if err != nil {
		return err
	}
	c := m.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := m.await(ctx, func() bool { return !m.busy() }); err != nil {
		return err
	}
	if !m.leading {
		return fmt.Errorf("%w: %s", ErrNotLeader, m.id)
	}
	if err := m.machine.ReadSnapshot(bytes.NewReader(content)); err != nil {
		return err
	}
	m.entries, m.compacted = nil, max(b.Index, m.last())+1
	m.snapshot, m.snapTerm = content, m.term
	m.applied, m.committed, m.synced = m.compacted, m.compacted, m.compacted
	c.settle()
	return m.await(ctx, func() bool { return c.majority(m.peers()) })
}

// busy reports whether entries are being applied or wait for it.
func (m *memoryMember) busy() bool { return m.running() && m.applied < m.committed }

// AddMember implements Log.
func (m *memoryMember) AddMember(ctx context.Context, id, _ string) error {
	c := m.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := m.await(ctx, func() bool { return true }); err != nil {
		return err
	}
	if !m.leading {
		return fmt.Errorf("%w: %s", ErrNotLeader, m.id)
	}
	added := c.members[id]
	if added == nil {
		added = &memoryMember{cluster: c, id: id}
		c.members[id] = added
	}
	err := m.await(ctx, func() bool { return added.open && added.committed >= m.committed })
	if err != nil {
		return fmt.Errorf("member %s does not catch up: %w", id, err)
	}
	added.voter = true
	c.settle()
	return nil
}

// RemoveMember implements Log.
func (m *memoryMember) RemoveMember(ctx context.Context, id string) error {
	c := m.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := m.await(ctx, func() bool { return true }); err != nil {
		return err
	}
	removed := c.members[id]
	if !m.leading {
		return fmt.Errorf("%w: %s", ErrNotLeader, m.id)
	} else if removed == nil {
		return fmt.Errorf("there is no member %s", id)
	}
	removed.follow()
	delete(c.members, id)
	removed.stop(fmt.Errorf("%w: %s was removed", ErrClosed, id))
	c.settle()
	return nil
}

// Transfer implements Log.
func (m *memoryMember) Transfer(ctx context.Context, id string) error {
	c := m.cluster
	c.mu.Lock()
	defer c.mu.Unlock()
	if err := m.await(ctx, func() bool { return true }); err != nil {
		return err
	}
	if !m.leading {
		return fmt.Errorf("%w: %s", ErrNotLeader, m.id)
	}
	for _, p := range m.peers() {
		if p != m && p.voter && (id == "" || id == p.id) {
			c.lead(p)
			c.settle()
			return nil
		}
	}
	return fmt.Errorf("no member to lead: %q", id)
}

// Close implements Log.
func (m *memoryMember) Close() error {
	m.cluster.mu.Lock()
	done := m.done
	m.stop(ErrClosed)
	m.cluster.settle()
	m.cluster.mu.Unlock()
	<-done
	return nil
}
