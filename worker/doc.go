// Package worker is the agent: it runs the tasks that a dispatcher gives to this machine, and never
// runs one twice.
//
// # The parts
//
//	dispatcher
//	    ▲ reports        │ orders               one connection, of its own goroutine
//	    │                ▼
//	┌──────────────────────────┐
//	│ session                  │  connects, backs off, says all that is true, hears what shall be
//	└──────────┬───────────────┘
//	┌──────────▼───────────────┐
//	│ manager                  │  holds the lease table (package lease, pure) and does what it says
//	└──────────┬───────────────┘
//	┌──────────▼───────────────┐
//	│ runner, one a lease      │  prestart hooks, start, poststart hooks, wait, exited hooks
//	└──────────┬───────────────┘
//	┌──────────▼───────────────┐
//	│ driver: exec, simulated  │  how a task is started, stopped and found again
//	└──────────┬───────────────┘
//	┌──────────▼───────────────┐
//	│ shim, one a task         │  a process (package shim) that holds the child, its exit code and
//	│   └ the task's processes │  the deadline; it outlives the agent
//	└──────────────────────────┘
//
// # The life of a lease
//
//	run ordered                             hooks, driver            stop ordered, or the
//	     │                                      │                    deadline is near
//	     ▼                                      ▼                           │
//	 ACCEPTED ──▶ PREPARING ───────────────▶ RUNNING ──────────────────▶ STOPPING
//	     │            │                         │                           │
//	     ▼            ▼                         ▼                           ▼
//	     └── REJECTED ┘ did not start           └────── FINISHED, LOST ─────┘
//
// Phases only move forward. FINISHED means that the task ended by itself, by its timeout, or
// because the dispatcher had it stopped; LOST that this worker ended it for reasons of its own (it
// heard nothing, or was told to end), or does not know how it ended. An ended lease is reported
// until the dispatcher says that its end is recorded; until then it is on disk, so that the next
// agent reports it.
//
// # What happens to messages
//
//   - A report that is lost, late or repeated does no harm: each one has all leases.
//   - Orders that are lost: the next ones have another applies_to, and the worker asks for COMPLETE
//     ones by a report with version 0. COMPLETE orders say all that there is to do.
//   - Orders that are repeated or late: a known lease is not started again; a forgotten one is
//     remembered for a while; older ones of an older epoch are ignored.
//   - An order to stop a lease that was never heard of is answered: it is REJECTED, and an order
//     to run it that comes later is ignored.
//   - A report that nobody answers: the deadline does not move. Each task has to have ended by
//     then, but those that go on when disconnected. See package lease.
//
// # What is on disk
//
// Each lease has a directory with a file for the order and one for the end, each with a checksum
// and replaced as a whole (package record), in place of one database for all: the shim writes the
// end while no agent is there, and no two processes share a file that is written; a damaged file
// costs its own lease alone; and what is to be sent after a restart is the list of directories. The
// end is synced before it is reported, and removed when the dispatcher says that it is recorded.
//
// # What tasks write
//
// It stays on this machine, in files of bounded length, and is sent when somebody wants to read it:
// orders name a fetch, and calls of SendLog, which reports neither wait for nor share a connection
// with, send a part each. What ended tasks wrote is kept within bounds of its own.
//
// # The deadline
//
// It is the dispatcher's lease TTL after the sending of the newest report that was answered, by
// CLOCK_BOOTTIME, which goes on while the machine sleeps. The agent gives it to the shims, and the
// shims keep it, agent or not: the stop signal 10 s before it (a sixth of the TTL, if that is
// less), SIGKILL to all of the task's processes when it is there. An agent that has lost tasks so
// takes no other one for a while.
//
// Not covered: a machine that is paused as a whole and goes on later, and a process that the kernel
// cannot kill: its slot stays taken, and the worker says so. Without PID namespaces (see package
// shim) also what the processes of a task have left behind if both agent and shim are killed, until
// the next agent starts.
package worker
