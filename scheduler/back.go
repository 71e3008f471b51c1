package scheduler

// A task that loses its worker before it was handed out waits again, and takes part in the pass
// from the next level on, whatever its account's other requests have done. Until the pass ends,
// such requests are in lanes of their own.

// waitAgain lets the request of a run that has lost its worker wait until the level ends.
func (p *pass) waitAgain(r *run) {
	p.s.applyNext(r.req, r.next)
	p.s.waitingYes(r.req)
	p.back = append(p.back, r.req)
}

// comeBack puts what came back at this level into such lanes.
func (p *pass) comeBack() {
	for _, r := range p.back {
		if r.blocked {
			continue
		}
		p.cameLane(r.lane).add(r)
		if r.lane.account.exists() {
			p.contend(r.lane.account)
		}
	}
	clear(p.back)
	p.back = p.back[:0]
}

// cameLane returns the lane for requests that belong to home and have come back. One that has
// settled does not take new ones, which have not taken part.
func (p *pass) cameLane(home *lane) *lane {
	for _, l := range p.came {
		if l.account == home.account && l.need == home.need && !l.settled {
			return l
		}
	}
	l := &lane{account: home.account, need: home.need, group: home.group, came: true, inAccount: -1}
	p.came = append(p.came, l)
	return l
}

// settleCame settles those lanes of an account that took part at this level.
func (p *pass) settleCame(a *account) {
	for _, l := range p.came {
		if l.account == a {
			l.settled = true
		}
	}
}

// goHome puts what has not found a worker into the lanes that it belongs to.
func (p *pass) goHome() {
	for _, l := range p.came {
		for r := range l.queue.All() {
			p.s.enqueue(r)
		}
	}
}
