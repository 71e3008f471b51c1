package scheduler

import (
	"iter"

	"github.com/quotasched/quotasched/internal/slotset"
)

// An index answers which classes can run a demand, and which demands a class can run. It matches
// nothing before it is asked: a demand that comes is listed, a class that comes is put into the
// sets of its labels, and that is all.
//
// Each label has the set of classes that have it, so the classes of a demand are the intersection
// of its labels' sets. A demand that has been tested against these is filed under one of its base
// labels, the rarest one, so the demands of a class are among those that are filed under its
// labels.
type index struct {
	labels     *labelTable
	demands    int                   // how many there are
	others     map[demandKey]*demand // those that are not the first one of their base labels
	unlabelled filed                 // demands without base labels
	serial     uint64                // of the last one that was matched
	newest     recent[match]         // the last ones that were matched; serial is their number

	classSerial uint64 // of the last class that came

	unmatched  []*demand      // those that no class can run as far as is known
	tested     int            // the first of them: no class but new ones can run these
	toMatch    []*demand      // memory of matchAll
	newClasses []*workerClass // those that came since the last pass

	slots     []*workerClass // by slot; nil where it is free
	freeSlots []uint32
	all       slotset.Set    // the slots in use
	idleSlots slotset.Set    // the slots of classes with idle workers
	idle      []*workerClass // the classes with idle workers

	worseSlots [NumPriorities]slotset.Set // the slots of classes with runs at levels worse than each

	sets   []*slotset.Set // for one intersection
	looked int            // at how many entries of buckets so far
}

func newIndex(labels *labelTable) *index {
	return &index{labels: labels, others: map[demandKey]*demand{}}
}

// find returns the demand with these label sets; nil if there is none.
func (x *index) find(base, prov *labelSet) *demand {
	if demand := base.demand; demand != nil && demand.prov == prov {
		return demand
	}
	return x.others[demandKey{base, prov}]
}

// demand returns the demand with these label sets, of which it takes over one reference each. If it
// is new, there is memory for its first lane.
func (x *index) demand(base, prov *labelSet) (*demand, *lane) {
	if base.refs > 1 { // else no demand has it yet
		if demand := x.find(base, prov); demand != nil {
			x.labels.release(base)
			x.labels.release(prov)
			return demand, nil
		}
	}
	m := &demandMemory{}
	demand := &m.demand
	demand.base, demand.prov, demand.plain = base, prov, prov.within(base)
	demand.lanes = m.lanes[:0]
	if base.demand == nil {
		base.demand = demand
	} else {
		x.others[demandKey{base, prov}] = demand
	}
	x.demands++
	x.addUnmatched(demand)
	return demand, &m.lane
}

// dropDemand removes a demand that no lane has any more.
func (x *index) dropDemand(demand *demand) {
	demand.gone, demand.classes = true, nil // a class that keeps the demand keeps no more
	if demand.base.demand == demand {
		demand.base.demand = nil
	} else {
		delete(x.others, demandKey{demand.base, demand.prov})
	}
	x.demands--
	x.cutUnmatched(demand)
	x.unfile(demand)
	x.labels.release(demand.base)
	x.labels.release(demand.prov)
}

// allDemands yields the demands in no order that means anything. None may come or go meanwhile.
func (x *index) allDemands() iter.Seq[*demand] {
	return func(yield func(*demand) bool) {
		for _, demand := range x.unmatched {
			if !yield(demand) {
				return
			}
		}
		if !x.unlabelled.matched.each(yield) {
			return
		}
		for _, l := range x.labels.byID {
			if l != nil && !l.demands.matched.each(yield) {
				return
			}
		}
	}
}

// eachClass calls f with the classes that can run a demand and that are in a set, until it returns
// false. It costs O(the smallest of the sets of the demand's base labels and that set), and an
// eighth of a byte for each slot where the sets are dense.
func (x *index) eachClass(demand *demand, among *slotset.Set, f func(*workerClass) bool) {
	if among.Len() == 0 {
		return
	}
	sets := x.classSets(demand, among)
	if sets == nil {
		return
	}
	x.sets = nil // f may come back here
	slotset.Intersect(sets, func(slot uint32) bool { return f(x.slots[slot]) })
	x.sets = sets
}

// canRun reports whether any class can run an unmatched demand. It costs what eachClass does for
// the first, unless that is known of a demand with the same base labels: as it was matched since
// the given serial, after which no class has gone, or as it is unmatched and was tested.
func (x *index) canRun(demand *demand, since uint64) bool {
	if other := demand.base.demand; other != nil && other != demand {
		switch {
		case other.serial > since:
			return true
		case other.unmatched >= 0 && int(other.unmatched) < x.tested:
			return false
		}
	}
	sets := x.classSets(demand, &x.all)
	return sets != nil && slotset.Meet(sets)
}

// classSets returns a set and those of the classes that have each of a demand's base labels; nil if
// one of these is empty.
func (x *index) classSets(demand *demand, among *slotset.Set) []*slotset.Set {
	x.sets = append(x.sets[:0], among)
	for _, id := range demand.base.ids {
		classes := &x.labels.byID[id].classes
		if classes.Len() == 0 {
			return nil
		}
		x.sets = append(x.sets, classes)
	}
	return x.sets
}

// addClass makes the class of a label set, of which it takes over a reference.
func (x *index) addClass(set *labelSet) *workerClass {
	class := &workerClass{set: set, idleAt: -1}
	set.class = class
	if n := len(x.freeSlots); n > 0 {
		class.slot = x.freeSlots[n-1]
		x.freeSlots = x.freeSlots[:n-1]
		x.slots[class.slot] = class
	} else {
		class.slot = uint32(len(x.slots))
		x.slots = append(x.slots, class)
	}
	x.all.Add(class.slot, len(x.slots))
	for _, id := range set.ids {
		x.labels.byID[id].classes.Add(class.slot, len(x.slots))
	}
	x.addNewClass(class)
	x.classSerial++
	return class
}

// dropClass removes a class that has no workers any more.
func (x *index) dropClass(class *workerClass) {
	for _, id := range class.set.ids {
		x.labels.byID[id].classes.Remove(class.slot)
	}
	x.all.Remove(class.slot)
	class.demands = knownDemands{} // a demand that keeps the class keeps no more
	x.cutNewClass(class)
	x.slots[class.slot] = nil
	x.freeSlots = append(x.freeSlots, class.slot)
	class.set.class = nil
	forgetClass(class)
	x.labels.release(class.set)
}

// idleChanged keeps track of which classes have idle workers.
func (x *index) idleChanged(class *workerClass) {
	if class.idle.Len() > 0 == (class.idleAt >= 0) {
		return
	}
	if class.idleAt < 0 {
		class.idleAt = len(x.idle)
		x.idle = append(x.idle, class)
		x.idleSlots.Add(class.slot, len(x.slots))
		return
	}
	last := len(x.idle) - 1
	x.idle[class.idleAt] = x.idle[last]
	x.idle[class.idleAt].idleAt = class.idleAt
	x.idle[last] = nil
	x.idle = x.idle[:last]
	class.idleAt = -1
	x.idleSlots.Remove(class.slot)
}

// insertRun adds a run to its class's list for its level.
func (x *index) insertRun(r *run) {
	class := r.worker.class
	class.runs[r.level] = class.runs[r.level].insert(r)
	if class.runs[r.level].len() == 1 {
		x.setLevels(class, class.levels|1<<r.level)
	}
}

// removeRun takes it out again.
func (x *index) removeRun(r *run) {
	class := r.worker.class
	class.runs[r.level] = class.runs[r.level].remove(r)
	if class.runs[r.level].len() == 0 {
		x.setLevels(class, class.levels&^(1<<r.level))
	}
}

// setLevels notes at which levels a class has runs.
func (x *index) setLevels(class *workerClass, levels uint8) {
	for p := range x.worseSlots {
		had, has := class.levels>>(p+1) > 0, levels>>(p+1) > 0
		switch {
		case has && !had:
			x.worseSlots[p].Add(class.slot, len(x.slots))
		case had && !has:
			x.worseSlots[p].Remove(class.slot)
		}
	}
	class.levels = levels
}
