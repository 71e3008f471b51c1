package scheduler

import (
	"slices"

	"github.com/quotasched/quotasched/internal/touches"
)

// A bucket has the demands that are filed under one label, in order of their serials.
type bucket struct {
	entries []entry
	holes   int    // the entries whose demands have gone
	newest  uint64 // the serial of the last demand that was filed
}

// An entry is a demand in a bucket, with three more of its base labels, the next rarest ones, or
// the bucket's own again if it has no more. Most demands that a class cannot run are passed over by
// a look at these, and not touched.
type entry struct {
	also   [3]uint32
	labels uint32  // how many base labels the demand has
	demand *demand // nil if it has gone
}

// labelsAtHand is how many labels of a demand stand in an entry and its bucket.
const labelsAtHand = uint32(1 + len(entry{}.also))

// mayBeOwned reports whether the labels in the entry are owned, as the bucket's is.
func (e *entry) mayBeOwned(owned []bool) bool {
	return owned[e.also[0]] && owned[e.also[1]] && owned[e.also[2]]
}

// file puts a demand into the bucket of that of its base labels which the fewest classes have.
func (x *index) file(demand *demand) {
	ids := demand.base.ids
	if len(ids) == 0 {
		x.unlabelled.add(demand, [3]uint32{})
		return
	}
	var rarest [labelsAtHand]*label
	for _, id := range ids {
		l := x.labels.byID[id]
		for i, other := range rarest {
			if other == nil {
				rarest[i] = l
				break
			}
			if l.isRarer(other) {
				rarest[i], l = l, other
			}
		}
	}
	own := rarest[0]
	also := [3]uint32{own.id, own.id, own.id}
	for i, l := range rarest[1:] {
		if l != nil {
			also[i] = l.id
		}
	}
	own.demands.add(demand, also)
}

// isRarer reports whether fewer classes have the label than another one, or as many, and it has
// fewer demands.
func (l *label) isRarer(other *label) bool {
	if n, m := l.classes.Len(), other.classes.Len(); n != m {
		return n < m
	}
	return len(l.demands.entries) < len(other.demands.entries)
}

// add puts in a demand, whose serial is above all those of the bucket.
func (bucket *bucket) add(demand *demand, also [3]uint32) {
	demand.bucket, demand.at = bucket, len(bucket.entries)
	bucket.entries = append(bucket.entries, entry{also, uint32(len(demand.base.ids)), demand})
	bucket.newest = demand.serial
}

// remove takes a demand out. It costs O(1) on average.
func (bucket *bucket) remove(demand *demand) {
	bucket.entries[demand.at].demand = nil
	bucket.holes++
	if 2*bucket.holes < len(bucket.entries) {
		return
	}
	bucket.holes = 0
	left := slices.DeleteFunc(bucket.entries, func(e entry) bool { return e.demand == nil })
	if 4*len(left) < cap(left) {
		left = slices.Clone(left)
	}
	bucket.entries = left
	for i, e := range left {
		e.demand.at = i
	}
}

// each calls f with the demands of the bucket, until it returns false, and returns false then.
func (bucket *bucket) each(f func(*demand) bool) bool {
	for _, e := range bucket.entries {
		if e.demand != nil && !f(e.demand) {
			return false
		}
	}
	return true
}

// eachDemand calls f with the demands that a class can run. They are kept with the class if they
// are few, so that a later call only tests what came since.
func (x *index) eachDemand(class *workerClass, f func(*demand)) {
	x.eachDemandWhile(class, func(demand *demand) bool {
		f(demand)
		return true
	})
}

// eachDemandWhile is eachDemand until f returns false, and returns false then.
func (x *index) eachDemandWhile(class *workerClass, f func(*demand) bool) bool {
	class.demands.refresh(x, class)
	if class.demands.many {
		return x.walkDemands(class, 0, f)
	}
	for _, demand := range class.demands.list {
		touches.Demand()
		if !f(demand) {
			return false
		}
	}
	return true
}

// demandCost estimates how many entries eachDemand looks at.
func (x *index) demandCost(class *workerClass) int {
	known, sum := &class.demands, len(class.set.ids)
	if known.until > 0 {
		sum += len(known.list)
		if news := x.serial - known.until; news <= uint64(sum) {
			return sum + int(news)
		}
	}
	x.eachBucket(class, func(bucket *bucket) { sum += len(bucket.entries) })
	return sum
}

// eachBucket calls f with the buckets that may hold demands that a class can run.
func (x *index) eachBucket(class *workerClass, f func(*bucket)) {
	f(&x.unlabelled)
	for _, id := range class.set.ids {
		f(&x.labels.byID[id].demands)
	}
}

// walkDemands calls f with the demands that a class can run and whose serial is above since, until
// it returns false, and returns false then. While it walks no demand may come or go.
func (x *index) walkDemands(class *workerClass, since uint64, f func(*demand) bool) bool {
	owned := x.labels.mark(class.set)
	defer x.labels.unmark(class.set)
	unlabelled := x.unlabelled.since(since)
	x.looked += len(unlabelled)
	for _, e := range unlabelled {
		if touches.Demand(); e.demand != nil && !f(e.demand) {
			return false
		}
	}
	for _, id := range class.set.ids {
		news := x.labels.byID[id].demands.since(since)
		x.looked += len(news)
		for i := range news {
			e := &news[i]
			if touches.Demand(); !e.mayBeOwned(owned) || e.demand == nil {
				continue
			}
			if (e.labels <= labelsAtHand || e.demand.isOwned(owned)) && !f(e.demand) {
				return false
			}
		}
	}
	return true
}

// walkNewDemands is walkDemands, made for demands few of which have a serial above since: then it
// looks at these, and at no bucket.
func (x *index) walkNewDemands(class *workerClass, since uint64, f func(*demand) bool) bool {
	news, known := x.newest.since(since)
	if !known {
		return x.walkDemands(class, since, f)
	}
	owned := x.labels.mark(class.set)
	defer x.labels.unmark(class.set)
	x.looked += len(news)
	for _, demand := range news {
		if touches.Demand(); !demand.gone && demand.isOwned(owned) && !f(demand) {
			return false
		}
	}
	return true
}

// isOwned reports whether all base labels of the demand are owned.
func (demand *demand) isOwned(owned []bool) bool {
	for _, id := range demand.base.ids {
		if !owned[id] {
			return false
		}
	}
	return true
}

// since returns the entries whose serials are above one, and perhaps some whose demands have gone.
func (bucket *bucket) since(serial uint64) []entry {
	first := 0
	if serial > 0 {
		first = len(bucket.entries)
	}
	for bucket.newest > serial && first > 0 {
		if demand := bucket.entries[first-1].demand; demand != nil && demand.serial <= serial {
			break
		}
		first--
	}
	return bucket.entries[first:]
}

// knownDemandsMax is how many demands a class keeps. One with more has them found anew each time,
// which then costs no more than going through them.
const knownDemandsMax = 256

// knownDemands keeps the demands that a class can run, while they are few.
type knownDemands struct {
	list  []*demand
	until uint64 // the newest serial that was tested
	many  bool   // they are too many to be kept
}

func (a *knownDemands) refresh(x *index, class *workerClass) {
	if a.many || a.until == x.serial {
		return
	}
	a.list = slices.DeleteFunc(a.list, func(demand *demand) bool { return demand.gone })
	few := x.walkNewDemands(class, a.until, func(demand *demand) bool {
		a.list = append(a.list, demand)
		return len(a.list) <= knownDemandsMax
	})
	if a.until = x.serial; !few {
		*a = knownDemands{many: true}
	}
}
