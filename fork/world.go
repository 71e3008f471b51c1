package fork

import (
	"time"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// World is what a fork makes up about everything outside of the pool.
type World struct {
	// Begin is when the fork begins; the zero time, and times before that of Begin(snapshot), mean
	// that one.
	Begin time.Time
	// Workers are all workers that ever pull, in any order. A worker of the snapshot that is not
	// among them ends its task, if it has one, and never pulls again. See WorkersOf.
	Workers []Worker
	// Arrivals are the requests that come in the fork, by time.
	Arrivals []Arrival
	// More, if not nil, returns the arrivals that come after all earlier ones, by time. It is called
	// when no arrival is left, until it returns none, so that a long future need not be made at once.
	// What it returns must be as Arrivals are, and not before the last one of them.
	More func() []Arrival
	// Orders are what operators say in the fork, by time: suspend_account, resume_account,
	// cordon_worker, uncordon_worker, update_account, and configure for all settings but
	// worker_expiration. One about an account that the pool does not have is passed over.
	Orders []*protos.Operation
	// RunTime returns how long a task runs in all, from its start; 0 and less is no time at all. It
	// is asked once for each run of a task, when that starts, or, for a task that runs in the
	// snapshot, at the beginning of the fork, in order of worker. A task that has run for longer
	// than that by then ends at the beginning.
	RunTime func(Task) time.Duration
	// NoRetry ends a task that is preempted. Otherwise it waits again, and then runs from its
	// beginning.
	NoRetry bool
	// Timing has the dispatcher's habits.
	Timing Timing
}

// Worker is a worker of a world.
type Worker struct {
	// ID is not empty, and no two are equal.
	ID scheduler.WorkerID
	// Labels are those that it pulls with.
	Labels []string
	// From is when it first pulls; the zero time, and times before the beginning, are the
	// beginning.
	From time.Time
	// Until is when it pulls no more; what it runs then goes on to its end. The zero time is never.
	Until time.Time
}

// Arrival is a request that comes.
type Arrival struct {
	// Time is when the dispatcher hears of it; not before the fork's beginning.
	Time time.Time
	// Request has its content: id, account, labels, tags and enqueue time. No two arrivals have
	// the same id, and none that of a request in the snapshot.
	Request scheduler.TaskRequest
}

// Task is a run of a request on a worker.
type Task struct {
	// Request has what is known of the request.
	Request scheduler.TaskRequest
	// Worker runs it.
	Worker scheduler.WorkerID
	// Start is when it started.
	Start time.Time
	// Attempt counts the runs of the request in the fork, from 0. The run of a task that runs in
	// the snapshot is attempt 0.
	Attempt int
	// Provision is true if the worker lacks some of the request's provisionable labels. Of a task
	// that runs in the snapshot it is not known, and false.
	Provision bool
}

// Timing has a dispatcher's habits. Times below zero are errors.
type Timing struct {
	// Tick is the least time between two passes; 0 means a second.
	Tick time.Duration
	// Heartbeat is the longest time between two passes while anything waits, runs or is still to
	// arrive; 0 means a minute. It is rounded down to a multiple of Tick, and is that at least; and
	// it is never more than half of the pool's worker expiration.
	Heartbeat time.Duration
}
