package scheduler

// A preemption step that found nothing for an account need not be made again before something has
// come that the account could preempt, or preempt with. The account keeps, for each level, the
// generation at which that was last so.

// A generation counts what has come for an account at a level: lanes of its own that became active,
// and runs that came to worse levels.
type generation struct{ lanes, runs uint64 }

// generation returns the account's generation at the level of the step.
func (st *preemption) generation(a *account) generation {
	g := generation{lanes: a.laneGeneration}
	for q := st.level + 1; q < numLevels; q++ {
		g.runs += st.s.runGeneration[q]
	}
	return g
}

// isExhausted reports whether nothing has come for the account since a step found nothing for it.
func (st *preemption) isExhausted(a *account) bool {
	return a.exhaustedAt[st.level] == st.generation(a) && len(st.requeuedLanes) == 0
}

// lanesToOffer returns the active lanes of an account to which the step has to offer runs: if no
// run has come since a step found nothing, only those that became active since, and perhaps some
// that are active no more.
func (st *preemption) lanesToOffer(a *account) []*lane {
	at := &a.exhaustedAt[st.level]
	if at.runs == st.generation(a).runs && len(st.requeuedLanes) == 0 {
		return a.activeSince(at.lanes)
	}
	return a.active
}

// noteExhausted notes, after the step, for which accounts another one is in vain.
func (st *preemption) noteExhausted(accounts []*account) {
	for _, a := range accounts {
		if !st.state(a).retryLater {
			st.s.exhaust(a, st.level, st.generation(a))
		}
	}
}

// exhaust notes the generation at which a level of an account was exhausted.
func (s *Scheduler) exhaust(a *account, p Priority, at generation) {
	s.undo.exhaust(a, p)
	a.exhaustedAt[p] = at
}

// retryLater notes that what the account does not preempt in this step it may preempt in another
// one, although nothing comes for it.
func (st *preemption) retryLater(a *account) { st.state(a).retryLater = true }
