// Package fork goes on from a snapshot of a pool in a world that the caller makes up: requests
// arrive, workers pull, and tasks run for as long as the world says, under the real scheduler and
// reconciler. It answers what would happen: package forecast asks it when a request will start, and
// package plan what other quotas would change.
//
// A fork is a function: the same snapshot and the same world give the same operations, in the same
// order, at the same times. It has no clock, no chance and no goroutine.
//
// # The dispatcher of a fork
//
// Time goes by in ticks. At a tick the dispatcher tells the pool what happened since the last one,
// each piece of news with the time at which it was true, then lets the workers that want a task
// pull, and then stops what must be stopped:
//
//	arrival            task_waiting at its time
//	a task's end       task_absent at its time; the worker pulls at the tick
//	assign_tasks       the workers that have no task
//	a task is given    it starts at once: task_running at the time of the tick
//	get_cancellations  a preempted task stops at the tick, and waits again from its beginning
//	                   (task_waiting), or is over (task_absent) if World.NoRetry is set
//
// There is a tick at the first multiple of Timing.Tick at which there is something to tell, and
// one each Timing.Heartbeat while anything waits or runs, as balances move also when nothing
// happens.
package fork
