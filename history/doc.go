// Package history reconstructs the world around a pool from a recorded sequence of operations and
// outcomes: which requests arrived and when, which tasks ran where, for how long and with what end,
// and which workers existed. A fork of the pool can go on in that world, so that the same input can
// be tried under other settings.
//
//	snapshot ──▶ ┌──────────┐          ┌─────────┐  World   ┌────────────┐
//	             │ Recorder │─────────▶│ History │─────────▶│ fork.World │ + Assumptions
//	steps ─────▶ └──────────┘ History  └─────────┘          └────────────┘
//
// Operations and outcomes may come from a journal, a replay, or a pool that serves a fleet. The
// package has no clock, no chance and no I/O.
//
// # A run
//
//	     ASSIGNED                a pull is given it            running news
//	───────────────▶ assigned ───────────────────▶ started ─────────────────▶ started, reported
//	                    │                             │                              │
//	                    ▼                             ▼                              ▼
//	                TakenBack      TakenBack, Completed, Preempted      Completed, Preempted, Lost
//
// Package lifecycle gives the changes of each request in a step; a history keeps them all. A run
// starts when its worker is first given it, or, where that was never seen, when it is first
// reported as running: from then on the worker is not free for others. It ends when it is reported
// as gone, or when the pool preempts it. What a worker did in between, such as provisioning, is a
// part of the run.
//
// A request that comes again with the same enqueue time is the same one on another try. What it did
// before is then lost, also if it had been taken for completed.
//
// # The world as recorded
//
//   - A request arrives when the dispatcher first said that it waits.
//   - Its run time is that of the run that completed. One that never completed runs for as long as
//     it did at most in one run, and not for less than the median of its account; one that never
//     ran, for the median of its account, or, if nothing of the account completed, of all. Where
//     no run of all completed, it runs for as long as the record is long.
//   - A request that was taken back by the dispatcher before it ran is left out, and so is one
//     with the id of another one that is in the world.
//   - A worker is there from when it was first heard of. If nothing was heard of it at the end for
//     longer than the pool keeps idle workers, it is gone from when it was last heard of.
//   - A worker has the labels of its last pull, without any label that requests ask for as
//     provisionable and that it did not have at every pull.
//   - Accounts are suspended and resumed, and workers cordoned and uncordoned, as they were.
//     Settings do not change, as they are what forks of one record are to differ in.
//   - A tick is the shortest time between two assign_tasks, and the heartbeat the longest while
//     anything waited or ran.
//
// [Assumptions] count each of these where they are more than what was seen.
//
// # Cost
//
// A step costs O(events), and for a pull O(labels). The memory is that of all requests, with their
// labels, of all runs and of all workers: about 500 bytes for a request that ran once.
package history
