// Package forecast says when requests of a pool will start, and when they will be complete:
// earliest, likely and latest.
//
// The answer comes from the scheduler itself. [Run] makes many forks of a snapshot (package fork),
// each with a run time drawn for every task and with requests that arrive, both from what was
// recorded, and looks when each request starts, is preempted and is complete. So everything has
// its part that decides a start: balances that fill and empty, promotion and preemption, limits,
// labels, who is ahead in the queue, and who comes later and overtakes.
//
//	              ┌───────────┐ run times and    ┌────────┐ starts,
//	snapshot ────▶│ [Run]     ├─ arrivals ──────▶│ fork 1 ├─ completions
//	              │           ├─────────────────▶│ fork 2 ├───┐   ┌──────────────┐
//	[History] ───▶│           │       ...        │  ...   │   ├──▶│ quantiles    ├──▶ answer
//	[Arrivals] ──▶│           │                  └────────┘   │   └──────▲───────┘
//	    ▲         └───────────┘                               │   ┌──────┴───────┐
//	    └── [Learner], from operations ── real outcomes ──────┼──▶│ Calibration  │
//	                        [Calibrator], past forecasts ─────┘   └──────────────┘
//
// # Run times
//
// [RunTimes] says how long the task of a request may run, as a [Distribution]: a [Table] of
// quantiles that are given by account and label, a [History] of past runs, which a [Learner] fills
// from the operations of a pool, or a function of the caller. Of a task that runs, the time that it
// has run for is taken into account, also as evidence of how long others run (the file
// lifetimes.go). Tasks of one group, such as those of one submission, have one draw
// (Options.Group). Tasks of one kind, such as those of an account with the same labels, have
// correlated draws, as much as neighbours in the record are alike: see the file similarity.go. If
// nothing is known of a task that may have a say in when a request starts,
// being of its account or on a worker that could run it, the answer is unknown, and says so.
//
// With run times that are known exactly, and nothing but what the snapshot has, a forecast is
// exact: a test holds it to a plain dispatcher over the naive scheduler in hundreds of random
// states.
//
// # Arrivals
//
// [Arrivals] is a record of the requests that came, which a Learner fills, too. Each fork draws
// its future from it, account by account and hour by hour: an hour to come is a copy of the same
// hour of a recorded day, mostly of a recent one with the same weekday, with the requests that
// came in it, their labels, the sizes of their groups, and the run times of their tasks. Hours and
// weekdays are those of UTC. The first week of a record has no such days: any hour stands for any
// other then.
//
// # Calibration
//
// What forks say is not what happens: no record shows what will really arrive. A [Calibration] has
// past forecasts and their outcomes, and corrects new forecasts by them. A [Calibrator] makes such
// forecasts at times of the past, while a journal is run again. Which past forecasts count for
// which new one, and how, is in the file scores.go; what outcomes say that are not known yet, in
// openoutcomes.go; what is said where there are few, in prior.go. ToProto and
// CalibrationFromProto save and read it; calibrations of another version or pool are refused.
//
// # What an answer is worth
//
// docs/forecasts.md has the figures: on three real logs and three made-up ones, in how many of the
// cases the real starts and completions were where 80 % should be, and how wide the intervals were
// beside those of an oracle that knows what will arrive.
//
// An answer says first what keeps it from being better, its caveats, and lists what it assumes.
//
// # Same question, same answer
//
// What is drawn depends on the seed, the number of the fork and the group alone, so the answer is
// the same to the last byte, on any number of processors, and a request's answer does not depend on
// which others are asked for. Draws may differ from one version of the package to the next.
//
// # Cost
//
// A forecast costs Options.Forks forks, each until all requests that are asked for are complete, to
// the horizon or for Options.MaxOperations operations; all requests cost no more than the one that
// is complete last. An operation of a fork with some hundred workers takes ten to twenty
// microseconds. A correction costs O(past forecasts) for each request.
//
// # Reasons, caveats and assumptions
//
// The reasons for answers without a time are the constants that begin with Reason. That a request
// starts NEVER is said apart from NOT_WITHIN_HORIZON: as long as the fleet and its account's
// settings are what they are, no horizon is far enough.
//
// The codes of caveats are, in this order, Never and UnknownRunTimes (there are such answers),
// CutShort (forks were), ShortHorizon (starts or completions may be later), NotCalibrated (too few
// outcomes are known), NoArrivals or ShortRecord (of less than two weeks), and NeverRan (accounts
// that are asked for, and of which no task has ended).
//
// The codes of assumptions are Arrivals or NoNewArrivals, Fleet, Quotas, RunTimes, RunningTasks,
// Groups, Retry or NoRetry, Dispatcher, Stopping and UnknownRunTimes (where there are such tasks),
// Forks, and Calibrated or NotCalibrated.
package forecast
