// Package simulator is a discrete-event simulation of a fleet: it drives the real reconciler and
// scheduler through operations on virtual time, so what it shows is what a dispatcher would do.
// Command qsim, in a folder of its own, is its face; README.md is the tour.
//
// [Run] takes a [Setup], which is a [Workload] (what is submitted, from [FromLog] or [DeviceLab]),
// a fleet of [Worker], a [Policy] (who has what quota) and a [Timing] (how long things take), and
// returns [Figures].
//
// # The loop
//
// The agenda holds what will happen, in order of time. The clock jumps from one event to the next.
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
//	        nothing for it     ▲       stopped                                 │
//	                           └───────────────────────────────────────────────┘
//	                                            done, or stopped
//
// An idle worker polls at its own multiples of Timing.Poll. A poll for which the pool has nothing
// changes nothing but the time at which the worker was last heard of, so the engine leaves it out,
// and instead speaks for all idle workers once per Timing.KeepAlive. It knows from the pool's
// events for which workers there is something. Quiet times thereby cost next to nothing.
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
//	     ▲   preempted, taken back               │ stopped              │ stopped
//	     └───────────────────────────────────────┴──────────────────────┘
//
// When a task is preempted, its worker stops it at the dispatcher's next look at the cancellations;
// what it has done is lost, and it is reported as waiting again (see Policy.NoRetry). Its wait goes
// on until the start of the run that completes.
//
// # What is checked
//
// The engine knows where every request really is, and notes a broken promise in Figures.Broken if
// the pool gives a worker a request that another worker has, or one that has ended; if it takes for
// ended what has not ended, or lets wait what runs; and if a request is lost: neither the pool nor
// a worker has it.
//
// # What is measured
//
// The tally is told where each request stands, and what the pool decides. Everything over time is
// the integral of a number that changes at known instants, never a sample. [Setup.WarmUp] says what
// counts, [Setup.SeriesPoints] asks for figures over time, and [Setup.Record] for the story of each
// request.
//
// # Time
//
// There is no wall clock, no randomness and no goroutine in a run, and nothing depends on the order
// of maps: the same setup gives the same figures to the last byte. [Setup.Stopwatch] can be set to
// measure what passes cost in the real world; that is [Figures.Wall], and nothing else depends on
// it.
package simulator
