package scheduler

// Where requests have many different label sets, most demands match no worker at all. An unmatched
// demand is one that no class can run as far as is known. Its lanes are not active, so passes do
// not look at them. Before all else, a pass finds out what has come since the last one: which new
// demands a class can run, and which unmatched demands the new classes can run. These are matched
// from then on, also when the classes go. New demands are filed only then, as what they are.

// addUnmatched adds a new demand to the unmatched ones.
func (x *index) addUnmatched(demand *demand) {
	demand.unmatched = int32(len(x.unmatched))
	x.unmatched = append(x.unmatched, demand)
}

// cutUnmatched takes a demand out of the unmatched ones, if it is there.
func (x *index) cutUnmatched(demand *demand) {
	if demand.unmatched < 0 {
		return
	}
	if int(demand.unmatched) < x.tested {
		x.tested--
		x.swapUnmatched(int(demand.unmatched), x.tested)
	}
	last := len(x.unmatched) - 1
	x.swapUnmatched(int(demand.unmatched), last)
	x.unmatched[last] = nil
	x.unmatched = x.unmatched[:last]
	demand.unmatched = -1
}

// noteTested notes that an unmatched demand is one that only new classes can run.
func (x *index) noteTested(demand *demand) {
	x.swapUnmatched(int(demand.unmatched), x.tested)
	x.tested++
}

// swapUnmatched exchanges two unmatched demands.
func (x *index) swapUnmatched(i, j int) {
	d, e := x.unmatched[i], x.unmatched[j]
	x.unmatched[i], x.unmatched[j] = e, d
	e.unmatched, d.unmatched = int32(i), int32(j)
}

// addNewClass and cutNewClass keep the list of new classes.
func (x *index) addNewClass(class *workerClass) {
	class.newAt = int32(len(x.newClasses))
	x.newClasses = append(x.newClasses, class)
}

func (x *index) cutNewClass(class *workerClass) {
	if class.newAt < 0 {
		return
	}
	last := len(x.newClasses) - 1
	moved := x.newClasses[last]
	x.newClasses[class.newAt], moved.newAt = moved, class.newAt
	x.newClasses[last] = nil
	x.newClasses, class.newAt = x.newClasses[:last], -1
}

// matchNew finds out which unmatched demands a class can run by now.
func (s *Scheduler) matchNew() {
	x := s.index
	since := x.serial
	s.matchNewClasses()
	for x.tested < len(x.unmatched) {
		if demand := x.unmatched[x.tested]; x.canRun(demand, since) {
			s.match(demand)
		} else {
			if demand.bucket == nil {
				x.file(demand)
			}
			x.tested++
		}
	}
}

// matchNewClasses finds the unmatched demands that new classes can run, or has all unmatched
// demands tested if that costs less.
func (s *Scheduler) matchNewClasses() {
	x := s.index
	cost := 0
	for _, class := range x.newClasses {
		if x.tested > 0 {
			cost += x.unmatchedCost(class)
		}
		if cost > entriesPerLane*x.tested {
			x.tested = 0
		}
	}
	for _, class := range x.newClasses {
		class.newAt = -1
		if x.tested > 0 {
			s.matchAll(class)
		}
	}
	clear(x.newClasses)
	x.newClasses = x.newClasses[:0]
}

// matchAll matches the unmatched demands that a class can run.
func (s *Scheduler) matchAll(class *workerClass) {
	x := s.index
	x.eachUnmatched(class, func(demand *demand) bool {
		x.toMatch = append(x.toMatch, demand)
		return true
	})
	for _, demand := range x.toMatch {
		s.match(demand)
	}
	clear(x.toMatch)
	x.toMatch = x.toMatch[:0]
}

// match notes that a class can run a demand that was unmatched: its lanes are active from now on.
func (s *Scheduler) match(demand *demand) {
	s.undo.match(demand)
	s.index.setMatched(demand)
	for i := range demand.lanes { // none comes to stand behind this one
		if l := demand.lanes[i].lane; l.head != nil {
			s.activate(l)
			s.markDirty(l)
		}
	}
}

// setMatched makes an unmatched demand a matched one, with the next serial.
func (x *index) setMatched(demand *demand) {
	x.unfile(demand)
	x.cutUnmatched(demand)
	x.serial++
	demand.serial = x.serial
	x.newest.add(match{demand, demand.serial}, 0)
	x.file(demand)
}

// setUnmatched undoes that, for a demand that was tested before, or was not.
func (x *index) setUnmatched(demand *demand, tested bool) {
	x.unfile(demand)
	x.addUnmatched(demand)
	demand.serial = 0
	if tested {
		x.file(demand)
		x.noteTested(demand)
	}
}
