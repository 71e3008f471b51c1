package history

import (
	"time"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// History is what was seen.
type History struct {
	// Begin is the time of the snapshot, and End the newest time of an operation, or Begin.
	Begin, End time.Time
	// Steps is how many steps there were.
	Steps int64
	// Requests are all that were seen, in the order in which they came; those of the snapshot come
	// first, by enqueue time and id.
	Requests []*Request
	// Workers are all that were seen, by id.
	Workers []*Worker
	// Accounts are the operations on accounts, in order.
	Accounts []AccountOperation
	// Orders are what operators said, but for changes of an account's settings, in order.
	Orders []Order
	// Errors counts requests that were reported to have an error.
	Errors int
	// WorkerExpiration is how long the pool keeps idle workers without news.
	WorkerExpiration time.Duration
	// TickMin is the shortest time between two assign_tasks, 0 if there were none at two times; and
	// HeartbeatMax the longest that began while anything waited or ran.
	TickMin, HeartbeatMax time.Duration
}

// Order is what an operator said.
type Order struct {
	// Step is the number of the step, the first is 1.
	Step int64
	// Operation is the operation. It is the history's own, and not to be changed.
	Operation *protos.Operation
}

// Request is a request, with all its tries.
type Request struct {
	// Content is what the dispatcher said of it last: id, account, labels, tags and enqueue time.
	Content scheduler.TaskRequest
	// Arrived is when the dispatcher first said that it waits, and Step the number of the step
	// that did; 0 and the time of the snapshot if it was there before.
	Arrived time.Time
	Step    int64
	// Reused is true if another request had the same id before.
	Reused bool
	// Runs are its runs, in order. All but the last one have ended.
	Runs []Run
	// Fate is what has become of it.
	Fate Fate
}

// Fate says what has become of a request.
type Fate uint8

// The fates of requests.
const (
	// Open is one that waits or runs at the end.
	Open Fate = iota
	// Done is one whose last run has completed.
	Done
	// Withdrawn is one that the dispatcher took back while it waited.
	Withdrawn
	// Expired is one that waited for too long.
	Expired
	// Stopping is one that was preempted and of which nothing was heard since.
	Stopping
	// Stopped is one that was preempted and did not wait again.
	Stopped
)

// String returns the fate, such as "withdrawn".
func (f Fate) String() string {
	return [...]string{"open", "done", "withdrawn", "expired", "stopping", "stopped"}[f]
}

// Run is a run of a request on a worker.
type Run struct {
	// Worker is where it ran.
	Worker scheduler.WorkerID
	// Assigned is when the pool decided so, and Start when the run started; the zero time if it
	// did not.
	Assigned, Start time.Time
	// End is when it ended; the zero time if it goes on.
	End time.Time
	// Ending is how it ended.
	Ending Ending
	// By is the account for whose request it was preempted.
	By scheduler.AccountID
}

// Ending says how a run ended.
type Ending uint8

// The endings of runs.
const (
	// Running is a run that goes on.
	Running Ending = iota
	// Completed is a run whose task was reported as gone, or whose worker became idle.
	Completed
	// Preempted is a run that lost its worker to another request.
	Preempted
	// Lost is a run of which the dispatcher said that it must be done again, such as that of a
	// worker that died, or whose worker turned out to run something else.
	Lost
	// TakenBack is a run that was assigned, and of which nobody ever said that it ran.
	TakenBack
)

// String returns the ending, such as "taken back".
func (e Ending) String() string {
	return [...]string{"running", "completed", "preempted", "lost", "taken back"}[e]
}

// Ran reports how long a run was, until now if it goes on. It is 0 if it did not start, or was
// taken back.
func (r *Run) Ran(now time.Time) time.Duration {
	if r.Start.IsZero() || r.Ending == TakenBack {
		return 0
	}
	end := r.End
	if r.Ending == Running {
		end = now
	}
	return max(0, end.Sub(r.Start))
}

// LastStart returns the start of its last run that was not taken back, if there is one.
func (r *Request) LastStart() (time.Time, bool) {
	for i := len(r.Runs) - 1; i >= 0; i-- {
		if run := &r.Runs[i]; !run.Start.IsZero() && run.Ending != TakenBack {
			return run.Start, true
		}
	}
	return time.Time{}, false
}

// Running reports whether it runs at the end.
func (r *Request) Running() bool {
	n := len(r.Runs)
	return n > 0 && r.Runs[n-1].Ending == Running && !r.Runs[n-1].Start.IsZero()
}

// Worker is a worker that was heard of.
type Worker struct {
	// ID is the worker's.
	ID scheduler.WorkerID
	// Labels are those of its last pull, in order; nil if it never pulled.
	Labels []string
	// Constant are the labels that it had at every pull.
	Constant []string
	// First and Last are when it was first and last heard of: by a pull, or by news of what ran
	// there.
	First, Last time.Time
	// Gaps counts the times at which nothing was heard of it for longer than the pool keeps idle
	// workers, while it ran nothing, and then it was there again.
	Gaps int
	// Busy is true if it runs something at the end.
	Busy bool
}

// AccountOperation is an operation on an account.
type AccountOperation struct {
	// Step is the number of its step, and Time its time.
	Step int64
	Time time.Time
	// Kind is "add_account", "delete_account", "reset_balance", "update_account",
	// "suspend_account" or "resume_account".
	Kind string
	// Account is the account's id.
	Account scheduler.AccountID
	// Refused is true if the pool refused it.
	Refused bool
}
