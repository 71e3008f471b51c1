//go:build invariants

package scheduler

import "slices"

// checkIndex checks that the index knows all classes and demands, and what it keeps of them.
func (s *Scheduler) checkIndex(c *census) {
	x, workers, idle, listed := s.index, 0, 0, 0
	for slot, class := range x.slots {
		if class == nil {
			continue
		}
		hold(int(class.slot) == slot && class.set.class == class, "classes are linked")
		for w := range class.idle.All() {
			holdOf(w.class == class && w.run == nil && !w.cordoned && s.workers[w.id] == w,
				"a worker is idle or has a run", w.id)
		}
		runs := s.checkClassRuns(class)
		hold(class.workers == class.idle.Len()+runs+c.cordoned[class] && class.workers > 0,
			"a class has workers")
		workers, idle, listed = workers+class.workers, idle+class.idle.Len(), listed+runs
		hold((class.idle.Len() > 0) == (class.idleAt >= 0), "classes with idle workers are listed")
		hold((class.idle.Len() > 0) == x.idleSlots.Has(class.slot),
			"classes with idle workers are marked")
		checkOrder(&class.idle, "idle workers of a class")
		for p := range x.worseSlots {
			hold((class.bestBelow(Priority(p)) < numLevels) == x.worseSlots[p].Has(class.slot),
				"classes with runs at worse levels are marked")
		}
		s.checkKnown(class)
	}
	hold(idle == c.idle && listed == c.listed, "classes list idle workers and runs")
	hold(workers == len(s.workers), "a worker has a live class")
	s.checkDemands()
	s.checkUnmatched()
	for name, l := range s.labels.byName {
		holdOf(l.refs > 0 && s.labels.byID[l.id] == l, "a label is in a set", name)
	}
}

// checkClassRuns checks the runs on the workers of a class, and returns how many there are.
func (s *Scheduler) checkClassRuns(class *workerClass) (n int) {
	for p := range class.runs {
		class.runs[p].check("a class")
		for r := range class.runs[p].all() {
			holdOf(r.worker.class == class && !r.worker.cordoned && s.runs(r, Priority(p)),
				"a run is in its class's list unless its worker is cordoned", r.worker.id)
		}
		some := class.runs[p].len() > 0
		hold(some == (class.levels>>p&1 > 0), "a class knows the levels of its runs")
		n += class.runs[p].len()
	}
	return n
}

// checkDemands checks that demands are found.
func (s *Scheduler) checkDemands() {
	x, demands := s.index, 0
	for demand := range x.allDemands() {
		demands++
		hold(x.find(demand.base, demand.prov) == demand, "demands are found by their labels")
		hold(!demand.gone, "demands that have gone are filed no more")
		hold((demand.unmatched < 0) == (demand.serial > 0), "matched demands have serials")
		if bucket := demand.bucket; bucket == nil {
			hold(int(demand.unmatched) >= x.tested, "demands that were tested are filed")
		} else {
			hold(bucket.entries[demand.at].demand == demand, "a demand is in its bucket")
			hold(demand.serial <= bucket.newest, "buckets know their newest demand")
			hold((bucket.newest > 0) == (demand.serial > 0),
				"matched demands are filed apart from the others")
		}
		hold(len(demand.lanes) > 0, "a demand has lanes")
		s.checkKnownClasses(demand)
	}
	hold(demands == x.demands, "demands are counted")
}

// checkUnmatched checks that no class can run an unmatched demand that was tested, but new ones.
func (s *Scheduler) checkUnmatched() {
	x := s.index
	for i, demand := range x.unmatched {
		hold(int(demand.unmatched) == i && !demand.gone, "unmatched demands are listed")
		x.eachClass(demand, &x.all, func(class *workerClass) bool {
			hold(i >= x.tested || class.newAt >= 0, "a demand that was tested matches new classes alone")
			return true
		})
	}
	hold(x.tested <= len(x.unmatched), "unmatched demands that were tested are listed")
	for i, class := range x.newClasses {
		hold(int(class.newAt) == i && class.workers > 0, "new classes are listed")
	}
}

// checkKnown checks that the demands that are kept with a class are all that it can run, but for
// those that have come since.
func (s *Scheduler) checkKnown(class *workerClass) {
	known := &class.demands
	if known.many {
		return
	}
	for demand := range s.index.allDemands() {
		kept := slices.Contains(known.list, demand)
		hold(!kept || demand.unmatched < 0, "a class keeps matched demands alone")
		hold(demand.unmatched >= 0 || demand.serial > known.until ||
			demand.base.within(class.set) == kept, "a class keeps the demands that it can run")
	}
}

// checkKnownClasses checks that the classes that are kept with a demand are all that can run it, if
// none has come since.
func (s *Scheduler) checkKnownClasses(demand *demand) {
	known := demand.classes
	if known == nil || known.many || known.until < s.index.classSerial {
		return
	}
	hold(len(known.list) <= knownClassesMax, "a demand keeps few classes")
	for _, class := range s.index.slots {
		hold(class == nil || demand.base.within(class.set) == slices.Contains(known.list, class),
			"a demand keeps the classes that can run it")
	}
}

// checkScanned checks that a lane which the next pass will not take up cannot run on any idle
// worker.
func (s *Scheduler) checkScanned() {
	for _, a := range s.accounts {
		for _, l := range a.active {
			if l.dirty || a.allDirty || a.suspended {
				continue
			}
			for _, class := range s.index.idle {
				holdOf(class.fresh || !l.demand.base.within(class.set),
					"5: a lane that was tried matches no idle worker", a.id)
			}
		}
	}
}
