//go:build invariants

package scheduler

import (
	"fmt"
	"slices"

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
	s.checkRequests()
	s.checkWorkers()
	s.checkAccounts()
	s.checkLanes()
	s.checkIndex()
	s.checkScanned()
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

func (s *Scheduler) checkRequests() {
	waiting, byEnqueued := 0, 0
	for id, r := range s.requests {
		holdOf(r.id == id, "a request is known by its id", id)
		holdOf(s.laneOf(r.lane.account, r.lane.demand) == r.lane, "a request has a live lane", id)
		queued := r.lane.head == r || contains(&r.lane.behind, r)
		if r.worker != nil {
			holdOf(!queued, "1: a request is in one place", id)
			holdOf(s.workers[r.worker.id] == r.worker && r.worker.run != nil &&
				r.worker.run.req == r, "1: a task is on one worker", id)
			continue
		}
		waiting++
		holdOf(queued != r.blocked, "1: a request waits in its lane unless it is blocked", id)
		if contains(&s.byEnqueued, r) {
			byEnqueued++
		}
	}
	if s.config.RequestExpiration > 0 {
		hold(byEnqueued == waiting && s.byEnqueued.Len() == waiting, "waiting requests can expire")
	}
	checkOrder(&s.byEnqueued, "waiting requests")
}

func (s *Scheduler) checkWorkers() {
	for id, w := range s.workers {
		holdOf(w.id == id, "a worker is known by its id", id)
		inClass := contains(&w.class.idle, w)
		holdOf(inClass == (w.run == nil && !w.cordoned), "a worker is idle or has a run", id)
		_, cordoned := s.cordons[id]
		holdOf(cordoned == w.cordoned, "a worker knows that it is cordoned", id)
		holdOf(w.run != nil || w.watched, "idle workers are watched", id)
		if r := w.run; r != nil {
			holdOf(r.worker == w && s.requests[r.req.id] == r.req, "1: a run has a request", id)
			holdOf(w.class.runs[r.level].has(r) == !cordoned,
				"a run is in its class's list unless its worker is cordoned", id)
			holdOf(r.account().runs[r.level].has(r), "a run is in its account's list", id)
			holdOf(!cordoned || r.stage != Held, "nothing is held for a cordoned worker", id)
			s.checkProtection(r)
			holdOf(r.account().exists() || r.level == FreeBucket && r.cost == Balance{},
				"a run without an account is free", id)
		}
	}
	s.checkCounts()
	watched := 0
	for since, w := range s.watches.All() {
		if s.workers[w.id] == w {
			watched++
			hold(w.watched && !w.confirmed.Before(since), "watches are not late")
		}
	}
	hold(watched <= len(s.workers), "a worker is watched once")
}

func (s *Scheduler) checkAccounts() {
	existing := 0
	for id, a := range s.accounts {
		holdOf(a.id == id, "an account is known by its id", id)
		if a.exists() {
			existing++
		}
		holdOf(a.exists() || len(a.lanes) > 0, "an account without config has requests", id)
		paid, labels := map[*fanoutGroup]int{}, map[*labelLimit]int{}
		for p := range a.runs {
			holdOf(a.running[p] == a.runs[p].len(), "runs are counted at each level", id)
			a.runs[p].check("runs of " + string(id))
			for r := range a.runs[p].all() {
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

// checkCounts checks what Counts says.
func (s *Scheduler) checkCounts() {
	c := Counts{Cordoned: len(s.cordons)}
	for _, r := range s.requests {
		if r.worker == nil {
			c.Waiting++
		}
	}
	for _, w := range s.workers {
		if w.run == nil {
			c.Idle++
		} else {
			c.Running[w.run.level]++
		}
	}
	if c != s.Counts() {
		broken("requests and workers are counted: %v, not %v", s.Counts(), c)
	}
}

// has reports whether a run is in its bin of the lists.
func (l *runLists) has(r *run) bool { return l != nil && contains(&l.bins[r.bin], r) }

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

func (s *Scheduler) checkLanes() {
	refs, active := map[*lane]int{}, 0
	for _, r := range s.requests {
		refs[r.lane]++
	}
	for _, a := range s.accounts {
		for i, l := range a.lanes {
			demand := l.demand
			hold(l.account == a && int(l.inLanes) == i && demand.lanes[l.inDemand] == l &&
				s.laneOf(a, demand) == l, "lanes are linked")
			hold(l.refs == refs[l] && l.refs > 0, "a lane has requests")
			checkWaiting(&l.waitingList, "lane of "+string(a.id))
			hold((l.head != nil && demand.unmatched < 0) == (l.inAccount >= 0),
				"lanes with a queue are active if they are matched")
			if l.inAccount >= 0 {
				active++
				hold(a.active[l.inAccount] == l, "active lanes are listed")
			}
		}
		hold((len(a.active) > 0) == s.withActive[a], "accounts with active lanes are listed")
	}
	hold(active == s.activeLanes, "active lanes are counted")
}

func (s *Scheduler) checkIndex() {
	x, workers := s.index, map[*workerClass]int{}
	for _, w := range s.workers {
		workers[w.class]++
	}
	for slot, class := range x.slots {
		if class == nil {
			continue
		}
		hold(int(class.slot) == slot && class.set.class == class, "classes are linked")
		hold(class.workers == workers[class] && class.workers > 0, "a class has workers")
		hold((class.idle.Len() > 0) == (class.idleAt >= 0), "classes with idle workers are listed")
		hold((class.idle.Len() > 0) == x.idleSlots.Has(class.slot),
			"classes with idle workers are marked")
		checkOrder(&class.idle, "idle workers of a class")
		for p := range class.runs {
			class.runs[p].check("runs of a class")
			runs := class.runs[p].len() > 0
			hold(runs == (class.levels>>p&1 > 0), "a class knows the levels of its runs")
		}
		for p := range x.worseSlots {
			hold((class.bestBelow(Priority(p)) < numLevels) == x.worseSlots[p].Has(class.slot),
				"classes with runs at worse levels are marked")
		}
		s.checkKnown(class)
	}
	demands := 0
	for demand := range x.allDemands() {
		demands++
		hold(x.find(demand.base, demand.prov) == demand, "demands are found by their labels")
		hold(demand.bucket.demands[demand.at] == demand, "a demand is in its bucket")
		hold(!demand.gone && demand.serial <= demand.bucket.newest,
			"buckets know their newest demand")
		hold(len(demand.lanes) > 0, "a demand has lanes")
		s.checkKnownClasses(demand)
	}
	hold(demands == x.demands, "demands are counted")
	s.checkUnmatched()
	for name, l := range s.labels.byName {
		holdOf(l.refs > 0 && s.labels.byID[l.id] == l, "a label is in a set", name)
	}
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
		hold(demand.serial > known.until ||
			demand.base.within(class.set) == slices.Contains(known.list, demand),
			"a class keeps the demands that it can run")
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

func contains[T orderedlist.Item[T]](o *orderedlist.List[T], x T) bool {
	found, ok := o.Search(func(y T) bool { return !y.Before(x) })
	return ok && found == x
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
