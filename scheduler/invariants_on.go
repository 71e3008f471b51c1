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

func hold(ok bool, invariant string, args ...any) {
	if !ok {
		panic("invariant: " + fmt.Sprintf(invariant, args...))
	}
}

func (s *Scheduler) checkRequests() {
	waiting, byEnqueued := 0, 0
	for id, r := range s.requests {
		hold(r.id == id, "a request is known by its id: %q", id)
		hold(s.laneOf(r.lane.account, r.lane.demand) == r.lane, "a request has a live lane: %q", id)
		queued := contains(&r.lane.queue, r)
		if r.worker != nil {
			hold(!queued, "1: a request is in one place: %q", id)
			hold(s.workers[r.worker.id] == r.worker && r.worker.run != nil &&
				r.worker.run.req == r, "1: a task is on one worker: %q", id)
			continue
		}
		waiting++
		hold(queued != r.blocked, "1: a request waits in its lane unless it is blocked: %q", id)
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
		hold(w.id == id, "a worker is known by its id: %q", id)
		inClass := contains(&w.class.idle, w)
		hold(inClass == (w.run == nil && !w.cordoned), "a worker is idle or has a run: %q", id)
		_, cordoned := s.cordons[id]
		hold(cordoned == w.cordoned, "a worker knows that it is cordoned: %q", id)
		hold(w.run != nil || w.watched, "idle workers are watched: %q", id)
		if r := w.run; r != nil {
			hold(r.worker == w && s.requests[r.req.id] == r.req, "1: a run has a request: %q", id)
			hold(w.class.runs[r.level].has(r) == !cordoned,
				"a run is in its class's list unless its worker is cordoned: %q", id)
			hold(r.account().runs[r.level].has(r), "a run is in its account's list: %q", id)
			hold(!cordoned || r.stage != Held, "nothing is held for a cordoned worker: %q", id)
			s.checkProtection(r)
			hold(r.account().exists() || r.level == FreeBucket && r.cost == Balance{},
				"a run without an account is free: %q", id)
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
		hold(a.id == id, "an account is known by its id: %q", id)
		if a.exists() {
			existing++
		}
		hold(a.exists() || len(a.lanes) > 0, "an account without config has requests: %q", id)
		paid, labels := map[*fanoutGroup]int{}, map[*labelLimit]int{}
		for p := range a.runs {
			hold(a.running[p] == a.runs[p].len(), "runs are counted: %q at %v", id, Priority(p))
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
			hold((l.group != nil) == (a.groups != nil), "lanes have fanout groups: %q", id)
			hold(l.group == nil || l.group.paid == paid[l.group], "fanout is counted: %q", id)
		}
		for label, l := range a.limits {
			hold(l.runs == labels[l], "label limits are counted: %q on %q", id, label.name)
			hold(s.labels.byName[label.name] == label, "limits are on live labels: %q", id)
		}
	}
	hold(existing == s.existing.Len(), "accounts that exist are listed")
	checkOrder(&s.existing, "accounts that exist")
}

// checkProtection checks that a run is in the bin that its work at stake says, and watched if time
// alone changes that.
func (s *Scheduler) checkProtection(r *run) {
	b, until := s.protection(r)
	hold(r.bin == b, "a run is in its bin: %q in %d, not %d", r.req.id, r.bin, b)
	hold(until == never || r.watchedAt != 0 && r.watchedAt <= until,
		"a run that comes to be protected is watched: %q", r.req.id)
	for p := range Priority(NumPriorities) {
		limit := orDefault(s.config.MaxLostWork[p], DefaultMaxLostWork)
		if a := r.account(); a.exists() && a.config.SafeAfter != 0 {
			limit = a.config.SafeAfter
		}
		want := r.stage != Held && limit >= 0 && r.stakeAt(s.now.millis()) > limit.Milliseconds()
		hold(s.protects(r, p) == want, "a run is protected by its limit: %q at %v", r.req.id, p)
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
	hold(c == s.Counts(), "requests and workers are counted: %v, not %v", s.Counts(), c)
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
		for r := range l.bins[b].All() {
			hold(r.bin == bin(b), "runs are in their bins: %s", what)
		}
	}
	hold(n == l.n && n > 0, "lists of runs are counted: %s", what)
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
			checkOrder(&l.queue, "lane of "+string(a.id))
			hold((l.head == nil) == (l.queue.Len() == 0) && (l.head == nil ||
				l.head == l.queue.First() && l.since == l.head.enqueued), "a lane knows its head")
			hold((l.head != nil) == (l.inAccount >= 0), "lanes with a queue are active")
			if l.head != nil {
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
		hold(demand.bucket.entries[demand.at].demand == demand, "a demand is in its bucket")
		hold(!demand.gone && demand.serial <= demand.bucket.newest,
			"buckets know their newest demand")
		hold(len(demand.lanes) > 0, "a demand has lanes")
	}
	hold(demands == x.demands, "demands are counted")
	for name, l := range s.labels.byName {
		hold(l.refs > 0 && s.labels.byID[l.id] == l, "a label is in a set: %q", name)
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

// checkScanned checks that a lane which the next pass will not take up cannot run on any idle
// worker.
func (s *Scheduler) checkScanned() {
	for _, a := range s.accounts {
		for _, l := range a.active {
			if l.dirty || a.allDirty || a.suspended {
				continue
			}
			for _, class := range s.index.idle {
				hold(class.fresh || !l.demand.base.within(class.set),
					"5: a lane that was tried matches no idle worker: account %q", a.id)
			}
		}
	}
}

func contains[T orderedlist.Item[T]](o *orderedlist.List[T], x T) bool {
	found, ok := o.Search(func(y T) bool { return !y.Before(x) })
	return ok && found == x
}

func checkOrder[T orderedlist.Item[T]](o *orderedlist.List[T], what string) {
	n := 0
	var last T
	for x := range o.All() {
		hold(n == 0 || last.Before(x), "ordered lists are in order: %s", what)
		last = x
		n++
	}
	hold(n == o.Len(), "ordered lists are counted: %s", what)
}
