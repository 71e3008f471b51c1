package fork

import "time"

// Kind says what happened.
type Kind int

const (
	// Arrived is a request that came. The task has its request alone.
	Arrived Kind = iota + 1
	// Started is a task that began to run.
	Started
	// Ended is a task that came to its end.
	Ended
	// Preempted is a task that was stopped because another one takes its worker. Unless
	// World.NoRetry is set, it waits again.
	Preempted
	// Failed is a task that was stopped, or a request that was taken away, because of an error
	// that the snapshot knows of.
	Failed
	// Expired is a request that waited for longer than the pool allows, and left. Of the task,
	// only the request's ID is set.
	Expired
	// WorkerGone is a worker that pulls no more. Of the task, only Worker is set.
	WorkerGone
)

// String returns the name of the kind, such as "started".
func (k Kind) String() string {
	names := [...]string{"invalid kind", "arrived", "started", "ended", "preempted", "failed",
		"expired", "worker gone"}
	if k < 0 || int(k) >= len(names) {
		k = 0
	}
	return names[k]
}

// Happening is one thing that happened in the world of a fork. The events of its pool say what the
// scheduler decided; happenings say how its tasks went.
type Happening struct {
	// Kind is what happened.
	Kind Kind
	// Time is when.
	Time time.Time
	// Task is to whom. A run's Started and Ended have the same task.
	Task Task
}
