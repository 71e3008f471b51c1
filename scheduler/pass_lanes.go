package scheduler

import (
	"iter"
	"maps"
	"slices"

	"github.com/quotasched/quotasched/internal/touches"
)

// The lanes that a pass has to try are dirty ones, which their accounts list, and those of the
// demands that were found, which these list. The pass goes through lists of a demand rather than
// asking for the lane of each account: what it looks at of most lanes stands in the list.

// offerTakers offers the lanes that the pass has to try, of the accounts that take part at this
// level.
func (p *pass) offerTakers() {
	dirty := 0
	for _, a := range p.takers {
		if !a.isOut() {
			dirty += len(p.dirtyLanes(a))
		}
	}
	p.fromIdle(dirty)
	own := 0
	for _, a := range p.takers {
		if !a.isOut() {
			p.eachDirty(a, p.offer)
			own += min(len(a.active), len(p.found))
		}
	}
	if lanesPerLookup*own >= p.lanesFound() {
		p.offerFound()
		return
	}
	for _, a := range p.takers {
		if !a.isOut() {
			p.eachFoundOf(a, p.offer)
		}
	}
}

// lanesPerLookup is for how many looks at the next lane of a demand a pass asks for the lane of one
// account.
const lanesPerLookup = 8

// isOut reports whether an account does not take part at the level of the moment, or has done so at
// a better one.
func (a *account) isOut() bool { return !a.pass.takesPart || a.pass.settled }

// offerFound offers the lanes of the demands that were found, but dirty ones. There are many of
// them, of which few take part.
func (p *pass) offerFound() {
	for _, k := range p.found {
		if k.hasNone() {
			continue
		}
		for _, l := range k.demand.lanes[:k.demand.active] {
			if l.account.isOut() {
				continue
			}
			if touches.Lane(); !p.isDirty(l) {
				p.offerOf(k, l)
			}
		}
	}
}

// lanesFound counts the lanes of the demands that were found.
func (p *pass) lanesFound() (n int) {
	for _, k := range p.found {
		n += int(k.demand.active)
	}
	return n
}

// offerAll offers the lanes that the pass has to try, but those of accounts for which skip returns
// true.
func (p *pass) offerAll(skip func(*account) bool, offer func(*demand, laneEntry)) {
	dirty := 0
	for a := range p.withDirty() {
		if !skip(a) {
			dirty += len(p.dirtyLanes(a))
		}
	}
	p.fromIdle(dirty)
	p.eachLane(skip, offer)
}

// eachLane calls f with the lanes that the pass has to try, but those of accounts for which skip
// returns true, and those that match no idle worker as far as is known.
func (p *pass) eachLane(skip func(*account) bool, f func(*demand, laneEntry)) {
	for a := range p.withDirty() {
		if !skip(a) {
			p.eachDirty(a, f)
		}
	}
	p.eachFound(skip, f)
}

// eachDirty is eachLane for the dirty lanes of an account.
func (p *pass) eachDirty(a *account, f func(*demand, laneEntry)) {
	p.state(a).tried = true
	for _, l := range p.dirtyLanes(a) {
		if touches.Lane(); l.inAccount >= 0 && p.isDirty(l.entry()) && !p.hasNone(l.demand) {
			f(l.demand, l.entry())
		}
	}
}

// eachFound is eachLane for the lanes of the demands that were found, but dirty ones.
func (p *pass) eachFound(skip func(*account) bool, f func(*demand, laneEntry)) {
	for _, k := range p.found {
		if k.hasNone() {
			continue
		}
		for _, l := range k.demand.lanes[:k.demand.active] {
			if skip(l.account) {
				continue // the lane itself was not looked at
			}
			if touches.Lane(); !p.isDirty(l) {
				f(k.demand, l)
			}
		}
	}
}

// eachFoundOf is eachFound for the lanes of an account.
func (p *pass) eachFoundOf(a *account, f func(*demand, laneEntry)) {
	if p.allDirty(a) {
		return
	}
	if len(a.active) <= len(p.found) {
		for _, l := range a.active {
			touches.Lane()
			if k := p.demands.known(l.demand); k != nil && k.found && !p.isDirty(l.entry()) {
				f(l.demand, l.entry())
			}
		}
		return
	}
	for _, k := range p.found {
		touches.Lane()
		if l := a.laneOf(k.demand); l != nil && l.inAccount >= 0 && !p.isDirty(l.entry()) {
			f(k.demand, l.entry())
		}
	}
}

// withDirty yields the accounts that have dirty lanes as far as the pass is concerned.
func (p *pass) withDirty() iter.Seq[*account] {
	switch {
	case p.allIdle:
		return func(func(*account) bool) {}
	case p.scanAll:
		return maps.Keys(p.s.withActive) // the order is free: requests are placed in theirs
	}
	return slices.Values(p.s.withDirty)
}

// dirtyLanes returns lanes of an account among which are all its dirty ones, as far as the pass is
// concerned.
func (p *pass) dirtyLanes(a *account) []*lane {
	switch {
	case p.allIdle:
		return nil
	case p.allDirty(a):
		return a.active
	}
	return a.dirty
}

// allDirty reports whether all active lanes of an account are dirty as far as the pass is
// concerned.
func (p *pass) allDirty(a *account) bool { return !p.allIdle && (p.scanAll || a.allDirty) }

// isDirty reports whether an active lane is dirty as far as the pass is concerned.
func (p *pass) isDirty(l laneEntry) bool {
	return p.allDirty(l.account) || len(l.account.dirty) > 0 && !p.allIdle && l.lane.dirty
}
