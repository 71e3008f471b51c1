package scheduler

import "slices"

// A lane is the queue of all waiting requests with the same account and the same label sets: as
// they differ only in age, a pass looks at the head of the queue alone. It exists while it has a
// request, waiting, blocked or running.
type lane struct {
	account *account
	demand  *demand
	group   *fanoutGroup // nil if the account has no fanout limit
	refs    int32        // its requests

	inLanes   int32 // position in account.lanes
	inAccount int32 // position in account.active; -1 if not there
	inDemand  int32 // position in demand.lanes
	waitingList

	// What follows serves passes.
	offered uint64 // the attempt that has offered it runs
	missed  missed
	// dirty is true if the head may match a worker that was idle in the last pass already: then
	// it is in account.dirty. See pass_dirty.go.
	dirty    bool
	requeued bool // holds only requests that were requeued in this pass; see pass_requeued.go
	settled  bool // requeued only: it took part at a level that its account did not use up
}

// A request is a request that is known, waiting or on a worker.
type request struct {
	id        RequestID
	lane      *lane
	enqueued  instant
	confirmed instant
	worker    *worker // nil if it waits
	more      *more   // nil if it has none of that, as most
}

// A more is what most requests do not have. It is replaced, and never changed.
type more struct {
	tags    []string
	lost    int64 // the work of its earlier runs that was lost to preemption, in milliseconds
	blocked bool
}

// extra is what the request has of that.
func (r *request) extra() more {
	if r.more == nil {
		return more{}
	}
	return *r.more
}

func (r *request) setExtra(m more) {
	r.more = nil
	if len(m.tags) > 0 || m.lost > 0 || m.blocked {
		kept := m
		r.more = &kept
	}
}

func (r *request) tags() []string { return r.extra().tags }

func (r *request) setTags(tags []string) {
	m := r.extra()
	m.tags = tags
	r.setExtra(m)
}

func (r *request) lost() int64 { return r.extra().lost }

func (r *request) setLost(lost int64) {
	m := r.extra()
	m.lost = lost
	r.setExtra(m)
}

// blocked reports whether it stays out of passes: see Scheduler.Block.
func (r *request) blocked() bool { return r.extra().blocked }

func (r *request) setBlocked(blocked bool) {
	m := r.extra()
	m.blocked = blocked
	r.setExtra(m)
}

// Before orders requests: enqueue time, then id.
func (r *request) Before(q *request) bool {
	if c := r.enqueued.compare(q.enqueued); c != 0 {
		return c < 0
	}
	return r.id < q.id
}

// A laneHead is a lane that is not empty, with the enqueue time of its head at hand.
type laneHead struct {
	enqueued instant
	lane     *lane
}

func headOf(l *lane) laneHead { return laneHead{l.since, l} }

// entry is what the lane's demand lists.
func (l *lane) entry() laneEntry { return laneEntry{l, l.account, l.since} }

// noteHead notes in the demand's list since when the first request of an active lane has waited.
func (l *lane) noteHead() {
	if l.inAccount >= 0 {
		l.demand.lanes[l.inDemand].since = l.since
	}
}

// Before orders lanes by their heads.
func (h laneHead) Before(g laneHead) bool {
	if c := h.enqueued.compare(g.enqueued); c != 0 {
		return c < 0
	}
	return h.lane.head.id < g.lane.head.id
}

// A fanoutGroup counts the paid runs of an account for one set of labels.
type fanoutGroup struct {
	labels  *labelSet // base and provisionable ones, of which it has a reference
	paid    int
	refs    int    // the lanes in it
	reached uint64 // the last pass in which the limit was seen reached
}

// isFull reports whether the lane's fanout group, if it has one, is at its account's limit.
func (l *lane) isFull() bool {
	return l.group != nil && l.group.paid >= l.account.config.MaxFanout
}

// A content is what a dispatcher says of a request.
type content struct {
	account  AccountID
	base     []string // sorted, without repetition
	prov     []string // likewise
	enqueued instant
	tags     []string
}

// hasContent reports whether a request has the content.
func (s *Scheduler) hasContent(r *request, c *content) bool {
	l := r.lane
	return l.account.id == c.account && r.enqueued == c.enqueued &&
		slices.Equal(r.tags(), c.tags) &&
		slices.Equal(s.labels.sortedNames(l.demand.base), c.base) &&
		slices.Equal(s.labels.sortedNames(l.demand.prov), c.prov)
}

// laneFor returns the lane of an account and two label sets, of which it takes over one reference
// each, with one more request counted.
func (s *Scheduler) laneFor(a *account, base, prov *labelSet) *lane {
	demand, first := s.index.demand(base, prov)
	l := a.laneOf(demand)
	if l == nil {
		l = s.addLane(a, demand, first)
	}
	l.refs++
	return l
}

// addLane makes the lane of an account and a demand; l is memory for it, or nil.
func (s *Scheduler) addLane(a *account, demand *demand, l *lane) *lane {
	if l == nil {
		l = &lane{}
	}
	l.account, l.demand = a, demand
	l.inAccount = -1
	l.inLanes = int32(len(a.lanes))
	a.lanes = append(a.lanes, l)
	demand.addLane(l)
	s.joinGroup(l)
	return l
}

// joinGroup puts a lane into its fanout group, if its account has a fanout limit.
func (s *Scheduler) joinGroup(l *lane) {
	a := l.account
	if a.groups == nil {
		return
	}
	labels := s.labels.union(l.demand.base, l.demand.prov)
	g := a.groups[labels]
	if g == nil {
		g = &fanoutGroup{labels: labels}
		a.groups[labels] = g
	} else {
		s.labels.release(labels)
	}
	g.refs++
	l.group = g
}

// leaveGroup takes a lane out of its fanout group, which goes with its last one.
func (s *Scheduler) leaveGroup(l *lane) {
	g := l.group
	if g == nil {
		return
	}
	if l.group, g.refs = nil, g.refs-1; g.refs == 0 {
		delete(l.account.groups, g.labels)
		s.labels.release(g.labels)
	}
}

// releaseLane counts one request less, and forgets the lane with its last one.
func (s *Scheduler) releaseLane(l *lane) {
	if l.refs--; l.refs > 0 {
		return
	}
	a, demand := l.account, l.demand
	s.updateActive(l)
	s.leaveGroup(l)
	a.lanes = cutLane(a.lanes, l, func(l *lane) *int32 { return &l.inLanes })
	demand.cutLane(l)
	if len(demand.lanes) == 0 {
		s.index.dropDemand(demand)
	}
	s.dropIfUnused(a)
}

// cutLane takes a lane out of a list in which at says where lanes are. The last one takes its
// place.
func cutLane(lanes []*lane, l *lane, at func(*lane) *int32) []*lane {
	last := len(lanes) - 1
	moved := lanes[last]
	lanes[*at(l)], *at(moved) = moved, *at(l)
	lanes[last] = nil
	return lanes[:last]
}

// enqueue adds a waiting request to its lane.
func (s *Scheduler) enqueue(r *request) {
	l := r.lane
	s.undo.enqueue(l, r)
	l.add(r)
	switch {
	case l.demand.unmatched >= 0:
	case l.len() == 1:
		s.updateActive(l)
		s.markDirty(l)
	case l.head == r && l.inAccount >= 0: // it has waited for longer than what the lane had
		l.noteHead()
		s.noteActive(l)
	}
}

// dequeueFrom removes a request from a lane.
func (s *Scheduler) dequeueFrom(l *lane, r *request) {
	s.undo.dequeue(l, r)
	first := l.head == r
	l.take(r)
	switch {
	case l.head == nil:
		s.updateActive(l)
	case first:
		l.noteHead()
		s.noteYounger(l)
	}
}

// updateActive keeps the account's list of lanes that are not empty.
func (s *Scheduler) updateActive(l *lane) {
	switch {
	case l.head != nil && l.inAccount < 0 && l.demand.unmatched < 0:
		s.activate(l)
	case l.head == nil && l.inAccount >= 0:
		s.deactivate(l)
	}
}

func (s *Scheduler) activate(l *lane) {
	s.undo.activate(l)
	s.listActive(l)
	s.noteActive(l)
}

func (s *Scheduler) deactivate(l *lane) {
	s.undo.deactivate(l)
	a := l.account
	l.demand.delistActive(l)
	a.active = cutLane(a.active, l, func(l *lane) *int32 { return &l.inAccount })
	l.inAccount = -1
	s.activeLanes--
	if len(a.active) == 0 {
		delete(s.withActive, a)
	}
}

// listActive puts a lane at the end of its account's list, and of those that are active in its
// demand's.
func (s *Scheduler) listActive(l *lane) {
	a := l.account
	l.inAccount = int32(len(a.active))
	if len(a.active) == 0 {
		s.withActive[a] = true
	}
	a.active = append(a.active, l)
	l.demand.listActive(l)
	s.activeLanes++
}

// swapActive exchanges two lanes of the list.
func (a *account) swapActive(i, j int) {
	a.active[i], a.active[j] = a.active[j], a.active[i]
	a.active[i].inAccount, a.active[j].inAccount = int32(i), int32(j)
}

// markDirty notes that the lane's head may match an idle worker: no pass has looked since it could.
func (s *Scheduler) markDirty(l *lane) {
	a := l.account
	if l.head == nil || l.dirty || l.requeued || a.allDirty {
		return
	}
	s.undo.markDirty(l)
	l.dirty = true
	if len(a.dirty) == 0 {
		s.withDirty = append(s.withDirty, a)
	}
	a.dirty = append(a.dirty, l)
}

// markAllDirty marks all active lanes of an account as dirty, without a look at each.
func (s *Scheduler) markAllDirty(a *account) {
	if a.allDirty {
		return
	}
	s.undo.markAllDirty(a)
	a.allDirty = true
	if len(a.dirty) == 0 {
		s.withDirty = append(s.withDirty, a)
	}
}
