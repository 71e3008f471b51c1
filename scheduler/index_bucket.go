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

// An entry is a demand in a bucket.
type entry struct {
	labels labelKey
	demand *demand // nil if it has gone
}

// A labelKey has three more base labels of a demand in a bucket, the next rarest ones, 21 bits
// each; noLabel if it has no more. Most demands that a class cannot run are passed over by a look
// at these, and not touched.
type labelKey uint64

const (
	labelBits = 21
	labelMask = 1<<labelBits - 1

	// moreLabels is set if the demand has labels that stand neither in the key nor on the bucket.
	moreLabels labelKey = 1 << 63
)

// mayBeOwned reports whether the labels in the key are owned, as the bucket's is.
func (k labelKey) mayBeOwned(owned []bool) bool {
	return owned[k&labelMask] && owned[k>>labelBits&labelMask] && owned[k>>(2*labelBits)&labelMask]
}

// with returns the key with one more label, at place 0, 1 or 2.
func (k labelKey) with(id uint32, place int) labelKey {
	if id > labelMask {
		return k | moreLabels
	}
	return k | labelKey(id)<<(place*labelBits)
}

// file puts a demand into the bucket of that of its base labels which the fewest classes have.
func (x *index) file(demand *demand) {
	ids := demand.base.ids
	if len(ids) == 0 {
		x.unlabelled.add(demand, 0)
		return
	}
	var rarest [4]*label
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
	var key labelKey
	for place, l := range rarest[1:min(len(ids), len(rarest))] {
		key = key.with(l.id, place)
	}
	if len(ids) > len(rarest) {
		key |= moreLabels
	}
	rarest[0].demands.add(demand, key)
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
func (bucket *bucket) add(demand *demand, key labelKey) {
	demand.bucket, demand.at = bucket, int32(len(bucket.entries))
	bucket.entries = append(bucket.entries, entry{key, demand})
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
		e.demand.at = int32(i)
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
	if !x.unlabelled.walk(x, since, owned, f) {
		return false
	}
	for _, id := range class.set.ids {
		if !x.labels.byID[id].demands.walk(x, since, owned, f) {
			return false
		}
	}
	return true
}

// walk is walkDemands for one bucket; owned says which labels the class has.
func (bucket *bucket) walk(x *index, since uint64, owned []bool, f func(*demand) bool) bool {
	news := bucket.since(since)
	x.looked += len(news)
	for _, e := range news {
		if touches.Demand(); !e.labels.mayBeOwned(owned) || e.demand == nil {
			continue
		}
		if (e.labels&moreLabels == 0 || e.demand.isOwned(owned)) && !f(e.demand) {
			return false
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
func (d *demand) isOwned(owned []bool) bool {
	for _, id := range d.base.ids {
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
