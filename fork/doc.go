// Package fork goes on from a snapshot of a pool in a world that the caller makes up: requests
// arrive, workers pull, and tasks run for as long as the world says, under the real scheduler and
// reconciler. It answers what would happen: package forecast asks it when a request will start, and
// package plan what other quotas would change.
//
// [Run] is a function: the same snapshot and the same world give the same operations, in the same
// order, at the same times. It has no clock, no chance and no goroutine.
//
// # The dispatcher of a fork
//
// Time goes by in ticks. At a tick the dispatcher tells the pool what happened since the last one,
// each piece of news with the time at which it was true, then lets the workers that want a task
// pull, and then stops what must be stopped:
//
//	an order           what the operator says, at its time
//	arrival            task_waiting at its time
//	a task's end       task_absent at its time; the worker pulls at the tick
//	assign_tasks       the workers that have no task
//	a task is given    it starts at once: task_running at the time of the tick
//	get_cancellations  a preempted task stops at the tick, and waits again from its beginning
//	                   (task_waiting), or is over (task_absent) if World.NoRetry is set; one with
//	                   an error, or that expired, is over. The worker pulls at the next tick
//
// What happened is told in order of time; of what happened at one time, ends and workers that come
// or go are told before orders, and these before arrivals.
//
// There is a tick at the first multiple of Timing.Tick at which something has happened or a worker
// wants a task for the first time since its last one, and one each Timing.Heartbeat while anything
// waits, runs or is still to arrive, as balances move also when nothing happens. The first tick
// is at the first multiple at or after the beginning. Multiples are those of time.Time.Truncate.
//
// A worker without a task pulls at each tick. Of pulls for which the pool has nothing, most are
// left out, as they change nothing but the time at which the worker was last heard of; enough are
// made that no worker expires before its time. A worker that is given a task by a pass in which it
// would have pulled starts it as if it had. So the outcome is that of a dispatcher that lets all of
// them pull.
//
// # What a snapshot leaves open
//
//   - A fork begins at the newest time that the snapshot speaks of (see [Begin]), so that what is
//     told in it is never old news.
//   - A task that was handed out, and not reported as running, starts when its worker pulls again,
//     at the first tick.
//   - A task that is being stopped is taken to run until the first tick. The pool has forgotten
//     what it asks for, so it is over then, and does not wait again.
//   - A task that is held for a worker that never pulls waits again when the reconciler takes it
//     back.
//
// # Cost
//
// A fork costs what restoring the pool costs, and then what the operations cost. A tick has one
// operation for each piece of news, one assign_tasks, and one get_cancellations if something must
// stop.
package fork
