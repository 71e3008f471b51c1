package lifecycle

import (
	"time"

	"github.com/quotasched/quotasched/protos"
)

// A Change is one thing that became of a request.
type Change struct {
	// Kind is the kind of change.
	Kind Kind
	// Time is when: that of the event, or of the operation if there is no event.
	Time time.Time
	// Was and Now are the request before and after it.
	Was, Now Request
	// Event is the event that tells of it, with labels and details such as the reason for which a
	// request ended; nil for Started, Acknowledged, Stopped and EndedBefore, and for Moved if the
	// account was deleted. It belongs to whoever told the follower.
	Event *protos.TaskEvent
}

// Spent returns how long the request was in the state, and at the level, that it leaves, as far as
// the follower knows: 0 for one that was Unknown, and never below 0.
func (c *Change) Spent() time.Duration {
	if c.Was.State == Unknown {
		return 0
	}
	return max(0, c.Time.Sub(c.Was.Since))
}

// Kind says what became of a request.
type Kind uint8

const (
	// Arrived means that it waits, and was not known, or Stopping.
	Arrived Kind = iota + 1
	// Updated means that it has other content, such as another account, and still waits.
	Updated
	// Assigned means that it is held for a worker.
	Assigned
	// Started means that its worker was given it, or is first known to run it.
	Started
	// Acknowledged means that it was reported as running where it was assigned.
	Acknowledged
	// Adopted means that it was reported as running where it was not assigned.
	Adopted
	// Moved means that its run came to another level: by a decision of the pool, or, without an
	// event, to the free bucket as its account was deleted.
	Moved
	// Requeued means that it was taken back from its worker, and waits again.
	Requeued
	// Preempted means that another request took its worker: it waits again if it was held, and is
	// Stopping if not.
	Preempted
	// Ended means that it left the pool by news, or as the pool was wiped; the event has the reason.
	Ended
	// Expired means that it waited for too long, left, and is Stopping.
	Expired
	// Stopped means that what was Stopping was reported absent, or its worker gone, or that the pool
	// was wiped.
	Stopped
	// EndedBefore means that what is Stopping was gone before it was preempted: Time is when.
	EndedBefore
)

// String returns the name of the kind, such as "acknowledged".
func (k Kind) String() string {
	names := [...]string{"invalid kind", "arrived", "updated", "assigned", "started",
		"acknowledged", "adopted", "moved", "requeued", "preempted", "ended", "expired",
		"stopped", "ended before"}
	if int(k) >= len(names) {
		k = 0
	}
	return names[k]
}
