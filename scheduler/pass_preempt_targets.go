package scheduler

import (
	"math/bits"
	"slices"

	"github.com/quotasched/quotasched/internal/minheap"
	"github.com/quotasched/quotasched/internal/touches"
)

// A target is a worker class within one preemption step.
type target struct {
	step    step
	wanted  minheap.Heap[claim] // the accounts that want it, by the first of their requests
	skipped []claim             // memory of taker
	keptOut []claim             // accounts that a label limit keeps from it
	owed    []*account          // accounts to which its free runs may be owed, whatever protects them
	queued  bool                // it is in the queue of targets
	next    *run                // the next run to offer, with its place in the order
	key     costKey
}

// A claim is what an account has waiting for a target, with the request that was the first one when
// that was last looked at: it is only replaced by later ones.
type claim struct {
	head *request
	by   *claimant
}

// Before orders claims by their first requests.
func (c claim) Before(d claim) bool { return c.head.Before(d.head) }

// A claimant is an account with its lanes that can use a target.
type claimant struct {
	account *account
	lanes   minheap.Heap[claimedLane]
}

// A claimedLane is a lane with the head that it had when it was last looked at.
type claimedLane struct {
	head *request
	lane *lane
}

// Before orders lanes by their heads.
func (c claimedLane) Before(d claimedLane) bool { return c.head.Before(d.head) }

// A step names one preemption step: a pass at one level.
type step struct {
	pass  uint64
	level Priority
}

// Before orders the targets of a preemption step by their next runs.
func (class *workerClass) Before(other *workerClass) bool {
	return class.target.key.Before(&other.target.key)
}

// findTargets makes targets of the classes that the accounts' lanes can use.
func (st *preemption) findTargets(accounts []*account) {
	var classes []*workerClass
	for _, a := range accounts {
		classes = st.addTargets(a, classes)
	}
	for _, class := range classes {
		t := &class.target
		for _, c := range t.wanted.Items() {
			c.by.lanes.Init()
		}
		for i, c := range t.wanted.Items() {
			t.wanted.Items()[i].head = c.by.lanes.Top().head
		}
		t.wanted.Init()
		if t.queued = st.aim(class, nil); t.queued {
			st.queue.Append(class)
		}
	}
	st.queue.Init()
}

// addTargets adds the classes that an account's lanes can use to a list, unless they are in it.
// Lanes that took part at a better level do not take part here, but may another time.
func (st *preemption) addTargets(a *account, classes []*workerClass) []*workerClass {
	if st.state(a).settled {
		st.retryLater(a)
	} else {
		for _, l := range st.lanesToOffer(a) {
			classes = st.addLane(l, classes)
		}
	}
	for _, l := range st.requeuedLanes {
		if l.account != a {
			continue
		}
		st.retryLater(a)
		if !l.settled {
			classes = st.addLane(l, classes)
		}
	}
	return classes
}

// addLane adds a lane to the targets that it can use.
func (st *preemption) addLane(l *lane, classes []*workerClass) []*workerClass {
	if l.head == nil {
		return classes
	}
	if st.isLimited(l) {
		st.observer.looks(1)
		st.retryLater(l.account)
		st.noteMatched(l)
		return classes
	}
	if st.missesAgain(l) {
		st.observer.looks(1)
		return classes
	}
	matched := 0
	x := st.s.index
	x.eachKnownClass(l.demand, &x.worseSlots[st.level], func(class *workerClass) bool {
		matched++
		classes = st.addTarget(class, l, classes)
		return true
	})
	st.observer.looks(1 + matched)
	if matched > 0 {
		st.noteMatched(l)
		st.noteOwed(l)
	} else {
		st.noteMissed(l)
	}
	return classes
}

// addTarget makes a target of a class, if it is none yet, and adds a lane that can use it.
func (st *preemption) addTarget(class *workerClass, l *lane,
	classes []*workerClass) []*workerClass {
	touches.Class()
	t := &class.target
	if this := (step{st.id, st.level}); t.step != this {
		t.wanted.Reset()
		*t = target{step: this, wanted: t.wanted, skipped: t.skipped, keptOut: t.keptOut[:0],
			owed: t.owed[:0]}
		t.next = st.unprotected(class, nil)
		classes = append(classes, class)
	}
	owed := st.state(l.account).owed && st.waitedLong(l.since)
	if t.next == nil && !(owed && class.runs[FreeBucket].len() > 0) {
		return classes // everything is protected from it
	}
	st.addClaim(t, l)
	if owed && (len(t.owed) == 0 || t.owed[len(t.owed)-1] != l.account) {
		t.owed = append(t.owed, l.account)
	}
	return classes
}

// addClaim adds a lane to those of its account, which are added one after the other.
func (st *preemption) addClaim(t *target, l *lane) {
	list := t.wanted.Items()
	if n := len(list); n == 0 || list[n-1].by.account != l.account {
		t.wanted.Append(claim{by: &claimant{account: l.account}})
		list = t.wanted.Items()
	}
	list[len(list)-1].by.lanes.Append(claimedLane{l.head, l})
}

// firstLane returns the claimant's lane whose head is the first; nil if it has none any more.
func (st *preemption) firstLane(c *claimant) *lane {
	for c.lanes.Len() > 0 {
		switch top := c.lanes.Top(); {
		case top.lane.head == nil:
			c.lanes.Pop()
		case st.isLimited(top.lane):
			st.retryLater(c.account)
			c.lanes.Pop()
		case top.lane.head != top.head:
			c.lanes.ReplaceTop(claimedLane{top.lane.head, top.lane})
		default:
			return top.lane
		}
	}
	return nil
}

// cheapestBelow returns the class's cheapest run at a level worse than p, in the bins up to last,
// after the given place if there is one; nil if there is none.
func (class *workerClass) cheapestBelow(p Priority, last bin, now int64,
	after *costKey) (best *run) {
	var least costKey
	for worse := class.levels >> (p + 1) << (p + 1); worse > 0; worse &= worse - 1 {
		r := class.runs[bits.TrailingZeros8(worse)].cheapest(last, now, after)
		if r == nil {
			continue
		}
		if key := r.keyAt(now); best == nil || key.Before(&least) {
			best, least = r, key
		}
	}
	return best
}

// seek finds the next run of a target to offer, after the given place if there is one. It reports
// whether there is any. Runs that are protected from this level are passed over, but for free ones
// while some may be owed to an account.
func (st *preemption) seek(class *workerClass, after *costKey) bool {
	class.target.next = st.unprotected(class, after)
	return st.aim(class, after)
}

// unprotected returns the cheapest run of a class at a worse level that nothing protects from this
// one, after the given place if there is one; nil if there is none.
func (st *preemption) unprotected(class *workerClass, after *costKey) *run {
	return class.cheapestBelow(st.level, st.s.lossLimits.exposed[st.level], st.now, after)
}

// aim is seek for a target whose next run is the one that nothing protects.
func (st *preemption) aim(class *workerClass, after *costKey) bool {
	t := &class.target
	if t.wanted.Len() == 0 {
		return false
	}
	if len(t.owed) > 0 && st.anyOwed(t) {
		r := class.runs[FreeBucket].cheapest(binSafe, st.now, after)
		if r != nil && t.next != nil {
			key, other := r.keyAt(st.now), t.next.keyAt(st.now)
			if other.Before(&key) {
				r = nil
			}
		}
		if r != nil {
			t.next = r
		}
	}
	if t.next == nil {
		return false
	}
	t.key = t.next.keyAt(st.now)
	return true
}

// anyOwed reports whether something is still owed to an account.
func (st *preemption) anyOwed(t *target) bool { return slices.ContainsFunc(t.owed, st.isStillOwed) }

// isStillOwed reports whether something is owed to an account to which it was when the step began.
// What the step has given it may have ended that, until its bucket is full again.
func (st *preemption) isStillOwed(a *account) bool {
	if st.mayBeOwed(a) {
		return true
	}
	st.retryLater(a)
	return false
}

// advance goes on to the next run of the first target in the queue, which goes with its last one.
func (st *preemption) advance(class *workerClass) {
	offered := class.target.key
	if st.seek(class, &offered) {
		st.queue.FixTop()
	} else {
		st.drop()
	}
}

// drop takes the first target out of the queue.
func (st *preemption) drop() { st.queue.Pop().target.queued = false }

// noteFull notes that a label limit keeps an account from a target.
func (st *preemption) noteFull(class *workerClass) {
	if len(class.target.keptOut) == 1 {
		st.full = append(st.full, class)
	}
}

// admitAgain brings an account back to the targets that a label limit kept it from, from the run
// after the one that was offered last: it has lost that one, and may be below the limit again.
func (st *preemption) admitAgain(a *account, offered costKey) {
	if a.limits == nil {
		return
	}
	rest := st.full[:0]
	for _, class := range st.full {
		t := &class.target
		kept := t.keptOut[:0]
		for _, c := range t.keptOut {
			if c.by.account == a {
				t.wanted.Push(c)
			} else {
				kept = append(kept, c)
			}
		}
		clear(t.keptOut[len(kept):])
		if t.keptOut = kept; len(kept) > 0 {
			rest = append(rest, class)
		}
		if !t.queued && st.seek(class, &offered) {
			t.queued = true
			st.queue.Push(class)
		}
	}
	st.full = rest
}
