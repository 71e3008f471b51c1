package scheduler

import "strconv"

// The changes that a trial can make before it runs its pass. They do what the operations of the
// same names would do, as far as a pass can tell.

// addBalance adds to an account's balance at a level.
func (t *trial) addBalance(a *account, p Priority, more Quota) {
	old := a.balance
	t.later(func() { a.balance = old })
	a.balance[p] += more
}

// changeConfig changes the settings of an account that exists. The change may raise limits that the
// account has, and allow free tasks.
func (t *trial) changeConfig(a *account, change func(*AccountConfig)) {
	old := a.config
	t.later(func() {
		a.config = old
		a.limitAnew()
	})
	a.config = old.clone()
	change(a.config)
	a.limitAnew()
	t.tryAll(a)
}

// limitAnew sets the limits that the account keeps to what its settings say.
func (a *account) limitAnew() {
	for label, l := range a.limits { // the order is free: each limit is on its own
		l.limit = a.config.limitFor(label.name)
	}
}

// tryAll makes the pass try all lanes of an account.
func (t *trial) tryAll(a *account) {
	s := t.s
	if a.allUntried {
		return
	}
	unlisted := len(a.untried) == 0
	t.later(func() {
		a.allUntried = false
		if unlisted {
			s.withUntried = s.withUntried[:len(s.withUntried)-1]
		}
	})
	a.allUntried = true
	if unlisted {
		s.withUntried = append(s.withUntried, a)
	}
}

// unblock lets the target be placed.
func (t *trial) unblock() {
	s, r := t.s, t.target
	t.later(func() {
		r.lane.take(r)
		s.updateActive(r.lane)
		r.blocked = true
	})
	r.blocked = false
	r.lane.add(r)
	s.updateActive(r.lane)
	t.tryAll(r.lane.account)
}

// freeWorker ends the run of a worker, which is idle from now on.
func (t *trial) freeWorker(w *worker) {
	s, r, a, since := t.s, w.run, w.run.account(), w.idleSince
	balance := a.balance
	t.later(func() {
		s.enlist(r)
		a.balance, w.idleSince = balance, since
	})
	s.endRun(r)
	w.idleSince = s.now
	t.makeIdle(w)
}

// addWorkers adds idle workers that have just the labels of a need. Among equals they come last.
func (t *trial) addWorkers(n *need, count int) {
	s := t.s
	for i := range count {
		w := s.addWorker(s.unusedWorkerID(i), s.labels.union(n.base, n.prov))
		w.idleSince, w.confirmed = s.now, s.now
		t.later(func() { s.forget(w) })
		t.makeIdle(w)
	}
}

// makeIdle puts a worker among the idle ones.
func (t *trial) makeIdle(w *worker) {
	s, k, stale := t.s, w.kind, !w.kind.fresh
	t.later(func() {
		k.idle.Remove(w)
		s.index.idleChanged(k)
		if stale {
			k.fresh = false
			s.fresh = s.fresh[:len(s.fresh)-1]
		}
	})
	t.idle[w] = true
	k.idle.Insert(w)
	s.index.idleChanged(k)
	if stale {
		k.fresh = true
		s.fresh = append(s.fresh, k)
	}
}

// unusedWorkerID returns the i-th id of workers that are not known. They come after all usual ids.
func (s *Scheduler) unusedWorkerID(i int) WorkerID {
	id := WorkerID("\U0010ffff" + strconv.Itoa(1_000_000_000+i))
	for s.workers[id] != nil {
		id = "\U0010ffff" + id
	}
	return id
}
