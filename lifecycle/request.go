package lifecycle

import (
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// A Request is a request as a follower knows it.
type Request struct {
	// ID names the request.
	ID scheduler.RequestID
	// Account is its account; empty if it has none, or if it was Stopping in the snapshot, which
	// does not say.
	Account scheduler.AccountID
	// State is where it is.
	State State
	// Worker is its worker while it is on one, and the one that it lost while it is Stopping; else
	// empty.
	Worker scheduler.WorkerID
	// Level is that of its run while it is on a worker, and of the run that it lost while it is
	// Stopping; else 0.
	Level scheduler.Priority
	// Lost is the work that it has lost to preemption in all its tries, as far as the pool knows:
	// 0 once it is gone.
	Lost time.Duration
	// Since is the time of its last change. Of a request in a snapshot it is the enqueue time if it
	// waits, and when it came to its level if it is on a worker.
	Since time.Time
	// Start is when its run started, which is not before it was assigned; the zero time if it did
	// not, or if there is no run. While it is Stopping it is that of the run that it lost. Of a run
	// in a snapshot it is when it was assigned.
	Start time.Time
}

// State says where a request is.
type State uint8

const (
	// Unknown is a request that the pool does not know and does not stop.
	Unknown State = iota
	// Waiting is one that waits for a worker.
	Waiting
	// Held is one that was assigned to a worker which was not given it yet.
	Held
	// HandedOut is one that its worker was given; it may have started.
	HandedOut
	// Running is one that was reported as running.
	Running
	// Stopping is one that was preempted or has expired, and is cancelled until the dispatcher
	// reports it absent or waiting.
	Stopping
)

// OnWorker reports whether a request in this state has a worker: it is held, handed out or running.
func (s State) OnWorker() bool { return s >= Held && s <= Running }

// MayRun reports whether a worker may run a request in this state: it is handed out or running.
func (s State) MayRun() bool { return s == HandedOut || s == Running }

// String returns the name of the state, such as "handed out".
func (s State) String() string {
	names := [...]string{"unknown", "waiting", "held", "handed out", "running", "stopping"}
	if int(s) >= len(names) {
		return "invalid state"
	}
	return names[s]
}

// leaveWorker takes a request off its worker.
func (r *Request) leaveWorker() {
	r.Worker, r.Level, r.Start = "", 0, time.Time{}
}
