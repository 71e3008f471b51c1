package scheduler

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
// leave few lanes out, they are given up. docs/index.md has the whole algorithm, and pass_lanes.go
// goes through the lanes.

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
// try, until these have all active lanes. If that comes to cost more than to try those of so many
// lanes that are left out, it adds none, and returns false.
func (p *pass) findDemands(classes []*workerClass, lanes int) bool {
	x, before := p.s.index, len(p.found)
	looked, left := x.looked, p.s.activeLanes-p.lanesFound()
	for _, class := range classes {
		if class.idle.Len() == 0 {
			continue // its workers were taken or have gone
		}
		if left == 0 {
			break
		}
		if !x.eachDemandWhile(class, func(demand *demand) bool {
			if k := p.demands.of(demand); !k.found {
				k.found = true
				p.found = append(p.found, k)
				left -= int(demand.active)
			}
			found := len(p.found) - before
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
	for _, k := range p.found[n:] {
		k.found = false
	}
	clear(p.found[n:])
	p.found = p.found[:n]
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

// mostlyUnscanned returns the accounts of which the pass had to try most lanes, and has not found
// out of most of them that no idle worker matches them.
func (p *pass) mostlyUnscanned() (unscanned []*account) {
	for a := range p.withDirty() {
		if st := p.state(a); !a.suspended && p.allDirty(a) && 2*p.scanned(a) < len(a.active) {
			st.unscanned = true
			unscanned = append(unscanned, a)
		}
	}
	return unscanned
}

// scanned counts the lanes of an account that match no idle worker, if the pass has tried them.
func (p *pass) scanned(a *account) (n int) {
	if !p.state(a).tried {
		return 0
	}
	for _, l := range a.active {
		if p.hasNone(l.demand) {
			n++
		}
	}
	return n
}

// noteDirty notes, at the end of a pass, which lanes match a worker that is still idle as far as
// the pass knows.
func (p *pass) noteDirty() {
	s := p.s
	var dirty []*lane
	var mostly []*account
	if len(s.index.idle) > 0 {
		mostly = p.mostlyUnscanned()
		skip := func(a *account) bool { return a.suspended || p.state(a).unscanned }
		p.eachLane(skip, func(_ *demand, l laneEntry) { dirty = append(dirty, l.lane) })
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
