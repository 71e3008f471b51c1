package scheduler

import "slices"

// An undoLog notes how to undo the changes that a trial makes to the state. Each primitive change
// tells it what it is about to do; outside a trial there is no log, and its methods do nothing.
//
// An entry is noted before its change, so what the change brings along has later entries and is
// undone first. A lane that a request leaves keeps the request's reference, so that the lane and
// all that hangs on it is still there when the request comes back.
//
// Undone is what a later pass can see: requests, runs, balances, dirty sets and generations. Pass
// numbers are not, as they are never used again: what is marked with one is stale. Nor are caches.
type undoLog struct {
	s       *Scheduler
	entries []func()
	before  trace // with checks: the state when the log began

	victims      recent[victimClass] // as they were when the log began
	victimCounts [numLevels]uint64
}

// beginUndo begins a log of all changes from now on.
func (s *Scheduler) beginUndo() {
	s.undo = &undoLog{s: s, before: s.newTrace(), victims: s.victims,
		victimCounts: s.victimCounts}
}

// undoAll ends the log, and undoes what it noted.
func (s *Scheduler) undoAll() {
	u := s.undo
	s.undo = nil
	for _, undo := range slices.Backward(u.entries) {
		undo()
	}
	s.victims, s.victimCounts = u.victims, u.victimCounts
	s.checkUndone(u.before)
}

// later notes how to undo a change.
func (u *undoLog) later(undo func()) { u.entries = append(u.entries, undo) }

// enlist: a run enters its lists.
func (u *undoLog) enlist(r *run) {
	if u == nil {
		return
	}
	a, room := r.account(), r.account().roomGeneration
	u.later(func() {
		u.s.delist(r)
		a.roomGeneration = room
	})
}

// delist: a run leaves its lists.
func (u *undoLog) delist(r *run) {
	if u == nil {
		return
	}
	a, room := r.account(), r.account().roomGeneration
	u.later(func() {
		u.s.enlist(r)
		a.roomGeneration = room
	})
}

// setLevel: a run moves to another level.
func (u *undoLog) setLevel(r *run) {
	if u == nil {
		return
	}
	cost, since, level := r.cost, r.since, r.level
	u.later(func() {
		u.s.leaveLevel(r.account(), r)
		r.cost, r.since, r.level = cost, since, level
		u.s.enterLevel(r.account(), r)
	})
}

// setBalance: an account's balance changes.
func (u *undoLog) setBalance(a *account) {
	if u == nil {
		return
	}
	balance := a.balance
	u.later(func() { a.balance = balance })
}

// setContent: a request, which is neither in a queue nor on a worker, changes its content.
func (u *undoLog) setContent(r *request) {
	if u == nil {
		return
	}
	home, enqueued, more := r.lane, r.enqueued, r.more
	home.refs++
	u.later(func() {
		u.s.releaseLane(r.lane)
		r.lane, r.enqueued, r.more = home, enqueued, more
	})
}

// leave: a request, which neither waits nor is on a worker, leaves.
func (u *undoLog) leave(r *request) {
	if u == nil {
		return
	}
	r.lane.refs++
	u.later(func() { u.s.requests[r.id] = r })
}

// addLoss: a request has lost more.
func (u *undoLog) addLoss(r *request) {
	if u == nil {
		return
	}
	more := r.more
	u.later(func() { r.more = more })
}

// confirm: a request and a worker are confirmed.
func (u *undoLog) confirm(r *request, w *worker) {
	if u == nil {
		return
	}
	ofRequest, ofWorker := r.confirmed, w.confirmed
	u.later(func() { r.confirmed, w.confirmed = ofRequest, ofWorker })
}

// enqueue: a request enters a lane's queue.
func (u *undoLog) enqueue(l *lane, r *request) {
	if u != nil {
		u.later(func() {
			l.take(r)
			l.noteHead()
		})
	}
}

// dequeue: a request leaves a lane's queue.
func (u *undoLog) dequeue(l *lane, r *request) {
	if u != nil {
		u.later(func() {
			l.add(r)
			l.noteHead()
		})
	}
}

// addWaiting: a request can expire.
func (u *undoLog) addWaiting(r *request) {
	if u != nil {
		u.later(func() { u.s.removeWaiting(r) })
	}
}

// removeWaiting: a request cannot expire any more.
func (u *undoLog) removeWaiting(r *request) {
	if u != nil {
		u.later(func() { u.s.addWaiting(r) })
	}
}

// activate: a lane becomes active.
func (u *undoLog) activate(l *lane) {
	if u == nil {
		return
	}
	at := l.inDemand
	u.later(func() {
		u.s.deactivate(l)
		l.demand.swapLanes(int(at), int(l.inDemand))
	})
}

// match: a class can run a demand that was unmatched.
func (u *undoLog) match(demand *demand) {
	if u == nil {
		return
	}
	x := u.s.index
	tested := int(demand.unmatched) < x.tested
	u.later(func() { x.setUnmatched(demand, tested) })
}

// noteActive: an account notes a lane among its newest ones.
func (u *undoLog) noteActive(a *account) {
	if u == nil {
		return
	}
	recent := a.recent
	u.later(func() { a.recent = recent })
}

// noteMissed: a lane matches nothing in a preemption step.
func (u *undoLog) noteMissed(l *lane) {
	if u == nil {
		return
	}
	missed := l.missed
	u.later(func() { l.missed = missed })
}

// noteYounger: a lane of an account has a younger first request.
func (u *undoLog) noteYounger(a *account) {
	if u == nil {
		return
	}
	var from [NumPriorities]instant
	for p := range from {
		from[p] = a.attempts[p].owedFrom
	}
	u.later(func() {
		for p := range from {
			a.attempts[p].owedFrom = from[p]
		}
	})
}

// deactivate: a lane is active no more.
func (u *undoLog) deactivate(l *lane) {
	if u == nil {
		return
	}
	a, inAccount, inDemand := l.account, l.inAccount, l.inDemand
	u.later(func() {
		u.s.listActive(l)
		a.swapActive(int(inAccount), int(l.inAccount))
		l.demand.swapLanes(int(inDemand), int(l.inDemand))
	})
}

// markDirty: a lane that is not marked gets a mark.
func (u *undoLog) markDirty(l *lane) {
	if u == nil {
		return
	}
	a, s := l.account, u.s
	lanes, accounts := len(a.dirty), len(s.withDirty)
	u.later(func() {
		l.dirty = false
		a.dirty, s.withDirty = a.dirty[:lanes], s.withDirty[:accounts]
	})
}

// markAllDirty: all lanes of an account, which are not all marked, get a mark.
func (u *undoLog) markAllDirty(a *account) {
	if u == nil {
		return
	}
	s := u.s
	accounts := len(s.withDirty)
	u.later(func() {
		a.allDirty, s.withDirty = false, s.withDirty[:accounts]
	})
}

// attempt: an account takes part in a preemption step.
func (u *undoLog) attempt(a *account, p Priority) {
	if u == nil {
		return
	}
	last := a.attempts[p]
	last.lanes = slices.Clone(last.lanes)
	u.later(func() { a.attempts[p] = last })
}

// addWorker: a worker becomes known.
func (u *undoLog) addWorker(w *worker) {
	if u != nil {
		u.later(func() { u.s.forget(w) })
	}
}

// listIdle: a worker joins the idle ones.
func (u *undoLog) listIdle(w *worker) {
	if u == nil {
		return
	}
	s, class, fresh, kinds := u.s, w.class, w.class.fresh, len(u.s.fresh)
	u.later(func() {
		s.removeIdle(w)
		class.fresh, s.fresh = fresh, s.fresh[:kinds]
	})
}

// removeIdle: a worker is idle no more.
func (u *undoLog) removeIdle(w *worker) {
	if u == nil {
		return
	}
	u.later(func() {
		w.class.idle.Insert(w)
		u.s.index.idleChanged(w.class)
	})
}
