// Package reconciler turns the decisions of a quota scheduler into an at-least-once protocol for
// workers that pull: each worker gets its assignment although messages may be lost, late or
// repeated.
//
// The scheduler decides at one moment which request runs on which worker. The worker learns of it
// at its next pull, perhaps twice, perhaps never. The reconciler stands between:
//
//   - It holds each assignment for its worker, and hands it out again at every pull, until the
//     dispatcher says that the task runs there. An assignment that is not acknowledged within the
//     worker queue timeout is taken back, and its request waits again.
//   - It cancels each preempted task again and again until the dispatcher says that the task is
//     gone, or that it waits for another try.
//   - It cancels tasks with errors, and requests that expired, until they are reported absent.
//
// One task to hand out and any number of tasks to abort can stand in a worker's queue:
//
//	           RunOnce            pull                running(r, w, t)
//	(nothing) --------> held r  --------> handed out r --------------> (nothing; r runs)
//	    ^                 |                   |
//	    |    timeout      |      timeout      |       preempted by q: q is held,
//	    +-----------------+-------------------+       and r is to be aborted until
//	      (r waits again)                             absent(r) or waiting(r)
//
// A State belongs to one scheduler.Scheduler, which the caller passes to each method; together they
// are a pool. A pool is driven by its methods or by Apply, which runs one protos.Operation: a
// snapshot (protos.Pool) and the operations after it are a complete record, and give the same
// results and the same state on any machine.
//
// # News
//
// News carries the time at which it was true. News older than the known state is ignored without an
// error, and an event says why. Errors are for input that could never be true (an empty id, a time
// outside the years 1970 to 9999); then nothing has changed.
//
// Nothing here blocks, reads a clock or starts a goroutine. A State is not safe for concurrent use.
package reconciler
