// Package simulator is a discrete-event simulation of a fleet: it drives the real reconciler and
// scheduler through operations on virtual time, so its decisions are those of a dispatcher in
// production. Command qsim is its command line; README.md is the tour.
//
// [Run] takes a [Setup], which is a [Workload] (the submissions, from a log that package trace
// reads, or made up by package generate), a fleet of [Worker], a [Policy] (the quota of each
// account) and a [Timing] (delays and periods), and returns [Figures]. Package experiment runs
// several policies on the same workload and compares them; package report writes figures down.
//
// # The loop
//
// The agenda holds future events in order of time. The clock jumps from one event to the next.
//
//	 workload                 agenda                        fleet
//	┌─────────────┐ arrival ┌───────────┐ poll, start, end ┌─────────┐
//	│ submissions ├────────▶│ next event│◀────────────────▶│ workers │
//	└─────────────┘         └─────┬─────┘                  └─┬─────▲─┘
//	                              │ tick              polls, │     │ tasks,
//	                              ▼                     news ▼     │ stops
//	 ┌──────┐   operations  ┌─────────────────────────────────────┴───┐
//	 │ pool │◀──────────────┤ dispatcher                              │
//	 │      ├──────────────▶│                                         │
//	 └──┬───┘    results    └─────────────────────────────────────────┘
//	    │ events                                     figures
//	    └───────────────────────────────────────────▶ and checks
//
// At a tick the dispatcher tells the pool what happened since the last one, each piece of news
// with the time at which it was true (task_waiting, task_running, task_absent), then asks for tasks
// for the workers that polled (assign_tasks), and, while there is something to cancel, asks which
// tasks must stop (get_cancellations). There is a tick whenever there is something to tell, and at
// the heartbeat while anything waits or runs, as balances move also when nothing happens.
//
// # A worker
//
//	         turn to poll            given a task             start delay
//	┌──────┐ ───────────▶ ┌─────────┐ ──────────▶ ┌──────────┐ ─────────▶ ┌─────────┐
//	│ idle │              │ pulling │             │ starting │            │ running │
//	└──────┘ ◀─────────── └─────────┘ ◀────────── └──────────┘            └─────────┘
//	  ▲     nothing for it     ▲   stopped, refused                            │
//	  │                        └───────────────────────────────────────────────┘
//	  │ comes back    ┌──────┐             done, or stopped
//	  └────────────── │ dead │ ◀── dies, in any of these states
//	                  └──────┘
//
// An idle worker polls at its own multiples of Timing.Poll, each late by a time up to
// Timing.PollJitter. A poll for which the pool has nothing changes nothing but the time at which
// the worker was last heard of, so the engine leaves it out, and instead speaks for all idle
// workers once per Timing.KeepAlive. It knows from the pool's events for which workers there is
// something. Quiet times thereby cost next to nothing.
//
// A worker that lacks a provisionable label of its task provisions it first, which takes
// Timing.Provision and counts as a part of the run; it has the label afterwards, in place of others
// with the same key.
//
// # A request
//
//	         assigned           handed out             start delay
//	┌─────────┐ ─────▶ ┌──────┐ ─────────▶ ┌──────────┐ ─────────▶ ┌─────────┐ done ┌───────┐
//	│ waiting │        │ held │            │ starting │            │ running │ ────▶│ ended │
//	└─────────┘ ◀───── └──────┘            └──────────┘            └─────────┘      └───────┘
//	   ▲ ▲   preempted, taken back               │ stopped              │ │ its worker dies
//	   │ └───────────────────────────────────────┴──────────────────────┘ ▼
//	   │                        missed by the dispatcher             ┌─────────┐
//	   └──────────────────────────────────────────────────────────── │ missing │
//	                                                                 └─────────┘
//
// When a task is preempted, its worker stops it at the dispatcher's next look at the cancellations;
// its work is lost, and it is reported as waiting again (see Policy.NoRetry). Its wait goes
// on until the start of the run that completes.
//
// # Faults
//
// [Faults] says what goes wrong. Messages of a worker to the dispatcher arrive in the end, as the
// worker repeats them until they are answered. Everything else may go wrong:
//
//	workers ───── polls, claims, ends ─────▶ dispatcher ──── news ────▶ pool
//	 die            with wrong clocks         restarts      lost, late,
//	        ◀──────── tasks, stops ──────────               repeated, misplaced
//	                      lost
//
// So the pool may be wrong, and the dispatcher has to correct it. It keeps a table of its requests,
// which survives a restart, and learns about them from messages of workers alone:
//
//   - Before a worker runs a request, it claims it, and the dispatcher grants one claim at a time.
//     It does not hand out a request that is over or claimed, and tells the pool again where the
//     request is.
//   - A worker whose answer was lost polls again and is handed the same assignment again. One that
//     nobody fetches times out in the reconciler.
//   - A worker that polls runs nothing. A request that it had claimed is lost, and waits again. So
//     does the request of a worker that has been silent for Timing.DeadAfter.
//   - The pool repeats a cancellation until it is told that the task has stopped. A worker that is
//     told to stop a task that it does not run says so, and the pool is told again where the
//     request is.
//   - Once per Timing.Resync it tells the pool where each request is that has not ended, and, three
//     times, which ones have. It speaks for idle workers once per Timing.Heartbeat, if that is more
//     often than Timing.KeepAlive, as the pool may take one for busy.
//   - After a restart the pool is made anew from the bytes of the last snapshot and the operations
//     since. Polls that had no answer get none. News on its way stays on its way.
//
// While faults last, the pool may believe that a request waits, or is on another worker, while it
// runs; that it goes on when it is over; and two workers may be about to start one request, of
// which the second one to claim it is turned away. What cannot happen: two workers that run one
// request at one time, as there is one claim; and a pool that believes in two workers for one
// request, or two requests for one worker. Both are checked. A request may run twice one after the
// other, if the worker of the first run died or was stopped; it completes once.
//
// Faults end at Faults.Until. Dead workers are back by then, late news has arrived, and clocks are
// right. Each request then comes to its end, unless it waits for quota that its account never gets.
//
// # What is checked
//
// All operations and outcomes of the pool go through the checks of internal/invariants, the
// invariants 1 to 7 of the design: each operation with its events, and after some of the passes, as
// seldom as keeps the cost in proportion, the whole state. That is also written to bytes and
// restored, which must give the same bytes, and passes are tried on the restored pool, which must
// come to rest. At each restart of the dispatcher, snapshot and journal must give the state before,
// to the byte. The first check that fails ends the run with an error that names the
// invariant, the operation and the seed. Setup.SkipChecks leaves these out, but those at restarts.
//
// Besides, the engine knows where every request really is, and notes a broken promise in
// Figures.Broken if two workers run a request. Without faults it does so too if the pool gives a
// worker a request that another worker has, or one that has ended; if it takes for ended what has
// not ended, or lets wait what runs; and if a request is lost: neither the pool nor a worker has
// it. With faults, as the pool may be wrong for a while, it instead notes at the end each request
// that has not ended although nothing arrived or ended for long (Timing.GiveUp and twice the
// longest run) after the last fault, and about which the pool is still wrong, and says how.
//
// # What is measured
//
// The tally is told where each request stands, and what the pool decides. Everything over time is
// the integral of a number that changes at known instants, never a sample. [Setup.WarmUp] says what
// counts, [Setup.SeriesPoints] asks for figures over time, and [Setup.Record] for the story of each
// request.
//
// # Time and chance
//
// There is no wall clock and no goroutine in a run, and nothing depends on the order of maps. All
// chance comes from Setup.Seed: each fault has a random number generator of its own (PCG), so that
// its times do not depend on other faults, and a fault that is off draws nothing; the delay of a
// poll is computed from seed, worker and turn. The same setup gives the same
// figures to the last byte. [Setup.Stopwatch] can be set to measure what passes cost in the real
// world; that is [Figures.Wall], and nothing else depends on it.
package simulator
