package scheduler

// A pass that does nothing, and leaves nothing to look at, leaves the scheduler at rest: as long as
// nobody says anything and no balance moves, the next pass would do nothing either, and is spared.
// Time alone only makes runs safer, until something comes to be owed to an account.

// A rest is what the last pass has left.
type rest struct {
	known bool    // nothing that a pass goes by has changed since
	until instant // then something may be owed to an account
}

// atRest reports whether a pass would do nothing.
func (s *Scheduler) atRest() bool { return s.rest.known && s.now.Before(s.rest.until) }

// disturb notes that something may have changed that a pass goes by.
func (s *Scheduler) disturb() { s.rest.known = false }

// changed ends each exported method in which somebody says something.
func (s *Scheduler) changed() {
	s.disturb()
	s.checkInvariants()
}

// noteRest notes, at the end of a pass, whether the next one would do nothing.
func (p *pass) noteRest() {
	still := !p.acted() && !p.attempted && len(p.s.withDirty) == 0
	p.s.rest = rest{known: still, until: p.restUntil}
}

// acted reports whether the pass has decided anything.
func (p *pass) acted() bool { return p.moved || len(p.out)+len(p.done) > 0 }

// noteExhausted notes that an account takes no part in a preemption step, as nothing has come for
// it.
func (st *preemption) noteExhausted(a *account, owed bool) {
	if last := &a.attempts[st.level]; owed && last.owedFrom.Before(st.restUntil) {
		st.restUntil = last.owedFrom
	}
}
