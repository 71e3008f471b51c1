package scheduler

import (
	"cmp"
	"slices"

	"github.com/quotasched/quotasched/internal/slotset"
	"github.com/quotasched/quotasched/internal/touches"
)

// An index answers which classes can run a demand, and which demands a class can run.
//
// A demand is filed under one of its base labels, the rarest one, so the demands of a class are
// among those that are filed under its labels. Each label has the set of classes that have it, so
// the classes of a demand are the intersection of its labels' sets.
type index struct {
	labels     *labelTable
	demands    map[demandKey]*demand
	unlabelled bucket // demands without base labels
	serial     uint64

	slots     []*workerClass // by slot; nil where it is free
	freeSlots []uint32
	all       slotset.Set    // the slots in use
	idleSlots slotset.Set    // the slots of classes with idle workers
	idle      []*workerClass // the classes with idle workers

	runSlots [numLevels]slotset.Set // the slots of classes with runs, by level

	sets []*slotset.Set // for one intersection

	activeChanged func(*lane) // called when a lane's demand gains its first class, or loses its last
}

func newIndex(labels *labelTable, activeChanged func(*lane)) *index {
	return &index{labels: labels, demands: map[demandKey]*demand{}, activeChanged: activeChanged}
}

// demand returns the demand with these label sets, of which it takes over one reference each.
func (x *index) demand(base, prov *labelSet) *demand {
	key := demandKey{base, prov}
	if demand := x.demands[key]; demand != nil {
		x.labels.release(base)
		x.labels.release(prov)
		return demand
	}
	x.serial++
	demand := &demand{base: base, prov: prov, plain: prov.within(base), serial: x.serial}
	x.demands[key] = demand
	demand.bucket = x.bucketFor(base)
	x.findClasses(demand)
	demand.bucket.add(demand)
	return demand
}

// bucketFor returns the bucket to file a demand in: that of its label that the fewest classes
// have.
func (x *index) bucketFor(base *labelSet) *bucket {
	if len(base.ids) == 0 {
		return &x.unlabelled
	}
	var best *label
	for _, id := range base.ids {
		l := x.labels.byID[id]
		if best == nil || l.classes.Len() < best.classes.Len() ||
			l.classes.Len() == best.classes.Len() && l.demands.len() < best.demands.len() {
			best = l
		}
	}
	return &best.demands
}

// dropDemand removes a demand that no lane has any more.
func (x *index) dropDemand(demand *demand) {
	demand.gone = true
	delete(x.demands, demandKey{demand.base, demand.prov})
	demand.bucket.remove(demand)
	x.labels.release(demand.base)
	x.labels.release(demand.prov)
}

// findClasses fills in which classes can run a demand.
func (x *index) findClasses(demand *demand) {
	demand.classes, demand.classCount, demand.counted, demand.lowerBound = nil, 0, false, false
	x.eachClass(demand, nil, func(class *workerClass) bool {
		if demand.classCount++; demand.classCount <= listedClassesMax {
			demand.classes = append(demand.classes, class)
		}
		return demand.classCount < countedClassesMax
	})
	if demand.classCount > listedClassesMax {
		demand.classes, demand.counted = nil, true
		demand.lowerBound = demand.classCount == countedClassesMax
	}
}

// eachClass calls f with the classes that can run a demand, until it returns false. If also is not
// nil, only with those that are in it.
func (x *index) eachClass(demand *demand, also *slotset.Set, f func(*workerClass) bool) {
	sets := x.sets[:0]
	if also == nil {
		also = &x.all
	}
	if also.Len() == 0 {
		return
	}
	sets = append(sets, also)
	for _, id := range demand.base.ids {
		classes := &x.labels.byID[id].classes
		if classes.Len() == 0 {
			return
		}
		sets = append(sets, classes)
	}
	x.sets = nil // f may come back here
	slotset.Intersect(sets, func(slot uint32) bool { return f(x.slots[slot]) })
	x.sets = sets
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
	overflown := false
	x.eachListed(class, func(demand *demand) {
		demand.classes = append(demand.classes, class)
		demand.classCount++
		overflown = overflown || demand.classCount > listedClassesMax
		if demand.classCount == 1 {
			x.changed(demand)
		}
	})
	if overflown {
		x.eachBucket(class, x.countOnly)
	}
	return class
}

// countOnly moves the demands of a bucket that have come to have too many classes to list.
func (x *index) countOnly(bucket *bucket) {
	isCounted := func(demand *demand) bool { return demand.classCount > listedClassesMax }
	if !slices.ContainsFunc(bucket.listed, isCounted) {
		return
	}
	for _, demand := range bucket.listed {
		if isCounted(demand) {
			demand.classes, demand.counted = nil, true
			bucket.counted = append(bucket.counted, demand)
		}
	}
	slices.SortFunc(bucket.counted, func(a, b *demand) int { return cmp.Compare(a.serial, b.serial) })
	bucket.listed = slices.DeleteFunc(bucket.listed, func(d *demand) bool { return d.counted })
}

// changed tells that a demand has come to have a class, or to have none.
func (x *index) changed(demand *demand) {
	for _, l := range demand.lanes {
		x.activeChanged(l)
	}
}

// dropClass removes a class that has no workers any more.
func (x *index) dropClass(class *workerClass) {
	x.eachListed(class, func(demand *demand) {
		i := slices.Index(demand.classes, class)
		demand.classes = slices.Delete(demand.classes, i, i+1)
		demand.classCount--
		if demand.classCount == 0 {
			x.changed(demand)
		}
	})
	for _, id := range class.set.ids {
		x.labels.byID[id].classes.Remove(class.slot)
	}
	x.all.Remove(class.slot)
	x.slots[class.slot] = nil
	x.freeSlots = append(x.freeSlots, class.slot)
	x.eachBucket(class, func(bucket *bucket) { x.discount(bucket, class) })
	class.set.class = nil
	forgetClass(class)
	x.labels.release(class.set)
}

// discount takes a class that goes off the counts of a bucket's demands whose classes are not
// listed. A demand with classes to spare is not asked whether this was one of them. Where too few
// may be left, it counts anew.
func (x *index) discount(bucket *bucket, class *workerClass) {
	var doubtful []*demand
	for _, demand := range bucket.counted {
		touches.Demand()
		switch {
		case demand.classCount > listedClassesMax+1:
			demand.classCount--
			demand.lowerBound = true
		case demand.lowerBound || demand.base.within(class.set):
			doubtful = append(doubtful, demand)
		}
	}
	for _, demand := range doubtful {
		bucket.remove(demand)
		x.findClasses(demand)
		bucket.add(demand)
		if demand.classCount == 0 {
			x.changed(demand)
		}
	}
}

// eachDemand calls f with the demands that a class can run. They are kept with the class if they
// are few, so that a later call only tests what came since.
func (x *index) eachDemand(class *workerClass, f func(*demand)) {
	class.demands.refresh(x, class)
	if class.demands.kept {
		for _, demand := range class.demands.list {
			touches.Demand()
			f(demand)
		}
		return
	}
	x.walkDemands(class, 0, f)
}

// demandCost estimates how many demands eachDemand looks at.
func (x *index) demandCost(class *workerClass) int {
	if class.demands.kept && class.demands.until == x.serial {
		return len(class.demands.list)
	}
	n := 0
	x.eachBucket(class, func(bucket *bucket) { n += bucket.len() })
	return n
}

// eachBucket calls f with the buckets that may hold demands that a class can run.
func (x *index) eachBucket(class *workerClass, f func(*bucket)) {
	f(&x.unlabelled)
	for _, id := range class.set.ids {
		f(&x.labels.byID[id].demands)
	}
}

// eachListed calls f with the demands that a class can run and whose classes are listed.
func (x *index) eachListed(class *workerClass, f func(*demand)) {
	listed, counted := 0, 0
	x.eachBucket(class, func(bucket *bucket) {
		listed += len(bucket.listed)
		counted += len(bucket.counted)
	})
	if counted <= listed { // so that the demands kept with the class are of use
		x.eachDemand(class, func(demand *demand) {
			if !demand.counted {
				f(demand)
			}
		})
		return
	}
	x.eachBucket(class, func(bucket *bucket) { walk(bucket.listed, class, 0, f) })
}

// walkDemands calls f with the demands that a class can run and whose serial is above since.
func (x *index) walkDemands(class *workerClass, since uint64, f func(*demand)) {
	x.eachBucket(class, func(bucket *bucket) {
		walk(bucket.listed, class, since, f)
		walk(bucket.counted, class, since, f)
	})
}

// walk calls f with those of a list, from the newest one down to since.
func walk(list []*demand, class *workerClass, since uint64, f func(*demand)) {
	for i := len(list) - 1; i >= 0 && list[i].serial > since; i-- {
		touches.Demand()
		if list[i].base.within(class.set) {
			f(list[i])
		}
	}
}

// knownDemands keeps the demands that a class can run, while they are few.
type knownDemands struct {
	list  []*demand
	until uint64 // the newest serial that was tested
	kept  bool   // the list is complete up to until
}

func (a *knownDemands) refresh(x *index, class *workerClass) {
	if a.until == 0 {
		a.kept = true
	}
	if !a.kept {
		return
	}
	a.list = slices.DeleteFunc(a.list, func(demand *demand) bool { return demand.gone })
	if a.until == x.serial {
		return
	}
	x.walkDemands(class, a.until, func(demand *demand) { a.list = append(a.list, demand) })
	a.until = x.serial
	if len(a.list) > knownDemandsMax {
		a.list, a.kept = nil, false
	}
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
		class.levels |= 1 << r.level
		x.runSlots[r.level].Add(class.slot, len(x.slots))
	}
}

// removeRun takes it out again.
func (x *index) removeRun(r *run) {
	class := r.worker.class
	class.runs[r.level] = class.runs[r.level].remove(r)
	if class.runs[r.level].len() == 0 {
		class.levels &^= 1 << r.level
		x.runSlots[r.level].Remove(class.slot)
	}
}
