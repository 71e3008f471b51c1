// Package forecast says when requests that wait in a pool will start: earliest, likely and latest.
//
// The answer comes from the scheduler itself. [Run] makes many forks of a snapshot (package fork),
// each with a run time drawn for every task from what is known of it, and looks when each request
// starts in them. So everything has its part that decides a start: balances that fill and empty,
// promotion and preemption, limits, labels, and who is ahead in the queue.
//
//	             ┌───────────┐  run times drawn   ┌────────┐ starts
//	snapshot ───▶│ [Run]     ├───────────────────▶│ fork 1 ├───┐
//	             │           ├───────────────────▶│ fork 2 ├───┤   ┌──────────────┐
//	RunTimes ───▶│           │        ...         │  ...   │   ├──▶│ quantiles    ├──▶ answer
//	             └───────────┘                    └────────┘   │   └──────▲───────┘
//	                                                           │   ┌──────┴───────┐
//	                             past forecasts, real starts ──┼──▶│ Calibration  │
//	                                                           │   └──────────────┘
//
// # Run times
//
// [RunTimes] says how long the task of a request may run, as a [Distribution]: a [Table] of
// quantiles that are given by account and label, a [History] of past runs, which a [Learner] fills
// from the operations of a pool, or a function of the caller. Of a task that runs, the time that it
// has run for is taken into account. Tasks of one group, such as those of one submission, have one
// draw (Options.Group). If nothing is known of a task that may have a say in when a request starts,
// being of its account or on a worker that could run it, the answer is unknown, and says so.
//
// With run times that are known exactly, and nothing but what the snapshot has, a forecast is
// exact: a test holds it to a plain dispatcher over the naive scheduler in a thousand random
// states.
//
// # What an answer is worth
//
// An answer lists what it assumes. The greatest of it is that nothing arrives. On a busy shared
// machine that is far from true: later requests of accounts that can pay overtake. In the first 240
// days of the SDSC-SP2 log, replayed under equal shares, three jobs of four start later than a fork
// with exact run times says (by more than a minute and 5 %), and one of twenty earlier. With run
// times from each user's past jobs alone, forks whose time from earliest to latest should cover
// 80 % of the real starts cover 48 % of them in the second half of the log.
//
// A [Calibration] learns from past forecasts and real starts how far such answers are off. Learned
// on the first half of that log and then left as it was, it makes of these 83.3 % (of 4,453 jobs in
// 160 forecasts): 12.1 % start before earliest, and 4.6 % after latest. While it still learned, in
// the first half, 70.8 % were covered. TestForecastsOfSDSC measures that.
//
// # Same question, same answer
//
// What is drawn depends on the seed, the number of the fork and the group alone, so the answer is
// the same to the last byte, on any number of processors, and a request's answer does not depend on
// which others are asked for. Draws may differ from one version of the package to the next.
//
// # Cost
//
// A forecast costs Options.Forks forks, each until all requests that are asked for have started, to
// the horizon or for Options.MaxOperations operations; all waiting requests cost no more than the
// one that starts last. An operation of a fork with some hundred workers takes ten to twenty
// microseconds.
//
// # Reasons and assumptions
//
// The reasons for answers without a time are the constants that begin with Reason. That a request
// starts NEVER is said apart from NOT_WITHIN_HORIZON: as long as the fleet and its account's
// settings are what they are, no horizon is far enough. The codes of
// assumptions are NoNewArrivals, Fleet, Quotas, RunTimes, RunningTasks, Groups, Retry or NoRetry,
// Dispatcher, Stopping and UnknownRunTimes (where there are such tasks), Forks, and Calibrated or
// NotCalibrated.
package forecast
