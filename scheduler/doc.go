// Package scheduler decides which waiting request runs on which worker, from quotas. It is a pure,
// deterministic state machine: the same calls give the same decisions, events and state, on any
// machine. It does not block, read a clock, log, or start goroutines; the caller says what time it
// is.
//
// # Glossary
//
//   - account: a token bucket for each level p0 to p4. It earns worker-time at a rate, up to a cap,
//     and pays for its tasks.
//   - assignment: a decision of a pass: a request gets a worker.
//   - attempt: a preemption step in which an account takes part; the next one leaves out what this
//     one looked at in vain.
//   - balance: what an account has at each level, in micro-worker-seconds.
//   - at stake: the work that the request of a run would have lost in all after a preemption: lost
//     and unsaved work.
//   - cordoned: of a worker that an operator lets have no further task.
//   - cost: what a run has cost its account at each level; saved work does not count.
//   - demand: the label sets that a request asks for.
//   - dirty: of a lane that may match an idle worker, as no pass has looked since it could.
//   - explanation: why a request waits, or what may become of a task.
//   - fanout: how many paid tasks an account runs at once for one set of labels.
//   - free bucket: the level below p4. It costs nothing and takes what is left over.
//   - generation: a counter of additions, which tells a later look whether anything is new.
//   - idle: of a worker that is known and has no run.
//   - label: a text such as "os:linux" that workers have and requests ask for. Base labels must be
//     on the worker; provisionable ones can be put there.
//   - lane: all waiting requests of an account with the same label sets.
//   - level: a Priority: p0 (the best) to p4, or the free bucket.
//   - lost: the work that preemptions took from the earlier tries of a request.
//   - need: the balance above which an account may start one more run at a level.
//   - news: what the dispatcher says was true at a time.
//   - observer: it is told what the pass of a trial looks at, compares and decides.
//   - owed: a worker that runs a free task is owed to the oldest request of an account whose
//     bucket is full, once that request has waited for OwedAfter.
//   - pass: one call of RunOnce.
//   - pool: a scheduler and its reconciler.
//   - preemption: a task loses its worker to a request at a better level.
//   - price: what a run has paid at the level at which it runs; a free run costs nothing.
//   - protected: of a run that has too much at stake to be preempted by a request at some level.
//   - rate: how fast an account earns, in milli-workers.
//   - request: what waits to run. It has an account, labels and an enqueue time.
//   - run: a request on a worker, and how far that has come: held, handed out or running.
//   - safe: of a run that is protected from requests at every level.
//   - saved: of work that a preemption would not lose, as the dispatcher said.
//   - suspended: of an account whose requests an operator keeps out of passes.
//   - task: a request that runs.
//   - trial: a pass that is undone, to find out what it would do.
//   - unmatched: of a demand that no worker class can run, as far as is known; passes do not look
//     at its lanes.
//   - unsaved: the work in a run since its hand-out, or since its work was saved.
//   - worker: what runs one task at a time. It has labels.
//   - worker class: all workers with the same label set.
//
// # Quota
//
// An account pays 1 worker-second per second for each task at its level, from the assignment on,
// and earns ChargeRate there, up to ChargeRate × MaxCharge. With n runs and the rate r at level p
// it may start another one there while
//
//	balance[p] > need = BurstCover × max(0, n + 1 - r)
//
// so any positive balance starts runs within the rate, and each run beyond it, the first included,
// must be payable for BurstCover, 10 minutes unless set otherwise. For example, with a rate of 2
// workers and 900 worker-seconds, two tasks start for anything above 0; a third needs more than 600
// × (2 + 1 - 2) = 600, and starts; a fourth needs more than 1,200, and goes on to the next level.
// For the run that the rate covers in part (n < r < n + 1) a full bucket is always enough, so that
// every rate, however small, gets its worker time.
//
// A run that ends by news pays up to the time of that news, at the next update. What it has saved
// is paid for: its cost begins anew when a save is told, so that a preemption gives back, and
// costs, only what is lost. A dispatcher that reports saves makes its tasks likelier victims that
// lose less.
//
// Amounts are integers and time counts in whole milliseconds, so the ledger is exact: one step of n
// milliseconds equals n steps of one, to the last unit; ledger.go has the recurrence.
//
// # A pass
//
//	for each level p0 .. p4:                                      file
//	  requests whose account may start there take part            pass.go
//	  1. take a matching idle worker that is provisioned          pass_place.go
//	  2. take any matching idle worker                            pass_place.go
//	  3. demote and promote runs, as balances say                 pass_reprioritize.go
//	  4. take the worker of a cheaper run at a worse level        pass_preempt.go
//	free bucket: 1 and 2 for what is left                         pass_place.go
//
// Requests go in order of enqueue time, then id. A request that finds no worker at its level does
// not try again at a worse one, unless its account uses the level up meanwhile. A worker is chosen
// by fewest labels, then idle for longest, then id.
//
// # Promotion, demotion and preemption
//
// Runs are ordered by price, then the work at stake in them, then worker id. With a balance below
// DemoteThreshold the cheapest runs beyond the rate go down, each to the best worse level at which
// its account may start a run; with one above PromoteThreshold, or at the cap, the dearest come up,
// while the account runs less than its rate.
//
// A request preempts the cheapest run at a worse level that is not its account's own, that it
// outranks, and that is not protected from it. Its account outranks a run if it has more than it
// needs also without what the run has paid at this level and at better ones. It pays the price, but
// keeps more than it needs, and the run's account gets just that back, at the level of the run: no
// preemption makes quota, and none lifts a balance at a level as good as the taker's.
//
// A run, unless it is held, is protected from requests at level p with more at stake than
// Config.MaxLostWork[p], or than its account's SafeAfter if that is set. For example, with 10
// minutes each, a task that runs for 10 minutes and 1 millisecond is safe, and so is, after 4
// minutes, one whose earlier try lost 7. Safe runs are not demoted either. But a free run gives way
// to what is owed, whatever is at stake: who gets less than was granted is not kept waiting by
// leftovers.
//
// # What operators say
//
// Configure and UpdateAccount change settings, and no balance. A suspended account's requests take
// part in no pass, while its balances earn and its runs go on. A cordoned worker gets nothing: what
// it was assigned and not handed waits again, and what it runs goes on and is nobody's to preempt.
// Wipe forgets all requests and workers, and makes every balance zero.
//
// # A request's life
//
//	             AddRequest                 RunOnce
//	(unknown) --------------> waiting ------------------> held ---+
//	    ^                      ^ |  ^                      |      | MarkHandedOut
//	    |    absent, expired   | |  | taken back, or idle  |      v
//	    +----------------------|-+  +----------------------+-- handed out
//	    |                      |                                  |
//	    |                      | waiting news                     | running news
//	    |                      +---------- running <--------------+
//	    |                                     |
//	    +-------------------------------------+-- absent, worker idle, preempted
//
// Wipe leads from everywhere to unknown.
// A held run that is preempted waits again; one that was handed out may have started, so it leaves,
// and the caller must stop it (see Assignment.Abort).
//
// # News
//
// News is ignored, with an event IGNORED, if it is older than the known state of any request or
// worker that it concerns; equally old news counts as new, save that a worker which was reported
// running and idle at the same time runs.
// Errors are for operations that no state could accept; they are found before anything changes, and
// wrap one of the Err values. A panic means a bug, and names the invariant that is broken.
//
// # Explanations
//
// Explain says why a request waits, or what may become of a task; CanEverRun says of a request
// whether any worker could ever run it. What decides is a list of findings, each with a code that
// keeps its meaning (protos.Finding_Code says what each means), and numbers; package explain puts
// them into words. Of a request that waits, gate by gate, in the order in which a pass asks:
//
//	gate                              passed             failed
//	no error                          NotBlocked         Blocked
//	no suspension                     NotSuspended       AccountSuspended
//	workers with its base labels      WorkersMatch       NoSuchWorker (never)
//	a paid level                      Paid               NoAccount, BalanceTooLow, NeverPays (never)
//	the fanout limit                  WithinFanout       FanoutReached
//	the free bucket, if not paid      FreeAllowed        FreeDisabled
//	label limits                      WithinLabelLimits  LabelLimitReached
//	workers that are not cordoned                        WorkersCordoned
//	an idle worker                    IdleWorkers        NoIdleWorker
//	its place in the order            First              OthersFirst, OwnFirst
//	a worker of somebody else's task  CanPreempt         PreemptionDisabled, FreePreemptsNothing,
//	                                                     Protected, NothingToPreempt, PriceTooHigh
//
// A code of the column "failed" counts as passed where it keeps the request from nothing: a request
// that takes an idle worker need not preempt. For a task, the finding says what the next pass does:
// KeepsWorker, PromotedNext, DemotedNext or PreemptedNext; SafeFromDemotion says why a task is not
// among those that its account demotes. Why others do not take its worker is one of the codes
// above, or LevelNotBetter or CheaperFirst.
//
// The changes that would start a request are found by trial: the steps of a real pass run on the
// real state, with one change made to it, and all is undone; see trial.go and explain_suggest.go.
// The steps do not differ in a trial: an observer is told of them, and an undo log notes how to
// revert their changes.
//
// # Cost
//
// Let n be the number of stored requests and workers. News costs O(labels) and O(log n): nothing is
// matched before a pass asks. A pass costs O(accounts), plus the changes since the last one, plus
// O(log n) for each decision; nothing if the last one did nothing, and neither news nor a balance
// has changed since. A change is a worker that became idle, which costs its labels and the
// demands that it can run, and with the first worker of its class the demands filed under its
// labels, a nanosecond each; or a request with label sets that none of its account waited with,
// which costs the intersection of its labels' sets. A waiting request that cannot run costs
// nothing, and neither do protected runs: they stand in lists of their own (run_lists.go).
// docs/index.md has the index and the costs of each step.
package scheduler
