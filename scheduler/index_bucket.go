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

// An entry is a demand in a bucket, with two more of its base labels, the next rarest ones, or the
// bucket's own again if it has no more. Most demands that a class cannot run are passed over by a
// look at these two, and not touched.
type entry struct {
	also   [2]uint32
	demand *demand // nil if it has gone
}

// file puts a demand into the bucket of that of its base labels which the fewest classes have.
func (x *index) file(demand *demand) {
	ids := demand.base.ids
	if len(ids) == 0 {
		x.unlabelled.add(demand, [2]uint32{})
		return
	}
	var rarest [3]*label
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
	also := [2]uint32{own.id, own.id}
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
func (bucket *bucket) add(demand *demand, also [2]uint32) {
	demand.bucket, demand.at = bucket, len(bucket.entries)
	bucket.entries = append(bucket.entries, entry{also, demand})
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
	class.demands.refresh(x, class)
	if !class.demands.many {
		for _, demand := range class.demands.list {
			touches.Demand()
			f(demand)
		}
		return
	}
	x.walkDemands(class, 0, f)
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

// walkDemands calls f with the demands that a class can run and whose serial is above since. While
// it walks no demand may come or go.
func (x *index) walkDemands(class *workerClass, since uint64, f func(*demand)) {
	owned := x.labels.mark(class.set)
	for _, e := range x.unlabelled.since(since) {
		if touches.Demand(); e.demand != nil {
			f(e.demand)
		}
	}
	for _, id := range class.set.ids {
		for _, e := range x.labels.byID[id].demands.since(since) {
			touches.Demand()
			if owned[e.also[0]] && owned[e.also[1]] && e.demand != nil && e.demand.isOwned(owned) {
				f(e.demand)
			}
		}
	}
	x.labels.unmark(class.set)
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
	x.walkDemands(class, a.until, func(demand *demand) { a.list = append(a.list, demand) })
	a.until = x.serial
	if len(a.list) > knownDemandsMax {
		*a = knownDemands{many: true}
	}
}
