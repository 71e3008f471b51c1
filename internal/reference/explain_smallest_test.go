package reference_test

import (
	"maps"
	"slices"
	"sync/atomic"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// searches counts the searches for changes in small worlds, and searchesEnded those that ended for
// lack of budget, which are to be rare.
var searches, searchesEnded atomic.Int64

// checkSmallest tries smaller changes than those that are suggested, and changes of the kinds that
// are not. None may start the request.
func (a *answer) checkSmallest() {
	a.t.Helper()
	w := a.e.GetWaiting()
	if a.e.GetVerdict() == protos.Explanation_VERDICT_STARTS {
		return
	}
	searches.Add(1)
	if w.GetSearchEnded() { // as it says, there may be others: payments that are cut off make it long
		searchesEnded.Add(1)
		return
	}
	a.smallestBalances()
	a.smallestLimits()
	a.smallestNumberOfWorkers()
	a.allFreeWorkers()
	a.allCordons()
	a.allowFree()
}

// suggested returns the first suggested change that a function takes.
func suggested[T any](a *answer, kind func(*protos.Change) *T) *T {
	for _, f := range a.e.GetWaiting().GetSuggestions() {
		if k := kind(f.GetChange()); k != nil {
			return k
		}
	}
	return nil
}

// none asserts that a change does not start the request.
func (a *answer) none(c *protos.Change) {
	a.t.Helper()
	s := a.copy()
	a.apply(s, c)
	if start := a.startIn(s); start != nil {
		a.fail("this would do, too: %v", c)
	}
}

// criticalAmounts returns all amounts at which something about balances may change: what costs,
// thresholds and starts ask for, less what is there, and sums with what a decision may pay.
func (a *answer) criticalAmounts(level int32, balance scheduler.Balance) []int64 {
	ask := map[int64]bool{0: true}
	c := a.snapshot.GetConfig()
	cover, promote, demote := c.GetBurstCover().AsDuration().Milliseconds(), c.GetPromoteThreshold(),
		c.GetDemoteThreshold()
	if c.GetBurstCover() == nil {
		cover = 60_000
	}
	if promote == 0 {
		promote = int64(scheduler.DefaultPromoteThreshold)
	}
	if demote == 0 {
		demote = int64(scheduler.DefaultDemoteThreshold)
	}
	ask[promote], ask[demote] = true, true
	rate := a.e.GetWaiting().GetLevels()[level].GetChargeRate()
	tasks := int64(len(a.snapshot.GetWorkers()))
	for n := range tasks {
		ask[max(0, (1000*n-rate)*cover)] = true
	}
	costs := map[int64]bool{0: true}
	for _, w := range a.snapshot.GetWorkers() {
		if r := w.GetRun(); r != nil {
			cost := a.costOf(w)[level]
			ask[int64(cost)] = true
			costs[int64(cost)] = true
		}
	}
	amounts := map[int64]bool{}
	for x := range ask {
		for y := range costs {
			for d := int64(-1); d <= 1; d++ {
				amounts[x+y-int64(balance[level])+d] = true
				amounts[x-y-int64(balance[level])+d] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(amounts))
}

// costOf returns what the run of a worker has cost by now.
func (a *answer) costOf(w *protos.Worker) scheduler.Balance {
	v, _ := a.copyOnce().Worker(scheduler.WorkerID(w.GetId()))
	return v.Run.Cost
}

// copyOnce is a copy that is not changed.
func (a *answer) copyOnce() *scheduler.Scheduler {
	if a.same == nil {
		a.same = a.copy()
	}
	return a.same
}

const amountMax = 1 << 60

// smallestBalances tries the amounts below those suggested.
func (a *answer) smallestBalances() {
	a.t.Helper()
	if !a.e.GetAccountExists() {
		return
	}
	balance, _ := a.copyOnce().Balance(scheduler.AccountID(a.e.GetAccountId()))
	for _, b := range balance {
		if b > amountMax || b < -amountMax {
			return // the account cannot be given this again
		}
	}
	for level := range int32(scheduler.NumPriorities) {
		limit := int64(amountMax) - int64(balance[level]) + 1
		best := suggested(a, func(c *protos.Change) *protos.BalanceChange {
			if c.GetBalance().GetLevel() != level {
				return nil
			}
			return c.GetBalance()
		})
		if best != nil {
			limit = best.GetAmount()
		}
		amounts := a.criticalAmounts(level, balance)
		amounts = append(amounts, limit-1, limit/2, limit/3*2)
		tried := map[int64]bool{}
		for i, x := range amounts {
			if x <= 0 || x >= limit || tried[x] || len(amounts) > 60 && i%(len(amounts)/60+1) != 0 &&
				i < len(amounts)-3 {
				continue
			}
			tried[x] = true
			a.none(&protos.Change{Kind: &protos.Change_Balance{
				Balance: &protos.BalanceChange{Level: level, Amount: x}}})
		}
	}
}

// smallestLimits tries limits below those suggested.
func (a *answer) smallestLimits() {
	a.t.Helper()
	c := a.copyOnce().Config().Accounts[scheduler.AccountID(a.e.GetAccountId())]
	if c == nil || !a.mayReplace() {
		return
	}
	most := len(a.snapshot.GetWorkers()) + 2
	if c.MaxFanout > 0 {
		to := max(most, c.MaxFanout+2)
		if best := suggested(a, (*protos.Change).GetFanout); best != nil {
			to = int(best.GetTo())
		}
		for n := c.MaxFanout + 1; n < to; n++ {
			a.none(&protos.Change{Kind: &protos.Change_Fanout{
				Fanout: &protos.FanoutChange{To: int64(n)}}})
		}
	}
	for key, from := range c.PerLabelTaskLimits {
		if from == 0 {
			continue
		}
		to := max(most, from+2)
		if best := suggested(a, func(c *protos.Change) *protos.LabelLimitChange {
			if c.GetLabelLimit().GetKey() != key {
				return nil
			}
			return c.GetLabelLimit()
		}); best != nil {
			to = int(best.GetTo())
		}
		for n := from + 1; n < to; n++ {
			a.none(&protos.Change{Kind: &protos.Change_LabelLimit{
				LabelLimit: &protos.LabelLimitChange{Key: key, To: int64(n)}}})
		}
	}
}

// mayReplace reports whether the account can be given its balance again.
func (a *answer) mayReplace() bool {
	balance, _ := a.copyOnce().Balance(scheduler.AccountID(a.e.GetAccountId()))
	return !slices.ContainsFunc(balance[:], func(b scheduler.Quota) bool {
		return b > amountMax || b < -amountMax
	})
}

// smallestNumberOfWorkers tries fewer new workers than suggested.
func (a *answer) smallestNumberOfWorkers() {
	a.t.Helper()
	to := 9 // from there on not all numbers are tried
	if best := suggested(a, (*protos.Change).GetMoreWorkers); best != nil {
		to = min(to, int(best.GetCount()))
	}
	for n := 1; n < to; n++ {
		a.none(&protos.Change{Kind: &protos.Change_MoreWorkers{
			MoreWorkers: &protos.MoreWorkersChange{Count: int64(n)}}})
	}
}

// allFreeWorkers frees each busy worker that the request matches and that is not cordoned: if any
// starts the request, one must be suggested, and if few do, all of them.
func (a *answer) allFreeWorkers() {
	a.t.Helper()
	best := suggested(a, (*protos.Change).GetFreeWorker)
	cordoned := map[string]bool{}
	for _, c := range a.snapshot.GetCordons() {
		cordoned[c.GetWorkerId()] = true
	}
	for _, w := range a.snapshot.GetWorkers() {
		if w.GetRun() == nil || cordoned[w.GetId()] || len(best.GetWorkerIds()) >= 5 ||
			slices.Contains(best.GetWorkerIds(), w.GetId()) || !a.matches(w.GetId()) {
			continue
		}
		a.none(&protos.Change{Kind: &protos.Change_FreeWorker{
			FreeWorker: &protos.FreeWorkerChange{WorkerIds: []string{w.GetId()}}}})
	}
}

// allCordons ends the cordon of each worker that matches: as with allFreeWorkers.
func (a *answer) allCordons() {
	a.t.Helper()
	best := suggested(a, (*protos.Change).GetUncordonWorker)
	for _, c := range a.snapshot.GetCordons() {
		id := c.GetWorkerId()
		if len(best.GetWorkerIds()) >= 5 || slices.Contains(best.GetWorkerIds(), id) ||
			!a.matches(id) {
			continue
		}
		a.none(&protos.Change{Kind: &protos.Change_UncordonWorker{
			UncordonWorker: &protos.UncordonWorkerChange{WorkerIds: []string{id}}}})
	}
}

// matches reports whether a worker has the request's base labels.
func (a *answer) matches(worker string) bool {
	w, _ := a.copyOnce().Worker(scheduler.WorkerID(worker))
	for _, l := range a.e.GetBaseLabels() {
		if !slices.Contains(w.Labels, l) {
			return false
		}
	}
	return true
}

// allowFree tries what is not suggested.
func (a *answer) allowFree() {
	a.t.Helper()
	c := a.copyOnce().Config().Accounts[scheduler.AccountID(a.e.GetAccountId())]
	if c != nil && c.DisableFreeTasks && a.mayReplace() &&
		suggested(a, (*protos.Change).GetAllowFree) == nil {
		a.none(&protos.Change{Kind: &protos.Change_AllowFree{AllowFree: &protos.AllowFreeChange{}}})
	}
}
