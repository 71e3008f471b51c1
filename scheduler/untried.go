package scheduler

import (
	"github.com/quotasched/quotasched/internal/touches"
)

// Most of what waits cannot run on any worker that is idle, and a pass does not look at it again:
// after a pass, a lane that has been tried in vain can only come to run when a worker becomes idle
// (then its kind is fresh) or when its queue was empty in between or its account's limits changed
// (then it is untried). A lane that a pass did not get to try, as its account may not start
// anything, stays untried if it matches a worker that is still idle. Where a pass got to try but
// few of an account's lanes, all of them are taken for untried, without a look at each.

// lookAround finds out which lanes the pass has to try.
func (p *pass) lookAround() {
	s := p.s
	if p.everyLane = s.freshCost() >= s.activeLanes; p.everyLane {
		return
	}
	for _, k := range s.fresh {
		if k.idle.Len() == 0 {
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
		if k.idle.Len() == 0 {
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
	every := p.everyLane || a.allUntried
	if every || len(a.active) <= len(p.freshNeeds) {
		for _, l := range a.active {
			touches.Lane()
			if every || l.untried || l.need.fresh == p.id {
				offer(l)
			}
		}
		return
	}
	for _, l := range a.untried {
		touches.Lane()
		if l.untried && l.inAccount >= 0 && l.need.fresh != p.id {
			offer(l)
		}
	}
	for _, n := range p.freshNeeds {
		touches.Lane()
		if l := a.lanes[n]; l != nil && l.inAccount >= 0 {
			offer(l)
		}
	}
}

// offerAllLanes offers the lanes of all accounts that the pass has to try, but those of accounts
// for which skip returns true.
func (p *pass) offerAllLanes(skip func(*account) bool, offer func(*lane)) {
	if p.everyLane {
		for a := range p.s.withActive { // the order is free: requests are placed in theirs
			if !skip(a) {
				p.offerLanes(a, offer)
			}
		}
		return
	}
	for _, a := range p.s.withUntried {
		if skip(a) {
			continue
		}
		lanes := a.untried
		if a.allUntried {
			lanes = a.active
		}
		for _, l := range lanes {
			touches.Lane()
			if (l.untried || a.allUntried) && l.inAccount >= 0 && l.need.fresh != p.id {
				offer(l)
			}
		}
	}
	for _, n := range p.freshNeeds {
		for _, l := range n.lanes {
			touches.Lane()
			if l.inAccount >= 0 && !skip(l.account) {
				offer(l)
			}
		}
	}
}

// noteTried notes that no idle worker matches a lane.
func (p *pass) noteTried(l *lane) {
	l.tried = p.id
	p.state(l.account).tried++
}

// leftMost reports whether the pass has not tried most lanes of an account that it had to try, if
// it had to try most of them.
func (p *pass) leftMost(a *account) bool {
	return (p.everyLane || a.allUntried) && 2*p.state(a).tried < len(a.active)
}

// noteUntried notes, at the end of a pass, which lanes match a worker that is still idle as far as
// the pass knows.
func (p *pass) noteUntried() {
	s := p.s
	var untried []*lane
	var mostly []*account
	if len(s.index.idle) > 0 {
		p.offerAllLanes(p.leftMost, func(l *lane) {
			if l.tried != p.id {
				untried = append(untried, l)
			}
		})
		mostly = p.accountsLeft()
	}
	for _, a := range s.withUntried {
		for _, l := range a.untried {
			l.untried = false
		}
		clear(a.untried)
		a.untried = a.untried[:0]
		a.allUntried = false
	}
	clear(s.withUntried)
	s.withUntried = s.withUntried[:0]
	for _, k := range s.fresh {
		k.fresh = false
	}
	clear(s.fresh)
	s.fresh = s.fresh[:0]
	for _, a := range mostly {
		s.markAllUntried(a)
	}
	for _, l := range untried {
		s.markUntried(l)
	}
}

// accountsLeft returns the accounts most of whose lanes the pass left.
func (p *pass) accountsLeft() (left []*account) {
	if p.everyLane {
		for a := range p.s.withActive { // the order is free: it only sets marks
			if p.leftMost(a) {
				left = append(left, a)
			}
		}
		return left
	}
	for _, a := range p.s.withUntried {
		if p.leftMost(a) {
			left = append(left, a)
		}
	}
	return left
}
