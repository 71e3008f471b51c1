// Package invariants checks from outside that a pool keeps its promises. It knows operations,
// events, results and snapshots, and nothing of how the pool works.
//
// A [Checker] follows a pool from a snapshot on. It is told each operation with its outcome,
// and now and then it is shown a snapshot:
//
//	c := invariants.NewChecker()
//	err := c.Snapshot(pool)                                     // the beginning
//	err = c.Step(invariants.Step{Operation: op, Events: events, Result: result})
//	err = c.Step(...)
//	err = c.Snapshot(pool)                                      // compares with what was told
//
// From the events alone the checker knows where each request is, what each run has cost and what
// each account has, so that a snapshot holds nothing new to it. Every error is a [Violation] that
// names one of these checks:
//
//   - [OnePlace]: a known request is in one place, waiting or on one worker, and a worker has at
//     most one task.
//   - [NothingDropped]: a request leaves only with an event that gives a legal reason, every
//     change of its place has exactly one event, and a preempted task that may have started is
//     cancelled until it is reported absent or waiting.
//   - [OnlyStarted]: only what may have started on a worker is cancelled there.
//   - [Conserved]: each balance and each cost is, to the unit, what was earned, paid, charged and
//     refunded.
//   - [NoIdleMatch]: after a pass, no request that took part could run on a worker that is idle.
//   - [FixedPoint]: repeated passes at one time come to rest, and place no task twice, unless it
//     lost its worker to another one before it was handed out.
//   - [SameState]: the same operations lead to the same snapshot.
//   - [NotLaundered]: a preemption gives back no more than the price of the run, at a level worse
//     than the taker's.
//   - [BoundedLoss]: what a request has lost after a preemption is within the limit of the level
//     that it lost its worker to, or of its account, unless a free run's worker was owed.
//   - [OrdersKept]: settings are those that operators made; suspended accounts and cordoned workers
//     are given nothing; each order has exactly one event.
//
// A step costs O(its events), and O(accounts) for each pull; a snapshot costs O(its size), and
// O(kinds of idle workers × kinds of waiting requests) after a pull.
package invariants
