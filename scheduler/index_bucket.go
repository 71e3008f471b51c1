package scheduler

import (
	"slices"

	"github.com/quotasched/quotasched/internal/touches"
)

// filed are the demands that are filed under one label: those that no class can run as far as is
// known, which only new classes ask for, and the others.
type filed struct{ unmatched, matched bucket }

// A bucket has demands that are filed under one label, in order of their serials.
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

// file files a demand, which is not filed, under that of its base labels which the fewest classes
// have.
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

// unfile takes a demand out of its bucket, if it is in one.
func (x *index) unfile(demand *demand) {
	if demand.bucket != nil {
		demand.bucket.remove(demand)
		demand.bucket = nil
	}
}

// isRarer reports whether fewer classes have the label than another one, or as many, and it has
// fewer demands.
func (l *label) isRarer(other *label) bool {
	if n, m := l.classes.Len(), other.classes.Len(); n != m {
		return n < m
	}
	return l.demands.len() < other.demands.len()
}

// len counts the entries.
func (f *filed) len() int { return len(f.unmatched.entries) + len(f.matched.entries) }

// add puts in a demand.
func (f *filed) add(demand *demand, key labelKey) {
	if demand.unmatched >= 0 {
		f.unmatched.add(demand, key)
	} else {
		f.matched.add(demand, key)
	}
}

// add puts in a demand, whose serial is not below those of the bucket.
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

// eachDemand calls f with the matched demands that a class can run. They are kept with the class if
// they are few, so that a later call only tests what was matched since.
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
		return x.walkMatched(class, 0, f)
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
	x.eachFiled(class, func(f *filed) bool {
		sum += len(f.matched.entries)
		return true
	})
	return sum
}

// unmatchedCost counts the buckets and entries that eachUnmatched looks at.
func (x *index) unmatchedCost(class *workerClass) (sum int) {
	x.eachFiled(class, func(f *filed) bool {
		sum += 1 + len(f.unmatched.entries)
		return true
	})
	return sum
}

// eachFiled calls f with what is filed under the labels of a class, and under none, until it
// returns false, and returns false then. All demands that the class can run are there.
func (x *index) eachFiled(class *workerClass, f func(*filed) bool) bool {
	if !f(&x.unlabelled) {
		return false
	}
	for _, id := range class.set.ids {
		if !f(&x.labels.byID[id].demands) {
			return false
		}
	}
	return true
}

// eachUnmatched calls f with the unmatched demands that a class can run, until it returns false.
// Meanwhile none may come, go or be matched.
func (x *index) eachUnmatched(class *workerClass, f func(*demand) bool) {
	owned := x.labels.mark(class.set)
	defer x.labels.unmark(class.set)
	x.eachFiled(class, func(filed *filed) bool { return filed.unmatched.walk(x, 0, owned, f) })
}

// walkMatched calls f with the demands that a class can run and that were matched since the given
// serial, until it returns false, and returns false then. Meanwhile none may come, go or be
// matched.
func (x *index) walkMatched(class *workerClass, since uint64, f func(*demand) bool) bool {
	owned := x.labels.mark(class.set)
	defer x.labels.unmark(class.set)
	return x.eachFiled(class, func(filed *filed) bool {
		return filed.matched.walk(x, since, owned, f)
	})
}

// walk calls f with the demands of one bucket that a class can run and whose serial is above since,
// until it returns false, and returns false then; owned says which labels the class has.
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

// A match says that a demand was matched, and was given a serial.
type match struct {
	demand *demand
	serial uint64
}

// isOver reports whether the demand has gone, or was matched again: a trial undoes its matches.
func (m match) isOver() bool { return m.demand.gone || m.demand.serial != m.serial }

// walkNewlyMatched is walkMatched, made for serials above which there are few: then it looks at
// these, and at no bucket.
func (x *index) walkNewlyMatched(class *workerClass, since uint64, f func(*demand) bool) bool {
	news, known := x.newest.since(since)
	if !known {
		return x.walkMatched(class, since, f)
	}
	owned := x.labels.mark(class.set)
	defer x.labels.unmark(class.set)
	x.looked += len(news)
	for _, m := range news {
		if touches.Demand(); !m.isOver() && m.demand.isOwned(owned) && !f(m.demand) {
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
