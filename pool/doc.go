// Package pool is where dispatchers begin: a Pool is a scheduler and its reconciler, one state
// machine that takes operations, answers them, and can be saved, restored and hashed.
//
//	p, err := pool.New(now, &scheduler.Config{...})           // an empty pool, or
//	p, err := pool.Restore(snapshot)                          // one that goes on from a snapshot
//	result, err := p.Apply(ctx, pool.TaskWaiting(now, request), events)
//	result, err := p.Apply(ctx, pool.AssignTasks(now, pool.IdleWorker("w", labels...)), events)
//	snapshot := p.Snapshot()
//
// # Operations
//
// Every input of a pool is an operation, a message with its time, and this package has a
// constructor for each. A dispatcher applies five kinds of them:
//
//   - News says what is true: TaskWaiting, TaskRunning (or TaskSaved, for tasks that save their
//     work), TaskAbsent, WorkerGone, AddTaskError.
//   - AssignTasks lets workers pull, and runs a scheduling pass. Its result has their tasks.
//   - GetCancellations asks which tasks must stop.
//   - AddAccount, DeleteAccount and ResetBalance set quotas.
//   - Configure, UpdateAccount, SuspendAccount, ResumeAccount, CordonWorker, UncordonWorker and
//     Wipe are for operators: each has a reason, and an event of its own.
//
// Assignments and cancellations are repeated until news acknowledges them, so an answer that is
// lost does no harm. Package reconciler says how, and package scheduler what is decided.
//
// # Answers
//
// An operation is applied as a whole or refused as a whole: then the error is one of the kinds of
// package scheduler (ErrInvalid, ErrInvalidConfig, ErrUnknownAccount), for errors.Is, and nothing
// has changed. Events go to the sink. Apply returns the result; Step returns the whole outcome,
// with the events, as a journal records it.
//
// # A complete record
//
// A pool is a pure state machine: it reads no clock, and the same operations give the same results,
// events and state on any machine. A snapshot and the operations after it are therefore a complete
// record; packages journal and replay keep one and run it again, with Replay in place of Step.
//
// A Pool is not safe for concurrent use.
package pool
