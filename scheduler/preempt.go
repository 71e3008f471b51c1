package scheduler

import (
	"github.com/quotasched/quotasched/internal/minheap"
	"github.com/quotasched/quotasched/internal/touches"
)

// Step 4, preemption, goes through the runs at worse levels, cheapest first, and offers each to the
// waiting requests in order. It looks only at kinds of worker that some waiting lane can use: each
// is a target, with the lanes that can, and the cheapest of its runs that was not offered yet.

// A target is a kind of worker within one preemption step.
type target struct {
	step  step
	lanes []*lane
	next  *run // the next run to offer, with its place in the order
	key   costKey
}

// A step names one preemption step: a pass at one level.
type step struct {
	pass  uint64
	level Priority
}

// A preemptClock tells whether something has come that an account could preempt or preempt with:
// lanes of its own that became active, and runs that came to worse levels.
type preemptClock struct{ lanes, runs uint64 }

// A victim is a task that has just lost its worker.
type victim struct {
	request RequestID
	abort   RequestID // the request, if it may have started
	cost    Balance
}

// preempt is step 4.
func (p *pass) preempt() {
	if p.s.config.DisablePreemption || p.ended {
		return
	}
	st := &preemption{pass: p, now: p.s.now.millis()}
	takers := st.takers()
	for _, a := range takers {
		st.addTargets(a)
	}
	st.queue.Init()
	for st.queue.Len() > 0 && !p.ended {
		st.offer(st.queue.Top())
	}
	for _, a := range takers {
		if !p.state(a).undecided && p.s.trial == nil {
			a.dry[p.level] = st.clock(a)
		}
	}
}

// A preemption is one preemption step.
type preemption struct {
	*pass
	now     int64
	queue   minheap.Heap[*kind] // by next
	dormant []*kind             // targets that nobody can pay at the moment
}

// Before orders the targets of a preemption step by their next runs.
func (k *kind) Before(j *kind) bool { return k.target.key.Before(&j.target.key) }

// isBarred reports whether the account owns a run at a worse level than p while its runs at p
// number at least its rate: it should promote before it takes from others, and cannot.
func (a *account) isBarred(p Priority) bool {
	return a.runsBelow(p) > 0 && milliWorkers(a.running[p]) >= int64(a.config.ChargeRate[p])
}

// takers returns the accounts that may preempt at this level: those that are not barred.
func (st *preemption) takers() []*account {
	var takers []*account
	for _, a := range st.pass.takers {
		s := st.state(a)
		if a.isBarred(st.level) || !a.mayStart(st.level, st.s.burstCover) {
			continue
		}
		if a.dry[st.level] == st.clock(a) && len(st.came) == 0 {
			continue
		}
		s.undecided = false
		takers = append(takers, a)
	}
	return takers
}

// clock returns what the account's clock at this level shows.
func (st *preemption) clock(a *account) preemptClock {
	c := preemptClock{lanes: a.laneClock}
	for q := st.level + 1; q < numLevels; q++ {
		c.runs += st.s.runClock[q]
	}
	return c
}

// addTargets makes targets of the kinds that an account's lanes can use.
func (st *preemption) addTargets(a *account) {
	s := st.state(a)
	if s.settled {
		s.undecided = true
	} else {
		lanes := a.active
		if dry := &a.dry[st.level]; dry.runs == st.clock(a).runs && len(st.came) == 0 {
			lanes = a.activeSince(dry.lanes) // the others found nothing, and nothing has come for them
		}
		for _, l := range lanes {
			touches.Lane()
			if l.inAccount >= 0 {
				st.addLane(l)
			}
		}
	}
	for _, l := range st.came {
		if l.account == a {
			s.undecided = true
			if !l.settled {
				st.addLane(l)
			}
		}
	}
}

func (st *preemption) addLane(l *lane) {
	if l.head == nil {
		return
	}
	if st.s.trial != nil {
		st.s.trial.spend(st.pass, 1+len(l.need.kinds))
	}
	if l.isLimited(st.id) {
		st.state(l.account).undecided = true
		return
	}
	n := l.need
	if !n.wide {
		for _, k := range n.kinds {
			if k.bestBelow(st.level) < numLevels {
				st.addTarget(k, l)
			}
		}
		return
	}
	for q := st.level + 1; q < numLevels; q++ {
		st.s.index.eachKind(n, &st.s.index.runSlots[q], func(k *kind) bool {
			if k.bestBelow(st.level) == q { // or it was met at a better level
				st.addTarget(k, l)
			}
			return true
		})
	}
}

// addTarget makes a target of a kind, if it is none yet, and adds a lane that can use it.
func (st *preemption) addTarget(k *kind, l *lane) {
	touches.Class()
	t := &k.target
	if this := (step{st.id, st.level}); t.step != this {
		*t = target{step: this, lanes: t.lanes[:0]}
		st.seek(k, nil)
		st.queue.Append(k)
	}
	t.lanes = append(t.lanes, l)
}

// seek finds a kind's cheapest run at a worse level, after the given place if there is one. It
// reports whether there is any.
func (st *preemption) seek(k *kind, after *costKey) bool {
	t := &k.target
	t.next = nil
	for q := st.level + 1; q < numLevels; q++ {
		runs := &k.runs[q]
		if runs.Len() == 0 {
			continue
		}
		r := runs.First()
		if after != nil {
			var ok bool
			r, ok = runs.Search(func(r *run) bool {
				key := r.keyAt(st.now)
				return after.Before(&key)
			})
			if !ok {
				continue
			}
		}
		if key := r.keyAt(st.now); t.next == nil || key.Before(&t.key) {
			t.next, t.key = r, key
		}
	}
	return t.next != nil
}

// offer offers the next run of a target, which is the cheapest of all, to its lanes.
func (st *preemption) offer(k *kind) {
	touches.Run()
	if st.s.trial != nil {
		st.s.trial.spend(st.pass, len(k.target.lanes))
	}
	key := k.target.key
	l, hopeless := st.taker(k)
	if l == nil && hopeless {
		st.queue.Pop()
		st.dormant = append(st.dormant, k)
		return
	}
	var refunded *account
	if l != nil {
		refunded = k.target.next.account()
		st.take(l, k.target.next)
	}
	if st.seek(k, &key) {
		st.queue.FixTop()
	} else {
		st.queue.Pop()
	}
	if refunded != nil {
		st.wake(refunded, key)
	}
}

// taker returns the lane whose head takes the next run of a target: the first one in order that
// may. If there is none, hopeless says that no dearer run would find one either, unless an account
// gets a refund first.
func (st *preemption) taker(k *kind) (best *lane, hopeless bool) {
	t := &k.target
	owner := t.next.account()
	hopeless = true
	for i := 0; i < len(t.lanes); i++ {
		touches.Lane()
		l := t.lanes[i]
		a := l.account
		if l.head == nil || l.isLimited(st.id) {
			st.state(a).undecided = true
			last := len(t.lanes) - 1
			t.lanes[i] = t.lanes[last]
			t.lanes = t.lanes[:last]
			i--
			continue
		}
		switch {
		case a == owner:
			hopeless = false
		case !a.mayStart(st.level, st.s.burstCover):
			st.state(a).undecided = true
		case !a.canPay(&t.key.cost, st.level):
			st.state(a).undecided = true
			hopeless = hopeless && a.paysInOrder(st.level)
		case !st.s.admits(a, k):
			st.state(a).undecided = true
			hopeless = false
		case best == nil || l.head.Before(best.head):
			best = l
		}
	}
	return best, hopeless
}

// wake brings back the targets that the account may pay after a refund, from the run after the one
// that was offered last.
func (st *preemption) wake(refunded *account, key costKey) {
	rest := st.dormant[:0]
	for _, k := range st.dormant {
		if k.wantedBy(refunded) && st.seek(k, &key) {
			st.queue.Push(k)
		} else {
			rest = append(rest, k)
		}
	}
	st.dormant = rest
}

func (k *kind) wantedBy(a *account) bool {
	for _, l := range k.target.lanes {
		if l.account == a {
			return true
		}
	}
	return false
}

// take gives the run's worker to the lane's head. The run's account gets back all that the run has
// cost, and the head's account pays it.
func (st *preemption) take(l *lane, r *run) {
	s, w, req := st.s, r.worker, r.req
	v := &victim{request: req.id, cost: r.costAt(st.now)}
	if r.stage != Held {
		v.abort = req.id
	}
	if s.trial != nil {
		s.trial.beforeTake(l, r)
	}
	s.delist(r)
	if a := r.account(); a.exists() {
		a.balance = a.balance.plus(v.cost)
	}
	if r.stage == Held {
		s.applyNext(req, r.next)
		s.waitingYes(req)
		st.back = append(st.back, req)
	}
	if st.sink != nil {
		st.sink.AddEvent(s.preemptedEvent(r, v, l, st.level))
	}
	if r.stage != Held && s.trial == nil {
		s.leave(req)
	}
	l.account.balance = l.account.balance.minus(v.cost)
	st.start(l, l.head, w, v)
}
