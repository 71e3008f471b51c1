package node

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/quotasched/quotasched/protos/dispatch"
)

// Errors of sessions.
var (
	// ErrContested says that two processes claim to be one worker, and both are refused.
	ErrContested = errors.New("two processes claim to be this worker")
	// ErrReplaced says that a newer session or process of the worker took over.
	ErrReplaced = errors.New("a newer session of this worker took over")
	// ErrSilent says that the worker was just given up, as nothing was heard of it for too long. It
	// may report anew.
	ErrSilent = errors.New("nothing was heard of this worker for too long")
	// ErrEarly says that a worker has booted anew, and that its old boot may still run tasks.
	ErrEarly = errors.New("another boot of this worker was heard of less than its TTL ago")
	// ErrSlow says that a worker did not read its orders in time.
	ErrSlow = errors.New("the worker does not read its orders")
)

// An errEarly is an ErrEarly that says when to come again.
type errEarly struct {
	wait time.Duration
}

func (e errEarly) Error() string { return fmt.Sprintf("%v; come again in %s", ErrEarly, e.wait) }

func (e errEarly) Unwrap() error { return ErrEarly }

// A contact is what the leader remembers of a worker. Times are of the monotonic clock.
type contact struct {
	boot, instance string
	sequence       uint64 // of the newest report of the instance
	// heard is when that came; of a worker of which this leader has not heard: when it began to lead.
	heard time.Duration
	// expected is true if this leader has not heard of it; its instance is not known then.
	expected bool
	// silencing is true while it is being given up. Until that is in the state, no report is
	// answered: its sender would believe that its leases go on.
	silencing bool
	// provisional is true until the state has taken a report of it.
	provisional bool
	ttl         time.Duration
	takeovers   []takeover // in the last takeoverWindow, oldest first
	// contested is true while both are refused; untold until an entry says so.
	contested, untold bool

	attached *attachment // the session, or the call that waits; nil if there is none
}

// A takeover is another process of the same boot that became the worker, or tried to.
type takeover struct {
	at       time.Duration
	instance string
}

// Three takeovers by the same two processes within a minute are a contest.
const (
	takeoverWindow    = time.Minute
	takeoversMax      = 3
	takeoversKeptMost = 8
)

// grace is how much longer than the TTL a worker may be silent. It covers what a stop takes at most
// on the worker's side.
func grace(ttl time.Duration) time.Duration { return min(10*time.Second, ttl/6) }

// admit says whether a report may be taken, and notes it if so. fresh is false for a report that is
// older than one that was taken.
func (c *contact) admit(r *dispatch.Report, now time.Duration) (fresh bool, err error) {
	if c.silencing {
		return false, ErrSilent
	}
	switch {
	case r.GetBootId() != c.boot:
		quiet := c.ttl
		if c.expected { // an earlier leader may have answered just before this one began
			quiet += grace(c.ttl)
		}
		if c.provisional {
			quiet = time.Second
		}
		if wait := c.heard + quiet - now; wait > 0 {
			return false, errEarly{wait: wait}
		}
		c.takeovers, c.contested = nil, false
	case c.expected:
	case r.GetInstanceId() != c.instance:
		if err := c.takeOver(r.GetInstanceId(), now); err != nil {
			return false, err
		}
	case c.contested:
		if err := c.contest(r.GetInstanceId(), now); err != nil {
			return false, err
		}
	case r.GetSequence() < c.sequence:
		return false, nil
	}
	c.boot, c.instance, c.sequence = r.GetBootId(), r.GetInstanceId(), r.GetSequence()
	c.heard, c.expected = now, false
	return true, nil
}

// takeOver lets another process of the same boot become the worker, unless two take turns.
func (c *contact) takeOver(instance string, now time.Duration) error {
	if c.contested {
		return c.contest(instance, now)
	}
	c.note(instance, now)
	if len(c.takeovers) >= takeoversMax && c.takers() <= 2 {
		c.contested, c.untold = true, true
		return c.contestError()
	}
	return nil
}

// contest notes an attempt during a contest. It is over when only one process has tried for a
// while.
func (c *contact) contest(instance string, now time.Duration) error {
	if last := c.takeovers[len(c.takeovers)-1]; last.instance != instance {
		c.note(instance, now)
	}
	c.forget(now)
	if c.takers() > 1 {
		return c.contestError()
	}
	c.contested, c.takeovers = false, nil
	return nil
}

func (c *contact) note(instance string, now time.Duration) {
	c.forget(now)
	if len(c.takeovers) == takeoversKeptMost {
		c.takeovers = c.takeovers[1:]
	}
	c.takeovers = append(c.takeovers, takeover{now, instance})
}

func (c *contact) forget(now time.Duration) {
	c.takeovers = slices.DeleteFunc(c.takeovers, func(t takeover) bool {
		return now-t.at > takeoverWindow
	})
}

// takers is how many processes took over.
func (c *contact) takers() int { return len(c.claimants()) }

// claimants are the processes that took over, or tried to, in order.
func (c *contact) claimants() []string {
	seen := map[string]bool{}
	for _, t := range c.takeovers {
		seen[t.instance] = true
	}
	return slices.Sorted(maps.Keys(seen))
}

func (c *contact) contestError() error {
	return fmt.Errorf("%w: %d takeovers in a minute; end one of them, and wait for a minute",
		ErrContested, len(c.takeovers))
}

// overdue reports whether the worker was silent for too long, as of now, for a leader that began to
// lead at elected.
func (c *contact) overdue(now, elected time.Duration) bool { return now > c.due(elected) }

// due is until when a worker may be silent, as far as is known now.
func (c *contact) due(elected time.Duration) time.Duration {
	if c.ttl == 0 {
		return math.MaxInt64
	}
	return max(c.heard+c.ttl, elected+2*c.ttl) + grace(c.ttl)
}
