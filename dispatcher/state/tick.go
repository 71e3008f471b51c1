package state

// tick ends what is overdue in each pool, and lets each with anything waiting or running run a
// pass.
func (e *entry) tick() {
	e.m.results.expire(e.at)
	for _, p := range e.m.sortedPools() {
		if p.failed() {
			continue
		}
		// A panic is an event of the pool, and the others go on.
		_ = e.guard(p, func() error {
			p.tick(e)
			return nil
		})
	}
}

func (p *hosted) tick(e *entry) {
	c := p.pool.Counts()
	busy := c.Waiting
	for _, n := range c.Running {
		busy += n
	}
	if busy > 0 || p.live() > 0 || p.hasOverdue(e) {
		e.begin(p)
		p.endOverdue()
	}
}

// hasOverdue reports whether anything is kept for too long, with nothing waiting or running.
func (p *hosted) hasOverdue(e *entry) bool {
	due, any := p.over.due()
	return any && !due.After(e.at) ||
		p.ended.Len() > 0 && !p.ended.First().changed.Add(p.limits.retention).After(e.at) ||
		p.silent.Len() > 0 && !p.silent.First().silentSince.Add(forgetWorkerAfter).After(e.at)
}

// endOverdue ends and forgets what is overdue. It costs what that is.
func (p *hosted) endOverdue() {
	at := p.entry.at
	for p.unaccepted.Len() > 0 {
		t := p.unaccepted.First().task
		if at.Sub(t.lease.assigned) < p.limits.acceptTimeout {
			break
		}
		p.stopLease(t, notAccepted, "its worker did not accept it in time")
	}
	for p.disconnected.Len() > 0 {
		t := p.disconnected.First().task
		if at.Sub(t.lease.silent) < p.limits.disconnectTimeout {
			break
		}
		p.leave(t.lease.slot)
		p.endLease(t, ending{phase: isLost, final: true,
			why: "nothing was heard of its worker for too long"})
	}
	p.forgetEnded()
	for p.silent.Len() > 0 && at.Sub(p.silent.First().silentSince) >= forgetWorkerAfter {
		p.forgetWorker(p.silent.First().worker)
	}
	p.usage.expire(at)
	p.over.expire(at)
}
