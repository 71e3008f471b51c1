package simulator

import (
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// requestState is how far a request has come; doc.go draws it. A request that has ended is
// forgotten.
type requestState uint8

const (
	// requestWaiting waits for a worker.
	requestWaiting requestState = iota
	// requestHeld has a worker that has not yet been told of it.
	requestHeld
	// requestStarting was given to its worker.
	requestStarting
	// requestRunning runs on its worker.
	requestRunning
	// requestMissing ran on its worker, which died, and the dispatcher does not know it yet.
	requestMissing
)

// level is a scheduler.Priority in one byte.
type level int8

// request is a request that has arrived and not ended. There may be a million of them, each looked
// at when the processor has long forgotten it: two lines of its cache, of 64 bytes, hold one.
type request struct {
	id      scheduler.RequestID
	account *accountTally
	// worker is the one that it is held for, or on; nil while it waits.
	worker *worker
	// number is its place in the order of arrival, and submission the index in the workload.
	number, submission int32
	// runners counts the workers that run it, of which there must not be two.
	runners int16
	state   requestState
	// told is true from when the pool was told of it, or told again after a preemption.
	told bool
	// stopping is true from when the pool preempted it until its worker stops.
	stopping bool
	// ended is true once it is over.
	ended bool
	// level is what the pool last said that it runs at, since levelSince.
	level      level
	levelSince time.Duration
	// started is when its last run began, meaningful if there was one, and first when its first one
	// did; Unknown if none.
	started, first time.Duration

	// The rest is kept by the tally.
	standing standing
	// ranOn, ranAt, provisioned and stopped are of its last run: the worker, the level at the end,
	// when it had provisioned, or will have, and the end, Unknown while it runs.
	ranAt                level
	ranOn                *worker
	provisioned, stopped time.Duration
	// preemptedBy is not nil while a worker has it that the pool wants for another request, of that
	// account.
	preemptedBy *accountTally
	// runs counts its runs, and preemptions how often the pool preempted it; lost is what its
	// stopped runs had done.
	runs, preemptions int32
	lost              time.Duration
}

// onWorker says whether a worker has been given it.
func (r *request) onWorker() bool {
	return r.state == requestStarting || r.state == requestRunning
}

// claimed says whether, as far as the dispatcher knows, its worker runs it.
func (r *request) claimed() bool {
	return r.state == requestRunning || r.state == requestMissing
}

// outcome is how a request ends.
type outcome uint8

const (
	// outcomeCompleted ran to its end.
	outcomeCompleted outcome = iota
	// outcomeExpired waited for longer than the pool's request expiration.
	outcomeExpired
	// outcomePreempted was preempted, or ran on a worker that died, and the policy does not retry.
	outcomePreempted
	// outcomeLost was forgotten by the pool and by all workers. It must not happen.
	outcomeLost
)

// String returns the outcome as TaskRecord says it.
func (o outcome) String() string {
	switch o {
	case outcomeCompleted:
		return "completed"
	case outcomeExpired:
		return "expired"
	case outcomePreempted:
		return "dropped"
	default:
		return "lost"
	}
}

// progress of a submission: what a log calls the start of a job is spread over its requests.
type progress struct {
	left        int           // requests that have not ended
	completed   int           // requests that ran to their end
	first, last time.Duration // of the completing runs: the earliest and the latest start
}
