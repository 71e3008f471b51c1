package scheduler

// A task that loses its worker before it was handed out waits again, and takes part in the pass
// from the next level on, whatever its account's other requests have done. Until the pass ends,
// such requests are in lanes of their own.

// waitAgain lets the request of a run that has lost its worker wait until the level ends.
func (p *pass) waitAgain(r *run) {
	p.s.applyNext(r.req, r.next)
	p.s.addWaiting(r.req)
	p.requeued = append(p.requeued, r.req)
}

// collectRequeued puts the requests that were requeued at this level into such lanes.
func (p *pass) collectRequeued() {
	for _, r := range p.requeued {
		if r.blocked() {
			continue
		}
		p.requeuedLane(r.lane).add(r)
		if r.lane.account.exists() {
			p.contend(r.lane.account)
		}
	}
	clear(p.requeued)
	p.requeued = p.requeued[:0]
}

// requeuedLane returns the lane for requests that belong to home and have come back. One that has
// settled does not take new ones, which have not taken part.
func (p *pass) requeuedLane(home *lane) *lane {
	for _, l := range p.requeuedLanes {
		if l.account == home.account && l.demand == home.demand && !l.settled {
			return l
		}
	}
	l := &lane{account: home.account, demand: home.demand, group: home.group, requeued: true,
		inAccount: -1}
	p.requeuedLanes = append(p.requeuedLanes, l)
	return l
}

// settleRequeued settles those lanes of an account that took part at this level.
func (p *pass) settleRequeued(a *account) {
	for _, l := range p.requeuedLanes {
		if l.account == a {
			l.settled = true
		}
	}
}

// returnRequeued puts what has not found a worker into the lanes that it belongs to.
func (p *pass) returnRequeued() {
	for _, l := range p.requeuedLanes {
		for r := range l.all() {
			p.s.enqueue(r)
		}
	}
}
