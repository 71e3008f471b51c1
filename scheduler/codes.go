package scheduler

// The codes of findings: each names a gate and how it stands. A code keeps its meaning. The first
// group is about requests that wait, gate by gate; each gate has a code for each way it can stand.
const (
	// FindingBlocked: Block was called for the request, as it has an error.
	FindingBlocked = "Blocked"
	// FindingNotBlocked is its opposite.
	FindingNotBlocked = "NotBlocked"

	// FindingNoSuchWorker: no known worker has all base labels.
	FindingNoSuchWorker = "NoSuchWorker"
	// FindingWorkersMatch: known workers have all base labels.
	FindingWorkersMatch = "WorkersMatch"

	// FindingPaid: the account may start a task at a paid level, where the request takes part.
	FindingPaid = "Paid"
	// FindingNoAccount: the account does not exist, or the request has none, so it is free.
	FindingNoAccount = "NoAccount"
	// FindingBalanceTooLow: the account may start a task at no paid level.
	FindingBalanceTooLow = "BalanceTooLow"
	// FindingNeverPays: it never will, as it has nothing, earns nothing, and runs nothing for which
	// it could get a refund.
	FindingNeverPays = "NeverPays"

	// FindingFanoutReached: as many paid tasks with the same labels run as the account may have.
	FindingFanoutReached = "FanoutReached"
	// FindingWithinFanout: fewer do.
	FindingWithinFanout = "WithinFanout"

	// FindingFreeAllowed: the request is free, and may run so.
	FindingFreeAllowed = "FreeAllowed"
	// FindingFreeDisabled: the request is free, and the account has free tasks disabled.
	FindingFreeDisabled = "FreeDisabled"

	// FindingLabelLimitReached: label limits of the account keep it from workers.
	FindingLabelLimitReached = "LabelLimitReached"
	// FindingWithinLabelLimits: the account has label limits, and they keep it from none.
	FindingWithinLabelLimits = "WithinLabelLimits"

	// FindingNoIdleWorker: no worker that it could take is idle.
	FindingNoIdleWorker = "NoIdleWorker"
	// FindingIdleWorkers: some are.
	FindingIdleWorkers = "IdleWorkers"

	// FindingOthersFirst: other requests that want the same workers go first.
	FindingOthersFirst = "OthersFirst"
	// FindingFirst: none does.
	FindingFirst = "First"
	// FindingOwnFirst: requests of its own account that want other workers go first, and use up
	// what the account may start.
	FindingOwnFirst = "OwnFirst"

	// FindingPreemptionDisabled: tasks lose their workers to no one in this pool.
	FindingPreemptionDisabled = "PreemptionDisabled"
	// FindingFreePreemptsNothing: the request is free, and free requests take what is left over.
	FindingFreePreemptsNothing = "FreePreemptsNothing"
	// FindingBarred: the account owns tasks at a worse level and has as many at this one as it has
	// rate for. It should promote them before it takes from others.
	FindingBarred = "Barred"
	// FindingNothingToPreempt: no other account's task runs at a worse level on a worker that the
	// request could take.
	FindingNothingToPreempt = "NothingToPreempt"
	// FindingPriceTooHigh: the account cannot pay what the cheapest such task has cost.
	FindingPriceTooHigh = "PriceTooHigh"
	// FindingCanPreempt: it can.
	FindingCanPreempt = "CanPreempt"
)

// The codes about requests that are on a worker.
const (
	// FindingKeepsWorker: the next pass leaves the task where it is.
	FindingKeepsWorker = "KeepsWorker"
	// FindingPreemptedNext: the task loses its worker in the next pass.
	FindingPreemptedNext = "PreemptedNext"
	// FindingDemotedNext: the next pass moves the task to a worse level.
	FindingDemotedNext = "DemotedNext"
	// FindingPromotedNext: the next pass moves the task to a better level.
	FindingPromotedNext = "PromotedNext"
	// FindingLevelNotBetter: of a contender: it takes part at no better level than the task has.
	FindingLevelNotBetter = "LevelNotBetter"
	// FindingCheaperFirst: of a contender: it could take the worker, and takes another one, or is
	// not the first who could.
	FindingCheaperFirst = "CheaperFirst"
)
