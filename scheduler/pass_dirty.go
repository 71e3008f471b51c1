package scheduler

import (
	"iter"
	"maps"
	"slices"

	"github.com/quotasched/quotasched/internal/touches"
)

// Most waiting requests cannot run on any idle worker, and a pass does not look at them again.
// After a pass, a lane that matched no idle worker can only become runnable when a worker becomes
// idle (then its class is fresh), or when its queue was empty in between (then it is dirty). A lane
// that a pass did not scan, as its account may not start anything or has reached a limit, stays
// dirty if it may match a worker that is still idle: so new settings of an account mark nothing. If
// a pass scanned only few of an account's lanes, all of them are taken for dirty, without a look at
// each.
//
// So a pass finds the lanes that it has to try in one of three ways, whichever costs least: from
// the news, that is the demands of the fresh classes and the dirty lanes; from the demands of all
// idle classes, fresh or not, which leaves out dirty lanes that match none; or by trying all active
// lanes. What the first two cost is estimated; if they turn out to find so many demands that they
// leave few lanes out, they are given up. docs/index.md has the whole algorithm.

// entriesPerLane is for how many looks at an entry of a bucket a pass tries one lane instead: that
// is, intersects the label sets of its demand with the idle classes.
const entriesPerLane = 128

// entriesPerDemand is for how many looks at an entry a pass finds one demand.
const entriesPerDemand = 24

// findDirty finds out which lanes the pass has to try, unless the other ways cost less.
func (p *pass) findDirty() {
	s := p.s
	if len(s.fresh) == 0 {
		return
	}
	lanes := p.lanesToTry()
	most := lanes * entriesPerLane
	p.scanAll = s.demandCost(s.fresh, most) >= most || !p.findDemands(s.fresh, lanes)
}

// lanesToTry is about how many lanes the pass tries if it tries all: not those of accounts that can
// start nothing as things stand. A sixteenth of all lanes always counts, as a later pass has to try
// what this one does not find out.
func (p *pass) lanesToTry() int {
	lanes := p.s.activeLanes
	for _, a := range p.contenders {
		if a.neverFree() && a.bestLevel(p.s.burstCover) == FreeBucket {
			lanes -= len(a.active)
		}
	}
	return max(lanes, p.s.activeLanes/16)
}

// findDemands adds the demands that idle classes among some can run to those that the pass has to
// try. If that comes to cost more than to try those of so many lanes that are left out, it adds
// none, and returns false.
func (p *pass) findDemands(classes []*workerClass, lanes int) bool {
	x, before := p.s.index, len(p.demands)
	looked := x.looked
	for _, class := range classes {
		if class.idle.Len() == 0 {
			continue // its workers were taken or have gone
		}
		if !x.eachDemandWhile(class, func(demand *demand) bool {
			if demand.found != p.id {
				demand.found = p.id
				p.demands = append(p.demands, demand)
			}
			found := len(p.demands) - before
			return x.looked-looked+entriesPerDemand*found <= entriesPerLane*(lanes-found)
		}) {
			p.forgetDemands(before)
			return false
		}
	}
	return true
}

// forgetDemands forgets the demands from the n-th one on.
func (p *pass) forgetDemands(n int) {
	for _, demand := range p.demands[n:] {
		demand.found = 0
	}
	clear(p.demands[n:])
	p.demands = p.demands[:n]
}

// demandCost estimates how many entries it takes to find the demands of the classes with idle
// workers among some, up to a number.
func (s *Scheduler) demandCost(classes []*workerClass, most int) (sum int) {
	for _, class := range classes {
		if sum >= most {
			break
		}
		if class.idle.Len() > 0 {
			sum += s.index.demandCost(class)
		}
	}
	return sum
}

// fromIdle turns to finding lanes from the demands of all idle classes, if that costs less than
// trying so many lanes.
func (p *pass) fromIdle(lanes int) {
	most := lanes * entriesPerLane
	if p.allIdle || most <= p.idleCost {
		return
	}
	idle := p.s.index.idle
	if p.idleCost = p.s.demandCost(idle, most); p.idleCost >= most {
		return
	}
	if p.allIdle = p.findDemands(idle, lanes); !p.allIdle {
		p.idleCost = most
	}
}

// offerLanes offers the lanes of an account that the pass has to try.
func (p *pass) offerLanes(a *account, offer func(*lane)) {
	p.fromIdle(len(p.dirtyLanes(a)))
	for _, l := range p.dirtyLanes(a) {
		if touches.Lane(); p.isDirty(l) {
			offer(l)
		}
	}
	if p.allDirty(a) {
		return
	}
	if len(a.active) <= len(p.demands) {
		for _, l := range a.active {
			if touches.Lane(); l.demand.found == p.id && !p.isDirty(l) {
				offer(l)
			}
		}
		return
	}
	for _, demand := range p.demands {
		touches.Lane()
		if l := p.s.laneOf(a, demand); l != nil && l.inAccount >= 0 && !p.isDirty(l) {
			offer(l)
		}
	}
}

// offerAllLanes offers the lanes of all accounts that the pass has to try, but those of accounts
// for which skip returns true.
func (p *pass) offerAllLanes(skip func(*account) bool, offer func(*lane)) {
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
// returns true.
func (p *pass) eachLane(skip func(*account) bool, f func(*lane)) {
	for a := range p.withDirty() {
		if skip(a) {
			continue
		}
		for _, l := range p.dirtyLanes(a) {
			if touches.Lane(); p.isDirty(l) {
				f(l)
			}
		}
	}
	for _, demand := range p.demands {
		for _, l := range demand.lanes {
			if touches.Lane(); l.inAccount >= 0 && !p.isDirty(l) && !skip(l.account) {
				f(l)
			}
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

// isDirty reports whether a lane is dirty as far as the pass is concerned.
func (p *pass) isDirty(l *lane) bool {
	return l.inAccount >= 0 && (p.allDirty(l.account) || l.dirty && !p.allIdle)
}

// noteScanned notes that no idle worker matches a lane.
func (p *pass) noteScanned(l *lane) {
	l.scanned = p.id
	p.state(l.account).scanned++
}

// mostlyUnscanned reports whether the pass has not scanned most lanes of an account that it had to
// try, if it had to try most of them.
func (p *pass) mostlyUnscanned(a *account) bool {
	return p.allDirty(a) && 2*p.state(a).scanned < len(a.active)
}

// noteDirty notes, at the end of a pass, which lanes match a worker that is still idle as far as
// the pass knows.
func (p *pass) noteDirty() {
	s := p.s
	var dirty []*lane
	var mostly []*account
	if len(s.index.idle) > 0 {
		skip := func(a *account) bool { return a.suspended || p.mostlyUnscanned(a) }
		p.eachLane(skip, func(l *lane) {
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

// mostlyUnscannedAccounts returns the accounts most of whose lanes the pass has not scanned.
func (p *pass) mostlyUnscannedAccounts() (unscanned []*account) {
	for a := range p.withDirty() {
		if !a.suspended && p.mostlyUnscanned(a) {
			unscanned = append(unscanned, a)
		}
	}
	return unscanned
}
