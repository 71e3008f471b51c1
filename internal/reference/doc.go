// Package reference is the executable specification: the rules of the quota scheduler and of its
// reconciler, written in the plainest way. It keeps maps and sorted slices, counts by looking at
// everything there is, and is slow on purpose: O(workers × requests) and worse.
//
// [Scheduler] has the methods of scheduler.Scheduler, and [Pool] takes the operations that
// reconciler.Apply takes. Random operations must give the same results, events and snapshots here
// and there; the tests of this package say so. Nothing here is shared with the engine but the
// public types, so that a mistake has to be made twice to go unseen.
//
// The files, in the order in which to read them:
//
//	scheduler.go     the state, accounts and their balances
//	check.go         which arguments are errors
//	request.go       what a dispatcher says of a request
//	worker.go        workers and runs, and what a run has cost
//	stake.go         the work that a preemption would lose, and what it protects
//	ledger.go        time: what is earned and paid, and who expires
//	level.go         at which level a request may start, and the limits
//	transition.go    how a request comes to a worker and leaves it
//	pass.go          the pass, level by level
//	place.go         steps 1 and 2 of a level, and the free bucket
//	reprioritize.go  step 3
//	preempt.go       step 4
//	news_*.go        what is known, case by case, and old news
//	order.go         what operators say
//	event.go         the events
//	snapshot.go      the canonical snapshot
//	pool.go          the reconciler's state and its operations
//	pull.go          the pull of idle workers
//	notify.go        news through the reconciler
//	pool_order.go    what operators say through the reconciler, and settings from the wire
//	cancel.go        which tasks must stop
//	pool_snapshot.go the snapshot of a pool
package reference
