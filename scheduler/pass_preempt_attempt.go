package scheduler

import (
	"slices"

	"github.com/quotasched/quotasched/internal/touches"
)

// A preemption step does not look again at what the last step of its account and level has looked
// at in vain: lanes that match no worker class with runs at worse levels, and matches in which
// nothing can be taken before something comes. What comes is lanes of the account that became
// active or whose first request became another, older one, and runs that came to worse levels, or
// that others can preempt who could not before. Both are counted, in generations, and the newest
// are remembered. What may be owed to an account only takes time to come: the account also keeps
// from when on a step may find that. So it is with what it cannot pay for: what a run has paid at
// levels that are better than its own stays what it is until the run comes anew, so the account
// keeps what it must have to spare to outrank one more of those that it wants. And so it is with
// its label limits, which count when there comes to be room for a run.

// A generation counts what has come for an account at a level.
type generation struct{ lanes, runs uint64 }

// An attempt is the last preemption step at a level in which an account took part: it has looked at
// all pairs of what had come by then.
type attempt struct {
	generation
	victims  uint64  // the victims of all levels that had come
	lanes    []*lane // the lanes that have matched; some may be there twice, or gone
	again    bool    // they may have more luck although nothing comes
	above    Quota   // with more than this to spare the account outranks another run
	room     uint64  // its roomGeneration when the step began
	owed     bool    // the account had a full bucket then, and ran less than its rate
	owedFrom instant // when a request that waits will have waited for long; noInstant for never
}

// A victimClass is the worker class of a run that others can preempt, with the run's level.
type victimClass struct {
	class *workerClass
	level Priority
}

// A missed says that a lane, at a step, matched no class with runs at levels worse than the step's:
// the victims that had come by then, and the level of the step. Zero is not known to have missed.
type missed uint64

const missedLevelBits = 3

func missedOf(victims uint64, p Priority) missed {
	return missed(victims<<missedLevelBits | uint64(p+1))
}

// victims are those that had come by then.
func (m missed) victims() uint64 { return uint64(m >> missedLevelBits) }

// holdsAt reports whether the lane is known to have missed at a level, or at a better one.
func (m missed) holdsAt(p Priority) bool {
	return m != 0 && Priority(m&(1<<missedLevelBits-1))-1 <= p
}

// missesAgain reports whether a lane matched nothing at this level or a better one, and no run has
// come since at a level that is worse than this one: mostly, at a better level of the same pass.
func (st *preemption) missesAgain(l *lane) bool {
	if !l.missed.holdsAt(st.level) {
		return false
	}
	victims, known := st.s.victims.since(l.missed.victims())
	return known && !slices.ContainsFunc(victims,
		func(v victimClass) bool { return v.level > st.level })
}

// noteMissed notes that a lane matched nothing in this step.
func (st *preemption) noteMissed(l *lane) {
	st.s.undo.noteMissed(l)
	l.missed = missedOf(st.s.victims.total, st.level)
}

// noteActive notes that a lane became active, or has an older first request.
func (s *Scheduler) noteActive(l *lane) {
	s.undo.noteActive(l.account)
	l.account.recent.add(l, len(l.account.active))
}

// noteVictim notes that others can preempt a run who could not before.
func (s *Scheduler) noteVictim(r *run) {
	if r.level == 0 {
		return // no level is better
	}
	s.victimCounts[r.level]++
	s.victims.add(victimClass{r.worker.class, r.level}, len(s.workers))
}

// generation returns the account's generation at the level of the step.
func (st *preemption) generation(a *account) generation {
	g := generation{lanes: a.recent.total}
	for q := st.level + 1; q < numLevels; q++ {
		g.runs += st.s.victimCounts[q]
	}
	return g
}

// isExhausted reports whether the account can find nothing, as nothing has come for it.
func (st *preemption) isExhausted(a *account, owed bool) bool {
	last := &a.attempts[st.level]
	return last.generation == st.generation(a) && !st.mayHaveLuck(a, owed) &&
		!slices.ContainsFunc(st.requeuedLanes, func(l *lane) bool { return l.account == a })
}

// mayHaveLuck reports whether what has matched may find something although nothing has come. Where
// an account has label limits it may if the step itself can make room, by taking a run of the
// account; or in a trial that watches it, so that the observer is told of all comparisons.
func (st *preemption) mayHaveLuck(a *account, owed bool) bool {
	last := &a.attempts[st.level]
	return last.again || st.owedAgain(last, owed) || last.room != a.roomGeneration ||
		st.hasToSpare(a, last.above) ||
		a.limits != nil && (a.runsBelow(st.level) > 0 || st.observer.watches(a))
}

// hasToSpare reports whether an account has more than an amount beyond what it needs.
func (st *preemption) hasToSpare(a *account, amount Quota) bool {
	need := a.need(st.level, st.s.burstCover)
	return amount < maxQuota && st.isAbove(a, int64(need.add(amount)))
}

// noteDearer notes that an account does not outrank a run that it wants.
func (st *preemption) noteDearer(a *account, r *run) {
	if last := &a.attempts[st.level]; st.state(a).attempted {
		last.above = min(last.above, r.paidUpTo(st.level))
	}
}

// owedAgain reports whether something may be owed to an account that was not in its last attempt.
func (st *preemption) owedAgain(last *attempt, owed bool) bool {
	return owed && (!last.owed || !st.s.now.Before(last.owedFrom))
}

// lanesToOffer begins an attempt of an account, and returns the lanes to which the step has to
// offer runs: those that may match what has come, and those that have matched if they are worth
// another try; or all active ones, if that costs less.
func (st *preemption) lanesToOffer(a *account) []*lane {
	state, last := st.state(a), &a.attempts[st.level]
	st.s.undo.attempt(a, st.level)
	known, retry := st.offerSince(a, last), st.mayHaveLuck(a, state.owed)
	switch {
	case !known:
		st.offerMatched(a)
	case retry:
		st.offerAll(last.lanes)
	}
	if !known || retry {
		clear(last.lanes) // those that still match are noted again
		last.lanes, last.owedFrom, last.above = last.lanes[:0], noInstant, maxQuota
	}
	last.room, state.attempted = a.roomGeneration, true
	return st.offered
}

// offerMatched offers an account's lanes anew: those that an attempt at a better level found to
// match, or that have come since, as runs at levels worse than this one are worse than that one
// too; or all active ones, but those that are known to have missed.
func (st *preemption) offerMatched(a *account) {
	missed := a.attempts[st.level].victims > 0
	for q := range st.level {
		better := &a.attempts[q]
		if st.offerSince(a, better) {
			st.offerAll(better.lanes)
			return
		}
		missed = missed || better.victims > 0
	}
	st.beginOffers()
	if !missed { // then no lane is known to have missed
		st.offered = append(st.offered, a.active...)
		return
	}
	since := st.offerVictims(a, st.s.victims.newest)
	for _, l := range a.active {
		if m := l.missed; !m.holdsAt(st.level) || m.victims() < since {
			st.offerOnce(l)
		}
	}
}

// offerSince begins with the lanes that may match what has come since an attempt. It reports
// whether all that is remembered, and costs less to match than all active lanes.
func (st *preemption) offerSince(a *account, last *attempt) bool {
	st.beginOffers()
	lanes, knowsLanes := a.recent.since(last.generation.lanes)
	victims, knowsVictims := st.s.victims.since(last.victims)
	if !knowsLanes || !knowsVictims {
		return false
	}
	st.offerAll(lanes)
	return st.offerVictims(a, victims) == last.victims
}

func (st *preemption) beginOffers() {
	st.s.attempts++
	st.offered = st.offered[:0]
}

// offerVictims adds the lanes that match the classes of the newest victims, from the newest one
// back while that costs less than to match all active lanes. It returns how many victims had come
// before the first one that it went back to.
func (st *preemption) offerVictims(a *account, newest []victimClass) (since uint64) {
	cost, x := 0, st.s.index
	since = st.s.victims.total
	for _, v := range slices.Backward(newest) {
		class := v.class
		if v.level > st.level && class.offered != st.s.attempts &&
			class.bestBelow(st.level) < numLevels {
			if cost += x.demandCost(class); cost > entriesPerLane*len(a.active) {
				break
			}
			class.offered = st.s.attempts
			x.eachDemand(class, func(demand *demand) {
				if l := a.laneOf(demand); l != nil {
					st.offerOnce(l)
				}
			})
		}
		since--
	}
	return since
}

// offerAll adds active lanes to those of the attempt.
func (st *preemption) offerAll(lanes []*lane) {
	for _, l := range lanes {
		st.offerOnce(l)
	}
}

// offerOnce adds an active lane to those of the attempt, unless it is there.
func (st *preemption) offerOnce(l *lane) {
	if touches.Lane(); l.inAccount >= 0 && l.offered != st.s.attempts {
		l.offered = st.s.attempts
		st.offered = append(st.offered, l)
	}
}

// noteMatched notes a lane that has matched, or that a limit kept from matching.
func (st *preemption) noteMatched(l *lane) {
	if !l.requeued {
		last := &l.account.attempts[st.level]
		last.lanes = append(last.lanes, l)
	}
}

// noteAttempts ends the attempts of the step.
func (st *preemption) noteAttempts(accounts []*account) {
	for _, a := range accounts {
		state, last := st.state(a), &a.attempts[st.level]
		if !state.attempted {
			continue
		}
		state.attempted = false
		last.generation, last.victims = st.generation(a), st.s.victims.total
		last.again, last.owed = state.retryLater, state.owed
		if len(last.lanes) > 2*len(a.active)+recentMin {
			st.dropRepeated(last)
		}
	}
}

// dropRepeated takes lanes that are there twice, or active no more, out of an attempt.
func (st *preemption) dropRepeated(last *attempt) {
	st.s.attempts++
	last.lanes = slices.DeleteFunc(last.lanes, func(l *lane) bool {
		drop := l.inAccount < 0 || l.offered == st.s.attempts
		l.offered = st.s.attempts
		return drop
	})
}

// noteOwed notes from when on something may be owed to a lane's first request.
func (st *preemption) noteOwed(l *lane) {
	if st.state(l.account).owed && !st.waitedLong(l.since) {
		l.account.attempts[st.level].noteOwed(st.s.longFrom(l))
	}
}

// noteOwed notes that something may be owed to an account from a time on.
func (last *attempt) noteOwed(from instant) {
	if from.Before(last.owedFrom) {
		last.owedFrom = from
	}
}

// longFrom returns when a lane's first request will have waited for long.
func (s *Scheduler) longFrom(l *lane) instant {
	return instantOf(l.since.time().Add(s.owedAfter))
}

// noteYounger notes that a lane has a younger first request. What the older one has not got it does
// not get either, but for what is owed to it once it has waited for long.
func (s *Scheduler) noteYounger(l *lane) {
	if s.owedAfter < 0 {
		return
	}
	s.undo.noteYounger(l.account)
	for p := range l.account.attempts {
		l.account.attempts[p].noteOwed(s.longFrom(l))
	}
}

// retryLater notes that what the account does not preempt in this step it may preempt in another
// one, although nothing comes for it.
func (st *preemption) retryLater(a *account) { st.state(a).retryLater = true }
