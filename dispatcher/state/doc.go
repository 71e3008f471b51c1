// Package state is what the nodes of a dispatcher replicate: pools, their tasks, workers and
// leases, usage, the results of request ids, and time. It is a function: a state and an entry of
// the log give the next state and an outcome, the same on every node. It reads no clock, and has no
// goroutine, lock or I/O but the snapshot's reader and writer.
//
// # A task
//
//	            hand-out           RUNNING
//	WAITING ───────────▶ ASSIGNED ───────▶ RUNNING ──▶ SUCCEEDED  exit code 0
//	 ▲ │ │                │    │            │   │  └──▶ FAILED     out of tries
//	 │ │ └▶ EXPIRED       │    └──▶ STOPPING ◀──┘       REJECTED   never can run, says its worker
//	 │ └──▶ CANCELLED     │             │
//	 └────────────────────┴─────────────┘ ─────▶ CANCELLED, LOST (attempts used up), SUCCEEDED
//	  preempted, lost, never accepted, tried again
//
// STOPPING has a reason: preempted, cancelled or not accepted. A task leaves it when its worker
// says that it has stopped, or is gone; one that exits with 0 meanwhile has SUCCEEDED. Whatever it
// loses, a task that waits again keeps its enqueue time.
//
// # A lease
//
// An attempt is a lease: a task, the number of the attempt, a slot and the boot of its machine.
//
//	(nothing said) ──▶ ACCEPTED ──▶ PREPARING ──▶ RUNNING ──▶ STOPPING ──▶ FINISHED
//	       │              └─────────────┴────────────┴───────────┴───────▶ REJECTED, LOST
//	       │ accept_timeout: told to stop, and over when the worker says so
//	       └ the machine silent, booted anew, or the slot gone: LOST
//
// Phases move forward only; a report may leave out any of them. A lease that the worker once spoke
// of and then leaves out is LOST. One that it never spoke of keeps its order to run, as that may
// still be on its way. A lease on a worker that the state does not hold, or holds no more, is a
// stray: while it is alive it is told to stop, and its slot gets nothing.
//
// # What messages are lost, late or doubled
//
//   - A report that is lost: the next one says all that is true.
//   - One that comes twice, or after a newer one of the same process: its sequence is not greater
//     than the known one, and it is ignored.
//   - One of a process or a boot that another one has taken over from: refused, as it would undo
//     what the newer one said.
//   - One of a process that nobody has heard of yet: it takes over. It may be a living one, or one
//     that is long gone, whose report was under way for long. So what it leaves out is not lost
//     before a report of it has followed orders, which one that is gone never does; and until then
//     the process before it may take over again.
//   - Orders that are lost: the next ones have all that the worker shall do. Orders to stop stay
//     until the worker says that the lease is over; what it is to forget stays until it has.
//   - Orders that are late: a worker ignores those that answer an older report than it has followed
//     the answer of. Else it would start again what it has ended and forgotten.
//
// # External pools
//
// Another dispatcher owns the tasks and workers of an external pool, and its news comes with times
// of its own. Beside the scheduler the state knows two things of each request: when it was last
// heard of, so that the stalest are asked about, and for an hour that it is over, so that news from
// before does not bring it back.
//
// # An entry
//
// Apply checks that it knows the rules and each command, runs the commands in order, and then one
// scheduling pass in each pool that they brought news for. In that pass the idle slots pull of each
// worker that was heard of. What the pass gives to idle slots that did not pull is pulled for them
// at once, so that a decision and the order that follows from it are in one entry.
//
// A command that is refused has changed nothing, and its outcome has a code and a text. An error of
// Apply is another thing: this replica cannot go on, as it would differ from the others.
//
// # Rules
//
// What Apply does, to the last letter of an event or an error, is the rules: the rolling hash is
// over it, and replicas that differ stop. A change of it needs a new RuleVersion, which RaiseRules
// brings into force when all replicas know it.
//
// # Failure of a pool
//
// A panic while something is applied to a pool stops that pool, on every replica at the same entry:
// its scheduler and its workers are dropped, its tasks stay as they were at that moment, and it can
// be looked at and deleted.
package state
