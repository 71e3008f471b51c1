package scheduler

// A preemption step that found nothing for an account need not be made again before something has
// come that the account could preempt, or preempt with. The account keeps, for each level, the
// generation at which that was last so. What may be owed to it only takes time to come: it also
// keeps from when on a step may find that.

// A generation counts what has come for an account at a level: lanes of its own that became active
// or whose first request became another, older one, and runs that came to worse levels, or that
// others can preempt who could not before.
type generation struct{ lanes, runs uint64 }

// An exhaustion says when a level of an account was exhausted.
type exhaustion struct {
	generation
	owedFrom instant // when a request that waits will have waited for long; noInstant for never
	owed     bool    // the account had a full bucket then, and ran less than its rate
}

// generation returns the account's generation at the level of the step.
func (st *preemption) generation(a *account) generation {
	g := generation{lanes: a.laneGeneration}
	for q := st.level + 1; q < numLevels; q++ {
		g.runs += st.s.runGeneration[q]
	}
	return g
}

// isExhausted reports whether nothing has come for the account since a step found nothing for it.
func (st *preemption) isExhausted(a *account, owed bool) bool {
	at := &a.exhaustedAt[st.level]
	return at.generation == st.generation(a) && len(st.requeuedLanes) == 0 && !st.owedAgain(at, owed)
}

// owedAgain reports whether something may be owed to an account that was not when its level was
// exhausted.
func (st *preemption) owedAgain(at *exhaustion, owed bool) bool {
	return owed && (!at.owed || !st.s.now.Before(at.owedFrom))
}

// lanesToOffer returns the active lanes of an account to which the step has to offer runs: if no
// run has come since a step found nothing, only those that became active since, and perhaps some
// that are active no more.
func (st *preemption) lanesToOffer(a *account) []*lane {
	at, state := &a.exhaustedAt[st.level], st.state(a)
	if at.runs == st.generation(a).runs && len(st.requeuedLanes) == 0 &&
		!st.owedAgain(at, state.owed) {
		state.owedFrom = at.owedFrom
		return a.activeSince(at.lanes)
	}
	return a.active
}

// noteExhausted notes, after the step, for which accounts another one is in vain.
func (st *preemption) noteExhausted(accounts []*account) {
	for _, a := range accounts {
		if state := st.state(a); !state.retryLater {
			st.s.exhaust(a, st.level, exhaustion{st.generation(a), state.owedFrom, state.owed})
		}
	}
}

// exhaust notes when a level of an account was exhausted.
func (s *Scheduler) exhaust(a *account, p Priority, at exhaustion) {
	s.undo.exhaust(a, p)
	a.exhaustedAt[p] = at
}

// noteOwed notes from when on something may be owed to a lane's first request.
func (st *preemption) noteOwed(l *lane) {
	state := st.state(l.account)
	if !state.owed || st.waitedLong(l.since) {
		return
	}
	if at := instantOf(l.since.time().Add(st.s.owedAfter)); at.Before(state.owedFrom) {
		state.owedFrom = at
	}
}

// retryLater notes that what the account does not preempt in this step it may preempt in another
// one, although nothing comes for it.
func (st *preemption) retryLater(a *account) { st.state(a).retryLater = true }
