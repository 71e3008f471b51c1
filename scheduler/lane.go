package scheduler

import (
	"slices"

	"github.com/quotasched/quotasched/internal/orderedlist"
)

// A lane is the queue of all waiting requests with the same account and the same label sets: as
// they differ only in age, a pass looks at the head of the queue alone. It exists while it has a
// request, waiting, blocked or running.
type lane struct {
	account *account
	need    *need
	group   *fanoutGroup // nil if the account has no fanout limit
	union   *labelSet    // of base and provisionable labels; nil if there is no group
	queue   orderedlist.List[*request]
	head    *request // the first of the queue; nil if that is empty
	since   instant  // the head's enqueue time, so that lanes are compared without a look at it
	refs    int      // its requests

	inAccount int // position in account.active; -1 if not there
	inNeed    int // position in need.lanes
	// untried is true if the head may match a worker that was idle in the last pass already: then
	// it is in account.untried. See untried.go.
	untried bool

	// What follows serves one pass.
	tried   uint64 // the pass that has seen that it matches no idle worker
	came    bool   // holds only requests that came back during this pass; see back.go
	settled bool   // came only: it took part at a level that its account did not use up
}

// A request is a request that is known, waiting or on a worker.
type request struct {
	id        RequestID
	lane      *lane
	enqueued  instant
	confirmed instant
	tags      []string
	worker    *worker // nil if it waits
	blocked   bool
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

// Before orders lanes by their heads.
func (h laneHead) Before(g laneHead) bool {
	if c := h.enqueued.compare(g.enqueued); c != 0 {
		return c < 0
	}
	return h.lane.head.id < g.lane.head.id
}

// add puts a request into the queue.
func (l *lane) add(r *request) {
	l.queue.Insert(r)
	l.findHead()
}

// take takes a request out of the queue.
func (l *lane) take(r *request) {
	if l.head == r {
		l.queue.PopFirst()
	} else {
		l.queue.Remove(r)
	}
	l.findHead()
}

func (l *lane) findHead() {
	if l.head = nil; l.queue.Len() > 0 {
		l.head = l.queue.First()
		l.since = l.head.enqueued
	}
}

// A fanoutGroup counts the paid runs of an account for one set of labels.
type fanoutGroup struct {
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
		slices.Equal(r.tags, c.tags) &&
		slices.Equal(s.labels.sortedNames(l.need.base), c.base) &&
		slices.Equal(s.labels.sortedNames(l.need.prov), c.prov)
}

// laneFor returns the lane for an account and two label sets, of which it takes over one reference
// each, with one more request counted.
func (s *Scheduler) laneFor(id AccountID, base, prov *labelSet) *lane {
	a := s.account(id)
	n := s.index.need(base, prov)
	l := a.lanes[n]
	if l == nil {
		l = &lane{account: a, need: n, inAccount: -1, inNeed: len(n.lanes)}
		a.lanes[n] = l
		n.lanes = append(n.lanes, l)
		s.joinGroup(l)
	}
	l.refs++
	return l
}

// joinGroup puts a lane into its fanout group, if its account has a fanout limit.
func (s *Scheduler) joinGroup(l *lane) {
	a := l.account
	if a.groups == nil {
		return
	}
	l.union = s.labels.union(l.need.base, l.need.prov)
	g := a.groups[l.union]
	if g == nil {
		g = &fanoutGroup{}
		a.groups[l.union] = g
	}
	g.refs++
	l.group = g
}

// releaseLane counts one request less, and forgets the lane with its last one.
func (s *Scheduler) releaseLane(l *lane) {
	if l.refs--; l.refs > 0 {
		return
	}
	a, n := l.account, l.need
	s.updateActive(l)
	if l.group != nil {
		if l.group.refs--; l.group.refs == 0 {
			delete(a.groups, l.union)
		}
		s.labels.release(l.union)
	}
	delete(a.lanes, n)
	last := len(n.lanes) - 1
	n.lanes[l.inNeed] = n.lanes[last]
	n.lanes[l.inNeed].inNeed = l.inNeed
	n.lanes[last] = nil
	n.lanes = n.lanes[:last]
	if last == 0 {
		s.index.dropNeed(n)
	}
	s.dropIfUnused(a)
}

// enqueue adds a waiting request to its lane.
func (s *Scheduler) enqueue(r *request) {
	l := r.lane
	s.undo.enqueue(l, r)
	l.add(r)
	if l.queue.Len() == 1 {
		s.updateActive(l)
		s.markUntried(l)
	}
}

// dequeueFrom removes a request from a lane.
func (s *Scheduler) dequeueFrom(l *lane, r *request) {
	s.undo.dequeue(l, r)
	l.take(r)
	if l.head == nil {
		s.updateActive(l)
	}
}

// updateActive keeps the account's list of lanes that some known worker could run.
func (s *Scheduler) updateActive(l *lane) {
	switch can := l.head != nil && l.need.kindCount > 0; {
	case can && l.inAccount < 0:
		s.activate(l)
	case !can && l.inAccount >= 0:
		s.deactivate(l)
	}
}

func (s *Scheduler) activate(l *lane) {
	s.undo.activate(l)
	s.listActive(l)
	l.account.noteActive(l)
}

func (s *Scheduler) deactivate(l *lane) {
	s.undo.deactivate(l)
	a := l.account
	last := len(a.active) - 1
	a.swapActive(l.inAccount, last)
	a.active[last] = nil
	a.active = a.active[:last]
	l.inAccount = -1
	s.activeLanes--
	if last == 0 {
		delete(s.withActive, a)
	}
}

// listActive puts a lane at the end of its account's list.
func (s *Scheduler) listActive(l *lane) {
	a := l.account
	l.inAccount = len(a.active)
	if len(a.active) == 0 {
		s.withActive[a] = true
	}
	a.active = append(a.active, l)
	s.activeLanes++
}

// swapActive exchanges two lanes of the list.
func (a *account) swapActive(i, j int) {
	a.active[i], a.active[j] = a.active[j], a.active[i]
	a.active[i].inAccount, a.active[j].inAccount = i, j
}

// markUntried notes that the lane's head has not been tried on all workers that are idle.
func (s *Scheduler) markUntried(l *lane) {
	a := l.account
	if l.head == nil || l.untried || l.came || a.allUntried {
		return
	}
	s.undo.markUntried(l)
	l.untried = true
	if len(a.untried) == 0 {
		s.withUntried = append(s.withUntried, a)
	}
	a.untried = append(a.untried, l)
}

// markAllUntried notes that no active lane of an account has been tried on all idle workers.
func (s *Scheduler) markAllUntried(a *account) {
	if a.allUntried {
		return
	}
	s.undo.markAllUntried(a)
	a.allUntried = true
	if len(a.untried) == 0 {
		s.withUntried = append(s.withUntried, a)
	}
}
