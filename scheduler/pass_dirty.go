package scheduler

import (
	"github.com/quotasched/quotasched/internal/touches"
)

// Most waiting requests cannot run on any idle worker, and a pass does not look at them again.
// After a pass, a lane that matched no idle worker can only become runnable when a worker becomes
// idle (then its class is fresh), or when its queue was empty in between or its account's limits
// changed (then it is dirty). A lane that a pass did not scan, as its account may not start
// anything, stays dirty if it may match a worker that is still idle. If a pass scanned only few of
// an account's lanes, all of them are taken for dirty, without a look at each. docs/index.md has
// the whole algorithm.

// findDirty finds out which lanes the pass has to try.
func (p *pass) findDirty() {
	s := p.s
	if p.scanAll = s.freshCost() >= s.activeLanes; p.scanAll {
		return
	}
	for _, class := range s.fresh {
		if class.idle.Len() == 0 {
			continue
		}
		s.index.eachDemand(class, func(demand *demand) {
			if demand.fresh != p.id {
				demand.fresh = p.id
				p.freshDemands = append(p.freshDemands, demand)
			}
		})
	}
}

// freshCost estimates how many demands findDirty looks at, up to the number of active lanes.
func (s *Scheduler) freshCost() int {
	cost := 0
	for _, class := range s.fresh {
		if class.idle.Len() == 0 {
			continue // its workers were taken or have gone, perhaps all of them
		}
		if cost += s.index.demandCost(class); cost >= s.activeLanes {
			break
		}
	}
	return cost
}

// offerLanes offers the lanes of an account that the pass has to try.
func (p *pass) offerLanes(a *account, offer func(*lane)) {
	every := p.scanAll || a.allDirty
	if every || len(a.active) <= len(p.freshDemands) {
		for _, l := range a.active {
			touches.Lane()
			if every || l.dirty || l.demand.fresh == p.id {
				offer(l)
			}
		}
		return
	}
	for _, l := range a.dirty {
		touches.Lane()
		if l.dirty && l.inAccount >= 0 && l.demand.fresh != p.id {
			offer(l)
		}
	}
	for _, demand := range p.freshDemands {
		touches.Lane()
		if l := a.lanes[demand]; l != nil && l.inAccount >= 0 {
			offer(l)
		}
	}
}

// offerAllLanes offers the lanes of all accounts that the pass has to try, but those of accounts
// for which skip returns true.
func (p *pass) offerAllLanes(skip func(*account) bool, offer func(*lane)) {
	if p.scanAll {
		for a := range p.s.withActive { // the order is free: requests are placed in theirs
			if !skip(a) {
				p.offerLanes(a, offer)
			}
		}
		return
	}
	for _, a := range p.s.withDirty {
		if skip(a) {
			continue
		}
		lanes := a.dirty
		if a.allDirty {
			lanes = a.active
		}
		for _, l := range lanes {
			touches.Lane()
			if (l.dirty || a.allDirty) && l.inAccount >= 0 && l.demand.fresh != p.id {
				offer(l)
			}
		}
	}
	for _, demand := range p.freshDemands {
		for _, l := range demand.lanes {
			touches.Lane()
			if l.inAccount >= 0 && !skip(l.account) {
				offer(l)
			}
		}
	}
}

// noteScanned notes that no idle worker matches a lane.
func (p *pass) noteScanned(l *lane) {
	l.scanned = p.id
	p.state(l.account).scanned++
}

// mostlyUnscanned reports whether the pass has not scanned most lanes of an account that it had to
// try, if it had to try most of them.
func (p *pass) mostlyUnscanned(a *account) bool {
	return (p.scanAll || a.allDirty) && 2*p.state(a).scanned < len(a.active)
}

// noteDirty notes, at the end of a pass, which lanes match a worker that is still idle as far as
// the pass knows.
func (p *pass) noteDirty() {
	s := p.s
	var dirty []*lane
	var mostly []*account
	if len(s.index.idle) > 0 {
		skip := func(a *account) bool { return a.suspended || p.mostlyUnscanned(a) }
		p.offerAllLanes(skip, func(l *lane) {
			if l.scanned != p.id {
				dirty = append(dirty, l)
			}
		})
		mostly = p.mostlyUnscannedAccounts()
	}
	for _, a := range s.withDirty {
		for _, l := range a.dirty {
			l.dirty = false
		}
		clear(a.dirty)
		a.dirty = a.dirty[:0]
		a.allDirty = false
	}
	clear(s.withDirty)
	s.withDirty = s.withDirty[:0]
	for _, class := range s.fresh {
		class.fresh = false
	}
	clear(s.fresh)
	s.fresh = s.fresh[:0]
	for _, a := range mostly {
		s.markAllDirty(a)
	}
	for _, l := range dirty {
		s.markDirty(l)
	}
}

// mostlyUnscannedAccounts returns the accounts most of whose lanes the pass left.
func (p *pass) mostlyUnscannedAccounts() (left []*account) {
	if p.scanAll {
		for a := range p.s.withActive { // the order is free: it only sets marks
			if !a.suspended && p.mostlyUnscanned(a) {
				left = append(left, a)
			}
		}
		return left
	}
	for _, a := range p.s.withDirty {
		if !a.suspended && p.mostlyUnscanned(a) {
			left = append(left, a)
		}
	}
	return left
}
