package scheduler

// A demand is what a request asks of a worker: its base and its provisionable labels. It exists
// while there is a lane with it.
type demand struct {
	base, prov *labelSet
	bucket     *bucket       // nil while it is new: see index_unmatched.go
	classes    *knownClasses // nil until they are asked for again
	serial     uint64        // demands are numbered as they are matched
	lanes      []laneEntry   // all its lanes, the active ones first
	active     int32         // how many of them are active
	at         int32         // its place in the bucket
	unmatched  int32         // position in index.unmatched; -1 if it has been matched
	inPass     int32         // where the pass keeps what it knows of it, if it does
	plain      bool          // the provisionable labels are base labels too: step 1 is all there is
	gone       bool          // it exists no more
	asked      bool          // a preemption step has asked for its classes
	crowded    bool          // it has had so many lanes that their accounts have them by demand
}

// A demandKey is what tells demands apart.
type demandKey struct{ base, prov *labelSet }

// A demandMemory is the memory of a demand and of its first lane. Most demands of a pool in which
// requests have many different label sets never have another one.
type demandMemory struct {
	demand demand
	lane   lane
	lanes  [1]laneEntry
}

// A laneEntry is a lane in the list of its demand, with what a pass looks at of most lanes: lanes
// are all over the memory, and a list is in one place.
type laneEntry struct {
	lane    *lane
	account *account
	since   instant // since when its first request has waited, if it is active
}

// crowdedFrom is how many lanes of a demand are too many to be gone through for the one of an
// account.
const crowdedFrom = 8

// laneOf returns the lane of an account and a demand; nil if there is none.
func (a *account) laneOf(d *demand) *lane {
	if d.crowded {
		return a.crowded[d]
	}
	for i := range d.lanes {
		if e := &d.lanes[i]; e.account == a {
			return e.lane
		}
	}
	return nil
}

// addLane adds a lane, which is not active.
func (d *demand) addLane(l *lane) {
	l.inDemand = int32(len(d.lanes))
	d.lanes = append(d.lanes, laneEntry{lane: l, account: l.account})
	switch {
	case d.crowded:
		l.account.setCrowded(d, l)
	case len(d.lanes) == crowdedFrom:
		d.crowded = true
		for _, e := range d.lanes {
			e.account.setCrowded(d, e.lane)
		}
	}
}

func (a *account) setCrowded(d *demand, l *lane) {
	if a.crowded == nil {
		a.crowded = map[*demand]*lane{}
	}
	a.crowded[d] = l
}

// cutLane takes out a lane, which is not active.
func (d *demand) cutLane(l *lane) {
	last := len(d.lanes) - 1
	d.swapLanes(int(l.inDemand), last)
	d.lanes[last] = laneEntry{}
	d.lanes = d.lanes[:last]
	if d.crowded {
		delete(l.account.crowded, d)
	}
}

// listActive and delistActive put a lane among the active ones, and take it out.
func (d *demand) listActive(l *lane) {
	d.swapLanes(int(l.inDemand), int(d.active))
	d.active++
	l.noteHead()
}

func (d *demand) delistActive(l *lane) {
	d.active--
	d.swapLanes(int(l.inDemand), int(d.active))
}

// swapLanes exchanges two lanes of the list.
func (d *demand) swapLanes(i, j int) {
	if i == j {
		return
	}
	d.lanes[i], d.lanes[j] = d.lanes[j], d.lanes[i]
	d.lanes[i].lane.inDemand, d.lanes[j].lane.inDemand = int32(i), int32(j)
}
