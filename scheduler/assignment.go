package scheduler

import "time"

// AssignmentType says what kind of worker an assignment takes.
type AssignmentType int

const (
	// AssignmentIdleWorker takes a worker that was idle.
	AssignmentIdleWorker AssignmentType = iota
	// AssignmentPreemptWorker takes a worker from another task.
	AssignmentPreemptWorker
)

// Assignment is one decision of a pass: a request gets a worker.
type Assignment struct {
	// Type says whether another task loses the worker.
	Type AssignmentType
	// Worker is the worker.
	Worker WorkerID
	// Request is what it shall run.
	Request RequestID
	// Abort is the task that must be stopped first, as it may have started there; empty for an
	// idle worker, and where the task that loses the worker was never handed to it.
	Abort RequestID
	// LostWork is what the aborted task has lost to preemption in all its tries, this one included,
	// in whole milliseconds.
	LostWork time.Duration
	// Priority is the level that the request starts at.
	Priority Priority
	// Time is the time of the pass: the scheduler's.
	Time time.Time
}
