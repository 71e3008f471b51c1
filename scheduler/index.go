package scheduler

import (
	"cmp"
	"slices"

	"github.com/quotasched/quotasched/internal/slotset"
	"github.com/quotasched/quotasched/internal/touches"
)

// An index answers which kinds can run a need, and which needs a kind can run.
//
// A need is filed under one of its base labels, the rarest one, so the needs of a kind are among
// those that are filed under its labels. Each label has the set of kinds that have it, so the
// kinds of a need are the intersection of its labels' sets.
type index struct {
	labels     *labelTable
	needs      map[needKey]*need
	unlabelled file // needs without base labels
	serial     uint64

	slots     []*kind // by slot; nil where it is free
	freeSlots []uint32
	all       slotset.Set // the slots in use
	idleSlots slotset.Set // the slots of kinds with idle workers
	idle      []*kind     // the kinds with idle workers

	runSlots [numLevels]slotset.Set // the slots of kinds with runs, by level

	sets []*slotset.Set // for one intersection

	activeChanged func(*lane) // called when a lane's need comes to have a kind, or to have none
}

func newIndex(labels *labelTable, activeChanged func(*lane)) *index {
	return &index{labels: labels, needs: map[needKey]*need{}, activeChanged: activeChanged}
}

// need returns the need with these label sets, of which it takes over one reference each.
func (x *index) need(base, prov *labelSet) *need {
	key := needKey{base, prov}
	if n := x.needs[key]; n != nil {
		x.labels.release(base)
		x.labels.release(prov)
		return n
	}
	x.serial++
	n := &need{base: base, prov: prov, plain: prov.within(base), serial: x.serial}
	x.needs[key] = n
	n.filed = x.fileFor(base)
	x.findKinds(n)
	n.filed.add(n)
	return n
}

// fileFor returns the list to file a need under: the one of its label that the fewest kinds have.
func (x *index) fileFor(base *labelSet) *file {
	if len(base.ids) == 0 {
		return &x.unlabelled
	}
	var best *label
	for _, id := range base.ids {
		l := x.labels.byID[id]
		if best == nil || l.kinds.Len() < best.kinds.Len() ||
			l.kinds.Len() == best.kinds.Len() && l.needs.len() < best.needs.len() {
			best = l
		}
	}
	return &best.needs
}

// dropNeed removes a need that no lane has any more.
func (x *index) dropNeed(n *need) {
	n.gone = true
	delete(x.needs, needKey{n.base, n.prov})
	n.filed.remove(n)
	x.labels.release(n.base)
	x.labels.release(n.prov)
}

// findKinds fills in which kinds can run a need.
func (x *index) findKinds(n *need) {
	n.kinds, n.kindCount, n.wide, n.rough = nil, 0, false, false
	x.eachKind(n, nil, func(k *kind) bool {
		if n.kindCount++; n.kindCount <= narrowNeed {
			n.kinds = append(n.kinds, k)
		}
		return n.kindCount < countedMax
	})
	if n.kindCount > narrowNeed {
		n.kinds, n.wide, n.rough = nil, true, n.kindCount == countedMax
	}
}

// eachKind calls f with the kinds that can run a need, until it returns false. If also is not nil,
// only with those that are in it.
func (x *index) eachKind(n *need, also *slotset.Set, f func(*kind) bool) {
	sets := x.sets[:0]
	if also == nil {
		also = &x.all
	}
	if also.Len() == 0 {
		return
	}
	sets = append(sets, also)
	for _, id := range n.base.ids {
		kinds := &x.labels.byID[id].kinds
		if kinds.Len() == 0 {
			return
		}
		sets = append(sets, kinds)
	}
	x.sets = nil // f may come back here
	slotset.Intersect(sets, func(slot uint32) bool { return f(x.slots[slot]) })
	x.sets = sets
}

// addKind makes the kind of a label set, of which it takes over a reference.
func (x *index) addKind(set *labelSet) *kind {
	k := &kind{set: set, idleAt: -1}
	set.kind = k
	if n := len(x.freeSlots); n > 0 {
		k.slot = x.freeSlots[n-1]
		x.freeSlots = x.freeSlots[:n-1]
		x.slots[k.slot] = k
	} else {
		k.slot = uint32(len(x.slots))
		x.slots = append(x.slots, k)
	}
	x.all.Add(k.slot, len(x.slots))
	for _, id := range set.ids {
		x.labels.byID[id].kinds.Add(k.slot, len(x.slots))
	}
	widened := false
	x.eachNarrow(k, func(n *need) {
		n.kinds = append(n.kinds, k)
		n.kindCount++
		widened = widened || n.kindCount > narrowNeed
		if n.kindCount == 1 {
			x.changed(n)
		}
	})
	if widened {
		x.eachFile(k, x.widen)
	}
	return k
}

// widen moves the needs of a file that have become wide.
func (x *index) widen(f *file) {
	isWide := func(n *need) bool { return n.kindCount > narrowNeed }
	if !slices.ContainsFunc(f.narrow, isWide) {
		return
	}
	for _, n := range f.narrow {
		if isWide(n) {
			n.kinds, n.wide = nil, true
			f.wide = append(f.wide, n)
		}
	}
	slices.SortFunc(f.wide, func(a, b *need) int { return cmp.Compare(a.serial, b.serial) })
	f.narrow = slices.DeleteFunc(f.narrow, func(n *need) bool { return n.wide })
}

// changed tells that a need has come to have a kind, or to have none.
func (x *index) changed(n *need) {
	for _, l := range n.lanes {
		x.activeChanged(l)
	}
}

// dropKind removes a kind that has no workers any more.
func (x *index) dropKind(k *kind) {
	x.eachNarrow(k, func(n *need) {
		i := slices.Index(n.kinds, k)
		n.kinds = slices.Delete(n.kinds, i, i+1)
		n.kindCount--
		if n.kindCount == 0 {
			x.changed(n)
		}
	})
	for _, id := range k.set.ids {
		x.labels.byID[id].kinds.Remove(k.slot)
	}
	x.all.Remove(k.slot)
	x.slots[k.slot] = nil
	x.freeSlots = append(x.freeSlots, k.slot)
	x.eachFile(k, func(f *file) { x.discount(f, k) })
	k.set.kind = nil
	forgetKind(k)
	x.labels.release(k.set)
}

// discount takes a kind that goes off the counts of a file's wide needs. A need with kinds to spare
// is not asked whether this was one of them. Where too few may be left, it counts anew.
func (x *index) discount(f *file, k *kind) {
	var doubtful []*need
	for _, n := range f.wide {
		touches.Demand()
		switch {
		case n.kindCount > narrowNeed+1:
			n.kindCount--
			n.rough = true
		case n.rough || n.base.within(k.set):
			doubtful = append(doubtful, n)
		}
	}
	for _, n := range doubtful {
		f.remove(n)
		x.findKinds(n)
		f.add(n)
		if n.kindCount == 0 {
			x.changed(n)
		}
	}
}

// eachNeed calls f with the needs that a kind can run. They are kept with the kind if they are
// few, so that a later call only tests what came since.
func (x *index) eachNeed(k *kind, f func(*need)) {
	k.needs.refresh(x, k)
	if k.needs.kept {
		for _, n := range k.needs.list {
			touches.Demand()
			f(n)
		}
		return
	}
	x.walkNeeds(k, 0, f)
}

// needCost estimates how many needs eachNeed looks at.
func (x *index) needCost(k *kind) int {
	if k.needs.kept && k.needs.until == x.serial {
		return len(k.needs.list)
	}
	n := 0
	x.eachFile(k, func(f *file) { n += f.len() })
	return n
}

// eachFile calls f with the files that may have needs that a kind can run.
func (x *index) eachFile(k *kind, f func(*file)) {
	f(&x.unlabelled)
	for _, id := range k.set.ids {
		f(&x.labels.byID[id].needs)
	}
}

// eachNarrow calls f with those needs that a kind can run that are not wide.
func (x *index) eachNarrow(k *kind, f func(*need)) {
	narrow, wide := 0, 0
	x.eachFile(k, func(fl *file) {
		narrow += len(fl.narrow)
		wide += len(fl.wide)
	})
	if wide <= narrow { // so that what the kind keeps is of use
		x.eachNeed(k, func(n *need) {
			if !n.wide {
				f(n)
			}
		})
		return
	}
	x.eachFile(k, func(fl *file) { walk(fl.narrow, k, 0, f) })
}

// walkNeeds calls f with the needs that a kind can run and whose serial is above since.
func (x *index) walkNeeds(k *kind, since uint64, f func(*need)) {
	x.eachFile(k, func(fl *file) {
		walk(fl.narrow, k, since, f)
		walk(fl.wide, k, since, f)
	})
}

// walk calls f with those of a list, from the newest one down to since.
func walk(list []*need, k *kind, since uint64, f func(*need)) {
	for i := len(list) - 1; i >= 0 && list[i].serial > since; i-- {
		touches.Demand()
		if list[i].base.within(k.set) {
			f(list[i])
		}
	}
}

// knownNeeds keeps the needs that a kind can run, while they are few.
type knownNeeds struct {
	list  []*need
	until uint64 // the newest serial that was tested
	kept  bool   // the list is complete up to until
}

func (a *knownNeeds) refresh(x *index, k *kind) {
	if a.until == 0 {
		a.kept = true
	}
	if !a.kept {
		return
	}
	a.list = slices.DeleteFunc(a.list, func(n *need) bool { return n.gone })
	if a.until == x.serial {
		return
	}
	x.walkNeeds(k, a.until, func(n *need) { a.list = append(a.list, n) })
	a.until = x.serial
	if len(a.list) > narrowKind {
		a.list, a.kept = nil, false
	}
}

// idleChanged keeps track of which kinds have idle workers.
func (x *index) idleChanged(k *kind) {
	if k.idle.Len() > 0 == (k.idleAt >= 0) {
		return
	}
	if k.idleAt < 0 {
		k.idleAt = len(x.idle)
		x.idle = append(x.idle, k)
		x.idleSlots.Add(k.slot, len(x.slots))
		return
	}
	last := len(x.idle) - 1
	x.idle[k.idleAt] = x.idle[last]
	x.idle[k.idleAt].idleAt = k.idleAt
	x.idle[last] = nil
	x.idle = x.idle[:last]
	k.idleAt = -1
	x.idleSlots.Remove(k.slot)
}

// insertRun adds a run to its kind's list for its level.
func (x *index) insertRun(r *run) {
	k := r.worker.kind
	k.runs[r.level].Insert(r)
	if k.runs[r.level].Len() == 1 {
		k.levels |= 1 << r.level
		x.runSlots[r.level].Add(k.slot, len(x.slots))
	}
}

// removeRun takes it out again.
func (x *index) removeRun(r *run) {
	k := r.worker.kind
	k.runs[r.level].Remove(r)
	if k.runs[r.level].Len() == 0 {
		k.levels &^= 1 << r.level
		x.runSlots[r.level].Remove(k.slot)
	}
}
