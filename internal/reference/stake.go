package reference

import (
	"cmp"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// unsaved is the work in a run that its preemption would lose, in milliseconds: nothing while it is
// held, else what it did since its hand-out, or since its work was saved.
func (s *Scheduler) unsaved(r *run) int64 {
	if r.stage == scheduler.Held {
		return 0
	}
	return s.accountingNow() - max(r.handedOut, r.saved)
}

// atStake is what the request of a run would have lost in all after a preemption, in milliseconds.
func (s *Scheduler) atStake(r *run) int64 { return r.request.lost + s.unsaved(r) }

// mayBeLost is how much work may be at stake in a run that a request at level p preempts; negative
// if there is no limit.
func (s *Scheduler) mayBeLost(r *run, p scheduler.Priority) time.Duration {
	if a := s.accounts[r.request.account]; a != nil && a.config.SafeAfter != 0 {
		return a.config.SafeAfter
	}
	return cmp.Or(s.config.MaxLostWork[p], scheduler.DefaultMaxLostWork)
}

// protected says whether a run has too much work at stake for any request at level p.
func (s *Scheduler) protected(r *run, p scheduler.Priority) bool {
	limit := s.mayBeLost(r, p)
	return r.stage != scheduler.Held && limit >= 0 && s.atStake(r) > limit.Milliseconds()
}

// safe says whether a run is protected from requests at every level.
func (s *Scheduler) safe(r *run) bool {
	for p := range scheduler.Priority(scheduler.NumPriorities) {
		if !s.protected(r, p) {
			return false
		}
	}
	return true
}

// save notes that the work of a run is saved up to a time, which never goes back and counts as if
// within hand-out and last update. What is saved is paid for: from then on the run has cost what it
// has paid since, at its level alone.
func (s *Scheduler) save(r *run, saved time.Time) {
	until := min(saved.UnixMilli(), s.accountingNow())
	if until <= max(r.handedOut, r.saved) {
		return
	}
	r.saved = until
	r.paidSince = max(until, r.paidSince)
	r.cost = scheduler.Balance{}
	r.preemptionCost = scheduler.Balance{}
}
