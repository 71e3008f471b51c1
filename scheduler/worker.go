package scheduler

import "time"

// WorkerID names a worker.
type WorkerID string

// Worker is a worker as a caller sees it: a copy.
type Worker struct {
	// ID is not empty.
	ID WorkerID
	// Labels are the worker's, sorted.
	Labels []string
	// ConfirmedTime is the newest time at which anything was said about the worker.
	ConfirmedTime time.Time
	// IdleSince is when the worker became idle, or idle with these labels; zero if it has a run.
	IdleSince time.Time
	// Run is what the worker runs; nil if it is idle.
	Run *Run
}

// Run is a task on a worker as a caller sees it: a copy.
type Run struct {
	// Request is the task's request.
	Request RequestID
	// Account pays for it.
	Account AccountID
	// Priority is the level that it runs at, and pays at.
	Priority Priority
	// Cost is what it has cost at each level up to the last UpdateTime, PreemptionCost included.
	Cost Balance
	// PreemptionCost is the part of the cost that was paid to the account of the task that this
	// one preempted.
	PreemptionCost Balance
	// StartTime is when it was assigned or adopted, in the scheduler's time.
	StartTime time.Time
	// Stage is how far it has come.
	Stage Stage
}

// Stage says how far an assignment has come.
type Stage int

const (
	// Held was assigned, and never handed to the worker.
	Held Stage = iota + 1
	// HandedOut was handed to the worker at a pull; it may have started.
	HandedOut
	// Running is what the dispatcher said of it.
	Running
)

// String returns "held", "handed out" or "running".
func (s Stage) String() string {
	switch s {
	case Held:
		return "held"
	case HandedOut:
		return "handed out"
	case Running:
		return "running"
	}
	return "invalid stage"
}
