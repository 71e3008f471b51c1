package node

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// sessions are what a leader remembers of all workers. A worker that the state knows has a contact
// from the beginning of the lead, any other one from its first report, which the state may refuse.
type sessions struct {
	elected time.Duration

	mu       sync.Mutex
	workers  map[state.WorkerKey]*contact
	attached int
	// quiet is until when none can be overdue, whatever is heard meanwhile.
	quiet time.Duration
}

// An attachment is a session, or a call that waits: where a worker hears of changes of its orders.
type attachment struct {
	changed chan struct{} // has room for one; full if the orders may have changed
	// end ends it, with the reason.
	end context.CancelCauseFunc
}

// admit says whether a report may be taken, and whether it is fresh: newer than all of before, or
// the newest one again. A worker that was not known gets a contact. settle or drop follows.
func (s *sessions) admit(key state.WorkerKey, r *dispatch.Report, now time.Duration) (bool, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.workers[key]
	if c == nil {
		s.workers[key] = &contact{boot: r.GetBootId(), instance: r.GetInstanceId(),
			sequence: r.GetSequence(), heard: now, provisional: true}
		return true, nil
	}
	boot, instance := c.boot, c.instance
	fresh, err := c.admit(r, now)
	if replaced := c.boot != boot || c.instance != instance; replaced && c.attached != nil {
		c.attached.end(fmt.Errorf("%w: process %s", ErrReplaced, c.instance))
	}
	return fresh, err
}

// drop forgets a worker of which the state took no report, as far as is known. If it did take one,
// reconcile finds it.
func (s *sessions) drop(key state.WorkerKey, r *dispatch.Report) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.workers[key]
	if c != nil && c.provisional && c.attached == nil && c.instance == r.GetInstanceId() {
		delete(s.workers, key)
	}
}

// settle notes that the state took a report, or that it changes nothing: it may be answered, unless
// the worker was given up or replaced meanwhile.
func (s *sessions) settle(key state.WorkerKey, r *dispatch.Report, ttl time.Duration) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.workers[key]
	switch {
	case c == nil || c.silencing:
		return ErrSilent
	case c.boot != r.GetBootId() || c.instance != r.GetInstanceId():
		return fmt.Errorf("%w: process %s", ErrReplaced, c.instance)
	}
	c.ttl, c.provisional = ttl, false
	s.quiet = min(s.quiet, c.due(s.elected))
	return nil
}

// reconcile gives each worker that the state knows a contact, and forgets others that have no
// session.
func (s *sessions) reconcile(m *state.Machine, now time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := map[state.WorkerKey]bool{}
	for key, w := range m.Workers() {
		known[key] = true
		if s.workers[key] == nil && !w.Silent {
			c := &contact{boot: w.Boot, instance: w.Instance, sequence: w.Sequence,
				expected: true, heard: now, ttl: w.LeaseTTL}
			s.workers[key], s.quiet = c, min(s.quiet, c.due(s.elected))
		}
	}
	for key, c := range s.workers {
		if !known[key] && !c.provisional && c.attached == nil {
			delete(s.workers, key)
		}
	}
}

// attach makes an attachment the worker's. The one before ends.
func (s *sessions) attach(key state.WorkerKey, a *attachment, limit int) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.workers[key]
	switch {
	case c == nil:
		return ErrSilent
	case c.attached != nil:
		c.attached.end(ErrReplaced)
	case s.attached >= limit:
		return fmt.Errorf("%w: this node has %d sessions, as many as it may", ErrOverloaded, limit)
	default:
		s.attached++
	}
	c.attached = a
	return nil
}

// detach ends what attach began. Another one may have taken its place.
func (s *sessions) detach(key state.WorkerKey, a *attachment) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if c := s.workers[key]; c != nil && c.attached == a {
		c.attached = nil
		s.attached--
	}
}

// knows reports whether a worker is known, and not silent.
func (s *sessions) knows(key state.WorkerKey) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.workers[key]
	return c != nil && !c.silencing
}

// touch tells sessions that their orders may have changed.
func (s *sessions) touch(keys []state.WorkerKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, key := range keys {
		if c := s.workers[key]; c != nil && c.attached != nil {
			signal(c.attached.changed)
		}
	}
}

// touchAll tells all of them.
func (s *sessions) touchAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, c := range s.workers {
		if c.attached != nil {
			signal(c.attached.changed)
		}
	}
}

// signal puts something into a channel with room for one, unless it is full.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// overdue returns what is to be proposed of workers that were silent for too long, in order. Their
// reports are refused until givenUp. While all may be silent for longer, it looks at none.
func (s *sessions) overdue(now time.Duration) []*replica.SilentWorker {
	s.mu.Lock()
	defer s.mu.Unlock()
	if now <= s.quiet {
		return nil
	}
	s.quiet = math.MaxInt64
	var silent []*replica.SilentWorker
	for key, c := range s.workers {
		s.quiet = min(s.quiet, c.due(s.elected))
		if c.overdue(now, s.elected) {
			c.silencing = true
			silent = append(silent, &replica.SilentWorker{Pool: key.Pool, Worker: key.Worker,
				BootId: c.boot, Sequence: c.sequence, InstanceId: c.instance})
		}
	}
	slices.SortFunc(silent, func(a, b *replica.SilentWorker) int {
		return strings.Compare(a.GetPool()+"/"+a.GetWorker(), b.GetPool()+"/"+b.GetWorker())
	})
	return silent
}

// contests returns what is to be proposed of workers that two processes have begun to claim, and
// how many are claimed so.
func (s *sessions) contests() (begun []*replica.ContestedWorker, all int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for key, c := range s.workers {
		if !c.contested {
			continue
		}
		all++
		if c.untold {
			c.untold = false
			begun = append(begun, &replica.ContestedWorker{Pool: key.Pool, Worker: key.Worker,
				InstanceIds: c.claimants()})
		}
	}
	return begun, all
}

// givenUp forgets a worker that the state now knows to be silent.
func (s *sessions) givenUp(key state.WorkerKey) {
	s.mu.Lock()
	defer s.mu.Unlock()
	c := s.workers[key]
	if c == nil || !c.silencing {
		return
	}
	if c.attached != nil {
		c.attached.end(ErrSilent)
		s.attached--
	}
	delete(s.workers, key)
}

// count is how many sessions there are.
func (s *sessions) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.attached
}
