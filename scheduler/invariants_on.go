//go:build invariants

package scheduler

import (
	"fmt"

	"github.com/quotasched/quotasched/internal/orderedlist"
	"github.com/quotasched/quotasched/internal/touches"
)

// checkInvariants goes through the whole state after an operation, and panics with the name of the
// invariant that does not hold. In a large pool it looks at every n-th operation only, so that the
// checks cost a bounded factor.
func (s *Scheduler) checkInvariants() {
	opsSinceCheck++
	if size := len(s.requests) + len(s.workers) + len(s.accounts); opsSinceCheck < size/64 {
		return
	}
	opsSinceCheck = 0
	defer touches.Pause()()
	c := census{Counts: Counts{Cordoned: len(s.cordons)}}
	s.checkRequests(&c)
	s.checkWorkers(&c)
	if c.Counts != s.Counts() {
		broken("requests and workers are counted: %v, not %v", s.Counts(), c.Counts)
	}
	s.checkAccounts(&c)
	s.checkLanes(&c)
	s.checkIndex(&c)
	s.checkScanned()
}

const sparesPasses = false

// checkRest checks that a pass did nothing if the scheduler was at rest.
func (p *pass) checkRest(atRest bool) {
	hold(!atRest || !p.acted(), "a scheduler at rest has nothing to decide")
}

// A census counts all requests and workers, so that lists need not be searched for each of them: an
// ordered list holds nothing twice, and if all that lists hold belongs there, and is as much as
// there is in all, then nothing is missing.
type census struct {
	Counts
	queued   int                  // the requests that wait in their lanes
	others   map[*lane]int        // of each lane, the requests that are blocked or on a worker
	busy     int                  // the workers with a run
	idle     int                  // the idle workers that are not cordoned
	cordoned map[*workerClass]int // of each class, the workers that are cordoned
	listed   int                  // the runs on workers that are not cordoned
}

// opsSinceCheck is shared by all schedulers of a test; which operation is checked does not matter.
var opsSinceCheck int

// hold panics unless an invariant holds.
func hold(ok bool, invariant string) {
	if !ok {
		broken("%s", invariant)
	}
}

// holdOf does so too, and says of what. It costs nothing while the invariant holds.
func holdOf[S ~string](ok bool, invariant string, subject S) {
	if !ok {
		broken("%s: %q", invariant, subject)
	}
}

// broken panics with an invariant that does not hold.
func broken(invariant string, args ...any) {
	panic("invariant: " + fmt.Sprintf(invariant, args...))
}

func (s *Scheduler) checkRequests(c *census) {
	c.others = map[*lane]int{}
	for id, r := range s.requests {
		holdOf(r.id == id, "a request is known by its id", id)
		if r.worker == nil {
			c.Waiting++
			if !r.blocked() {
				c.queued++
				continue
			}
		}
		c.others[r.lane]++
	}
	if s.config.RequestExpiration > 0 {
		for r := range s.byEnqueued.All() {
			holdOf(s.waits(r), "only waiting requests can expire", r.id)
		}
		hold(s.byEnqueued.Len() == c.Waiting, "waiting requests can expire")
	}
	checkOrder(&s.byEnqueued, "waiting requests")
}

// waits reports whether a request is known and waits.
func (s *Scheduler) waits(r *request) bool { return r.worker == nil && s.requests[r.id] == r }

func (s *Scheduler) checkWorkers(c *census) {
	c.cordoned = map[*workerClass]int{}
	for id, w := range s.workers {
		holdOf(w.id == id, "a worker is known by its id", id)
		_, cordoned := s.cordons[id]
		holdOf(cordoned == w.cordoned, "a worker knows that it is cordoned", id)
		holdOf(w.run != nil || w.watched, "idle workers are watched", id)
		r := w.run
		switch {
		case cordoned:
			c.cordoned[w.class]++
		case r == nil:
			c.idle++
		default:
			c.listed++
		}
		if r == nil {
			c.Idle++
			continue
		}
		c.busy++
		c.Running[r.level]++
		holdOf(r.worker == w && r.req.worker == w && s.requests[r.req.id] == r.req,
			"1: a run has a request", id)
		holdOf(!cordoned || r.stage != Held, "nothing is held for a cordoned worker", id)
		s.checkProtection(r)
		holdOf(r.account().exists() || r.level == FreeBucket && r.cost == Balance{},
			"a run without an account is free", id)
	}
	hold(c.busy == len(s.requests)-c.Waiting, "1: a task is on one worker")
	watched := 0
	for since, w := range s.watches.All() {
		if s.workers[w.id] == w {
			watched++
			hold(w.watched && !w.confirmed.Before(since), "watches are not late")
		}
	}
	hold(watched <= len(s.workers), "a worker is watched once")
}

// runs reports whether a run is that of a known worker, and at a level.
func (s *Scheduler) runs(r *run, level Priority) bool {
	return r.level == level && r.worker.run == r && s.workers[r.worker.id] == r.worker
}

func (s *Scheduler) checkAccounts(c *census) {
	existing, listed := 0, 0
	for id, a := range s.accounts {
		holdOf(a.id == id, "an account is known by its id", id)
		if a.exists() {
			existing++
		}
		holdOf(a.exists() || len(a.lanes) > 0, "an account without config has requests", id)
		paid, labels := map[*fanoutGroup]int{}, map[*labelLimit]int{}
		for p := range a.runs {
			holdOf(a.running[p] == a.runs[p].len(), "runs are counted at each level", id)
			a.runs[p].check(string(id))
			listed += a.runs[p].len()
			for r := range a.runs[p].all() {
				holdOf(r.account() == a && s.runs(r, Priority(p)),
					"a run is in its account's list", id)
				if g := r.req.lane.group; g != nil && p < NumPriorities {
					paid[g]++
				}
				for _, l := range s.limitsOn(a, r.worker.class) {
					labels[l]++
				}
			}
		}
		for _, l := range a.lanes {
			holdOf((l.group != nil) == (a.groups != nil), "lanes have fanout groups", id)
			holdOf(l.group == nil || l.group.paid == paid[l.group], "fanout is counted", id)
		}
		for label, l := range a.limits {
			holdOf(l.runs == labels[l], "label limits are counted", id)
			holdOf(s.labels.byName[label.name] == label, "limits are on live labels", id)
		}
	}
	hold(listed == c.busy, "accounts list all runs")
	hold(existing == s.existing.Len(), "accounts that exist are listed")
	checkOrder(&s.existing, "accounts that exist")
}

// checkProtection checks that a run is in the bin that its work at stake says, and watched if time
// alone changes that.
func (s *Scheduler) checkProtection(r *run) {
	b, until := s.protection(r)
	if r.bin != b {
		broken("a run is in its bin: %q in %d, not %d", r.req.id, r.bin, b)
	}
	holdOf(until == never || r.watchedAt != 0 && r.watchedAt <= until,
		"a run that comes to be protected is watched", r.req.id)
	for p := range Priority(NumPriorities) {
		limit := orDefault(s.config.MaxLostWork[p], DefaultMaxLostWork)
		if a := r.account(); a.exists() && a.config.SafeAfter != 0 {
			limit = a.config.SafeAfter
		}
		want := r.stage != Held && limit >= 0 && r.stakeAt(s.now.millis()) > limit.Milliseconds()
		holdOf(s.protects(r, p) == want, "a run is protected by its limit", r.req.id)
	}
}

// check checks that runs are in order, and in the right lists.
func (l *runLists) check(what string) {
	if l == nil {
		return
	}
	n := 0
	for b := range l.bins {
		checkOrder(&l.bins[b], what)
		n += l.bins[b].Len()
		holdOf((l.bins[b].Len() > 0) == (l.used>>b&1 > 0), "lists know their bins with runs", what)
		for r := range l.bins[b].All() {
			holdOf(r.bin == bin(b), "runs are in their bins", what)
			holdOf(r.key == listKeyOf(r), "the keys of runs are what they were in their lists", what)
		}
	}
	holdOf(n == l.len() && n > 0, "lists of runs are counted", what)
}

func (s *Scheduler) checkLanes(c *census) {
	queued, refs, active := 0, int32(0), 0
	for _, a := range s.accounts {
		for i, l := range a.lanes {
			demand := l.demand
			e := demand.lanes[l.inDemand]
			hold(l.account == a && int(l.inLanes) == i && e.lane == l && e.account == a &&
				a.laneOf(demand) == l, "lanes are linked")
			checkWaiting(&l.waitingList, string(a.id))
			for r := range l.all() {
				holdOf(r.lane == l && !r.blocked() && s.waits(r),
					"1: a request waits in its lane unless it is blocked", r.id)
			}
			queued += l.len()
			refs += l.refs
			hold(int(l.refs) == l.len()+c.others[l] && l.refs > 0, "a lane has requests")
			hold((l.head != nil && demand.unmatched < 0) == (l.inAccount >= 0),
				"lanes with a queue are active if they are matched")
			if l.inAccount >= 0 {
				active++
				hold(a.active[l.inAccount] == l, "active lanes are listed")
				hold(e.since == l.since, "a demand knows since when the heads of active lanes wait")
			}
			hold((l.inAccount >= 0) == (l.inDemand < demand.active), "active lanes come first")
		}
		hold((len(a.active) > 0) == s.withActive[a], "accounts with active lanes are listed")
	}
	hold(queued == c.queued, "1: requests that wait and are not blocked are in a lane")
	hold(int(refs) == len(s.requests), "a request has a live lane")
	hold(active == s.activeLanes, "active lanes are counted")
}

// checkWaiting checks the waiting requests of a lane.
func checkWaiting(w *waitingList, what string) {
	checkOrder(&w.behind, what)
	if w.head == nil {
		holdOf(w.behind.Len() == 0, "only a lane without a head is empty", what)
		return
	}
	holdOf(w.since == w.head.enqueued, "a lane knows since when its head waits", what)
	before := w.head
	for r := range w.behind.All() {
		holdOf(before.Before(r), "a lane knows its head", what)
		before = r
	}
	holdOf(!w.newest.Before(before.enqueued), "a lane knows since when all wait", what)
}

func checkOrder[T orderedlist.Item[T]](o *orderedlist.List[T], what string) {
	n := 0
	var last T
	for x := range o.All() {
		holdOf(n == 0 || last.Before(x), "ordered lists are in order", what)
		last = x
		n++
	}
	holdOf(n == o.Len(), "ordered lists are counted", what)
}
