package node

import (
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos/replica"
)

// unsealedMax is how many entries may be run before they are sealed.
const unsealedMax = 64

// A sealer does of each entry what nobody waits for: it takes entries into the rolling hash, and
// their events into the event log, in their order, while the log's goroutine runs the next ones. It
// has a goroutine while there is something to do.
type sealer struct {
	events EventLog

	mu      sync.Mutex
	changed sync.Cond // there is less to do
	state   *state.Machine
	waiting []*state.Applied
	works   bool
	// added and sealed count entries.
	added, sealed uint64
	trail         hashTrail
	failed        error // why an entry was not sealed; nothing is after it

	last *state.Sealed // what seal made last; it alone uses it
}

func newSealer(events EventLog) *sealer {
	s := &sealer{events: events}
	s.changed.L = &s.mu
	return s
}

// add has an entry sealed that the state has run. It waits if too many are not. The error is of an
// entry before.
func (s *sealer) add(a *state.Applied) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.waiting) >= unsealedMax && s.failed == nil {
		s.changed.Wait()
	}
	if s.failed != nil {
		return s.failed
	}
	s.waiting = append(s.waiting, a)
	s.added++
	if !s.works {
		s.works = true
		go s.work()
	}
	return nil
}

// work seals what waits, until nothing does.
func (s *sealer) work() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for len(s.waiting) > 0 && s.failed == nil {
		a, m := s.waiting[0], s.state
		s.mu.Unlock()
		err := s.seal(m, a)
		s.mu.Lock()
		if s.failed = err; err == nil {
			s.trail.add(a.Index(), func() hash { return m.RollingHash() })
		}
		s.waiting[0] = nil
		s.waiting = s.waiting[1:]
		s.sealed++
		s.changed.Broadcast()
	}
	s.works = false
}

// seal seals an entry. The error stops this node, as a panic would if it were not one.
func (s *sealer) seal(m *state.Machine, a *state.Applied) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("entry %d: panic: %v\n%s", a.Index(), r, debug.Stack())
		}
	}()
	sealed := a.Seal(s.last)
	s.last = sealed
	m.Roll(sealed)
	if err := s.events.Append(a.Index(), a.Outcome.GetEvents(), sealed.EventBytes); err != nil {
		return fmt.Errorf("entry %d: the event log: %w", a.Index(), err)
	}
	return nil
}

// wait returns when all that was added before the call is sealed, or cannot be.
func (s *sealer) wait() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for all := s.added; s.sealed < all && s.failed == nil; {
		s.changed.Wait()
	}
	return s.failed
}

// follow says which state's entries come from now on. All that was added before must be sealed.
func (s *sealer) follow(m *state.Machine) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.state = m
	s.trail.restart(m.Index())
}

// newest and at are those of the trail.
func (s *sealer) newest() []*replica.RollingHash {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trail.newest()
}

func (s *sealer) at() map[uint64]hash {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trail.at()
}
