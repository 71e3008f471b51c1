package log

import (
	"fmt"
	"maps"
	"slices"
	"sync"
)

// A Memory is a cluster of logs in one process, for tests. There are no timers: who leads changes
// only when a member is opened, closed or crashes, or when the test says so, and the order of ids
// decides among members that are equally far. A test can cut members off, halt them, keep them from
// making their entries durable, and crash them.
//
// Each member keeps its entries when it is closed, so that it can be opened again with a new
// Machine.
type Memory struct {
	mu      sync.Mutex
	changed *sync.Cond // anything below changed
	members map[string]*memoryMember
	term    uint64
}

// A memoryEntry is an entry of a log; those without data mark the start of a term.
type memoryEntry struct {
	term uint64
	data []byte
	noop bool
}

// NewMemory returns a cluster of voters with these ids, none of which is open. Once a majority is
// open, one of them leads.
func NewMemory(ids ...string) *Memory {
	c := &Memory{members: map[string]*memoryMember{}}
	c.changed = sync.NewCond(&c.mu)
	for _, id := range ids {
		c.members[id] = &memoryMember{cluster: c, id: id, voter: true}
	}
	return c
}

// Open starts a member with a machine in its first state. It applies what the member's snapshot and
// entries have. The member is of the cluster already, or joins by AddMember.
func (c *Memory) Open(id string, m Machine) (Log, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	member := c.members[id]
	if member == nil {
		member = &memoryMember{cluster: c, id: id}
		c.members[id] = member
	}
	if member.open {
		return nil, fmt.Errorf("member %s is open", id)
	}
	member.start(m)
	c.settle()
	return member, nil
}

// Cut cuts a member off from all others. If it leads, it believes that it still does until Depose
// or Heal, though nothing that it appends is ever acknowledged.
func (c *Memory) Cut(id string) { c.change(id, func(m *memoryMember) { m.cut = true }) }

// Heal ends Cut.
func (c *Memory) Heal(id string) { c.change(id, func(m *memoryMember) { m.cut = false }) }

// Halt stops a member as SIGSTOP does: it neither answers nor applies, and calls of its methods
// wait.
func (c *Memory) Halt(id string) { c.change(id, func(m *memoryMember) { m.halted = true }) }

// Continue ends Halt.
func (c *Memory) Continue(id string) { c.change(id, func(m *memoryMember) { m.halted = false }) }

// HoldSync keeps a member from making entries durable: from now on it acknowledges none, and Crash
// drops them.
func (c *Memory) HoldSync(id string) { c.change(id, func(m *memoryMember) { m.held = true }) }

// ReleaseSync ends HoldSync, and makes the member's entries durable.
func (c *Memory) ReleaseSync(id string) { c.change(id, func(m *memoryMember) { m.held = false }) }

// Depose makes a leader that cannot reach a majority notice it.
func (c *Memory) Depose(id string) {
	c.change(id, func(m *memoryMember) {
		if !c.majority(m.peers()) {
			m.follow()
		}
	})
}

// Crash ends a member as loss of power does: what it had not made durable is gone. Calls of its Log
// end with ErrClosed, or ErrUnknown for entries under way.
func (c *Memory) Crash(id string) {
	c.change(id, func(m *memoryMember) {
		m.entries = m.entries[:m.synced-m.compacted]
		m.stop(fmt.Errorf("%w: it crashed", ErrClosed))
	})
}

func (c *Memory) change(id string, f func(*memoryMember)) {
	c.mu.Lock()
	defer c.mu.Unlock()
	m := c.members[id]
	if m == nil {
		panic("log: no such member of a memory log: " + id)
	}
	f(m)
	c.settle()
}

// settle brings the cluster to rest: it elects a leader if a majority has none, replicates, and
// commits.
func (c *Memory) settle() {
	defer c.changed.Broadcast()
	leader := c.leader()
	if leader == nil {
		if leader = c.elect(); leader == nil {
			return
		}
	}
	c.replicate(leader)
}

// leader returns the member that leads a majority.
func (c *Memory) leader() *memoryMember {
	for _, m := range c.members {
		if m.leading && m.term == c.term && m.running() && c.majority(m.peers()) {
			return m
		}
	}
	return nil
}

// elect makes that member lead which is furthest of a majority that reach one another. Those that
// cannot make a vote durable have none.
func (c *Memory) elect() *memoryMember {
	var best *memoryMember
	for _, id := range slices.Sorted(maps.Keys(c.members)) {
		m := c.members[id]
		voters := slices.DeleteFunc(m.peers(), func(p *memoryMember) bool { return p.held })
		if m.voter && m.running() && !m.held && (best == nil || best.behind(m)) &&
			c.majority(voters) {
			best = m
		}
	}
	if best == nil {
		return nil
	}
	c.lead(best)
	return best
}

// lead begins a new term.
func (c *Memory) lead(m *memoryMember) {
	for _, peer := range m.peers() {
		peer.follow()
	}
	c.term++
	m.term, m.leading = c.term, true
	m.entries = append(m.entries, memoryEntry{term: c.term, noop: true})
	m.barrier = m.last()
}

// replicate copies a leader's entries to all that it reaches, and commits what a majority has.
func (c *Memory) replicate(leader *memoryMember) {
	peers := leader.peers()
	for _, m := range peers {
		if m != leader {
			m.follow()
			m.term = leader.term
			m.copyFrom(leader)
		}
		if !m.held {
			m.synced = m.last()
		}
	}
	commit := leader.committed
	for i := leader.last(); i > commit && leader.termAt(i) == leader.term; i-- {
		var have []*memoryMember
		for _, m := range peers {
			if m.synced >= i {
				have = append(have, m)
			}
		}
		if c.majority(have) {
			commit = i
		}
	}
	for _, m := range peers {
		m.committed = max(m.committed, min(commit, m.last()))
	}
}

// majority reports whether more than half of the voters are among these.
func (c *Memory) majority(among []*memoryMember) bool {
	voters, have := 0, 0
	for _, m := range c.members {
		if m.voter {
			voters++
		}
	}
	for _, m := range among {
		if m.voter {
			have++
		}
	}
	return 2*have > voters
}
