package scheduler

// Most of what waits cannot run on any worker that is idle, and a pass does not look at it again:
// after a pass, a lane that has been tried in vain can only come to run when a worker becomes idle
// (then its kind is fresh) or when its queue was empty in between or its account's limits changed
// (then it is untried). A lane that a pass did not get to try, as its account may not start
// anything, stays untried if it matches a worker that is still idle.

// lookAround finds out which lanes the pass has to try.
func (p *pass) lookAround() {
	s := p.s
	if p.everyLane = s.freshCost() >= s.activeLanes; p.everyLane {
		return
	}
	for _, k := range s.fresh {
		if k.idle.len() == 0 {
			continue
		}
		s.index.eachNeed(k, func(n *need) {
			if n.fresh != p.id {
				n.fresh = p.id
				p.freshNeeds = append(p.freshNeeds, n)
			}
		})
	}
}

// freshCost estimates how many needs lookAround looks at, up to the number of active lanes.
func (s *Scheduler) freshCost() int {
	cost := 0
	for _, k := range s.fresh {
		if k.idle.len() == 0 {
			continue // its workers were taken or have gone, perhaps all of them
		}
		if cost += s.index.needCost(k); cost >= s.activeLanes {
			break
		}
	}
	return cost
}

// offerLanes offers the lanes of an account that the pass has to try.
func (p *pass) offerLanes(a *account, offer func(*lane)) {
	if p.everyLane || len(a.active) <= len(p.freshNeeds) {
		for _, l := range a.active {
			if p.everyLane || l.untried || l.need.fresh == p.id {
				offer(l)
			}
		}
		return
	}
	for _, l := range a.untried {
		if l.untried && l.inAccount >= 0 && l.need.fresh != p.id {
			offer(l)
		}
	}
	for _, n := range p.freshNeeds {
		if l := a.lanes[n]; l != nil && l.inAccount >= 0 {
			offer(l)
		}
	}
}

// offerAllLanes offers the lanes of all accounts that the pass has to try.
func (p *pass) offerAllLanes(offer func(*lane)) {
	if p.everyLane {
		for a := range p.s.withActive { // the order is free: requests are placed in theirs
			p.offerLanes(a, offer)
		}
		return
	}
	for _, a := range p.s.withUntried {
		for _, l := range a.untried {
			if l.untried && l.inAccount >= 0 && l.need.fresh != p.id {
				offer(l)
			}
		}
	}
	for _, n := range p.freshNeeds {
		for _, l := range n.lanes {
			if l.inAccount >= 0 {
				offer(l)
			}
		}
	}
}

// noteUntried notes, at the end of a pass, which lanes match a worker that is still idle as far as
// the pass knows.
func (p *pass) noteUntried() {
	s := p.s
	var untried []*lane
	if len(s.index.idle) > 0 {
		p.offerAllLanes(func(l *lane) {
			if l.tried != p.id {
				untried = append(untried, l)
			}
		})
	}
	for _, a := range s.withUntried {
		for _, l := range a.untried {
			l.untried = false
		}
		clear(a.untried)
		a.untried = a.untried[:0]
	}
	clear(s.withUntried)
	s.withUntried = s.withUntried[:0]
	for _, k := range s.fresh {
		k.fresh = false
	}
	clear(s.fresh)
	s.fresh = s.fresh[:0]
	for _, l := range untried {
		s.markUntried(l)
	}
}
