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
//   - balance: what an account has at each level, in micro-worker-seconds.
//   - cost: what a run has cost its account at each level.
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
//   - news: what the dispatcher says was true at a time.
//   - observer: it is told what the pass of a trial looks at, compares and decides.
//   - pass: one call of RunOnce.
//   - pool: a scheduler and its reconciler.
//   - preemption: a task loses its worker to a request at a better level.
//   - rate: how fast an account earns, in milli-workers.
//   - request: what waits to run. It has an account, labels and an enqueue time.
//   - run: a request on a worker, and how far that has come: held, handed out or running.
//   - task: a request that runs.
//   - trial: a pass that is undone, to find out what it would do.
//   - worker: what runs one task at a time. It has labels.
//   - worker class: all workers with the same label set.
//
// # Quota
//
// An account pays 1 worker-second per second for each task at its level, from the assignment on,
// and earns ChargeRate there, up to ChargeRate × MaxCharge. With n runs and the rate r at level p
// it may start another one there while
//
//	balance[p] > BurstCover × max(0, n - r)
//
// so a positive balance starts runs up to the rate and one more, and each further one must be
// payable for a while. For example, with a rate of 2 workers and 90 worker-seconds, three tasks
// start at once; a fourth would need 60 × (3 - 2) = 60, and starts; a fifth would need 120, and
// goes on to the next level.
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
//	workers with its base labels      WorkersMatch       NoSuchWorker (never)
//	a paid level                      Paid               NoAccount, BalanceTooLow, NeverPays (never)
//	the fanout limit                  WithinFanout       FanoutReached
//	the free bucket, if not paid      FreeAllowed        FreeDisabled
//	label limits                      WithinLabelLimits  LabelLimitReached
//	an idle worker                    IdleWorkers        NoIdleWorker
//	its place in the order            First              OthersFirst, OwnFirst
//	a worker of somebody else's task  CanPreempt         PreemptionDisabled, FreePreemptsNothing,
//	                                                     Barred, NothingToPreempt, PriceTooHigh
//
// A code of the column "failed" counts as passed where it keeps the request from nothing: a request
// that takes an idle worker need not preempt. For a task, the finding says what the next pass does:
// KeepsWorker, PromotedNext, DemotedNext or PreemptedNext. Why others do not take its worker is one
// of the codes above, or LevelNotBetter or CheaperFirst.
//
// The changes that would start a request are found by trial: the steps of a real pass run on the
// real state, with one change made to it, and all is undone; see trial.go and explain_suggest.go.
// The steps do not differ in a trial: an observer is told of them, and an undo log notes how to
// revert their changes.
//
// # Cost
//
// Let n be the number of stored requests and workers. News costs O(log n) and O(labels), and more
// if it brings an unknown label set: a demand finds its worker classes, and a worker class its
// demands, which can be many. A pass costs O(accounts), plus the changes since the last one (new
// requests, idle workers and the lanes that match them), plus O(log n) for each decision. A waiting
// request that cannot run costs nothing. docs/index.md has the index and the costs of each step.
package scheduler
