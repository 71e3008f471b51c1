package worker

import (
	"context"
	"time"

	"github.com/quotasched/quotasched/protos/dispatch"
)

// A Driver starts tasks, and finds again what an earlier agent started. Its methods are called from
// many goroutines.
type Driver interface {
	// Start starts a task, and returns when it runs, or has ended already. An error means that
	// nothing of it runs. The context bounds the start alone.
	Start(ctx context.Context, t Task) (Process, error)
	// Find finds a task that an earlier agent of this machine began to start. An error means that
	// nothing of it runs; a driver whose tasks do not outlive the agent says so by ErrGone.
	Find(ctx context.Context, t Task) (Process, error)
}

// A PermanentError is an error of Driver.Start that says that no worker can start the task: it is
// not tried elsewhere.
type PermanentError struct{ error }

// Task is what a driver is to run.
type Task struct {
	Run *dispatch.Run
	// Dir is the lease's directory. It survives the agent, until the end is recorded; empty if the
	// agent has no state directory. What the task writes goes to files in it, as package shim says.
	Dir string
	// Deadline is when the task must have ended unless Renew moves it, by CLOCK_BOOTTIME; 0 means
	// that it has none. Margin before that it is to get its stop signal.
	Deadline, Margin time.Duration
}

// A Process is a task that was started. None of its methods but Wait waits for anything.
type Process interface {
	// Since returns when it began to run, by CLOCK_BOOTTIME; 0 if it never did.
	Since() time.Duration
	// Saved returns how much of its running is saved; false if it does not save.
	Saved() (time.Duration, bool)
	// Stuck reports whether it was killed in vain for a long time. Wait goes on.
	Stuck() bool
	// Renew moves the deadline.
	Renew(deadline, margin time.Duration)
	// Stop has it stopped: its stop signal now, SIGKILL after the grace. A second call can only make
	// the grace shorter. own says that the worker does so for reasons of its own: then it is LOST.
	Stop(grace time.Duration, own bool)
	// Wait waits until nothing of it is left, and returns how it ended: the phase and the result.
	Wait(ctx context.Context) (*dispatch.LeaseReport, error)
}
