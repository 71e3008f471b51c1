package scheduler

import "strconv"

// The changes that a trial can make before it runs its pass. They do what the operations of the
// same names would do, as far as a pass can tell.

// addBalance adds to an account's balance at a level.
func (t *trial) addBalance(a *account, p Priority, more Quota) {
	var amount Balance
	amount[p] = more
	t.s.credit(a, amount)
}

// changeConfig changes the settings of an account that exists. The change may raise limits that the
// account has, and allow free tasks.
func (t *trial) changeConfig(a *account, change func(*AccountConfig)) {
	old, room := a.config, a.roomGeneration
	t.s.undo.later(func() {
		a.config = old
		a.limitAnew()
		a.roomGeneration = room
	})
	a.config = old.clone()
	change(a.config)
	a.limitAnew()
	a.roomGeneration++
	t.s.markAllDirty(a)
}

// limitAnew sets the limits that the account keeps to what its settings say.
func (a *account) limitAnew() {
	for label, l := range a.limits { // the order is free: each limit is on its own
		l.limit = a.config.limitFor(label.name)
	}
}

// unblock lets the target be placed.
func (t *trial) unblock() {
	s, r := t.s, t.target
	more := r.more
	s.undo.later(func() { r.more = more })
	r.setBlocked(false)
	s.enqueue(r)
	s.markAllDirty(r.lane.account)
}

// resume ends the suspension of the target's account.
func (t *trial) resume() {
	s, a := t.s, t.target.lane.account
	reason := a.reason
	s.undo.later(func() { a.suspended, a.reason = true, reason })
	s.setSuspended(a, false, "")
}

// uncordon ends the cordon of a worker.
func (t *trial) uncordon(w *worker) {
	s := t.s
	if w.run != nil {
		s.undo.later(func() { s.refile(w.run, func() { w.cordoned = true }) })
		s.refile(w.run, func() { w.cordoned = false })
		return
	}
	s.undo.later(func() { w.cordoned = true })
	w.cordoned = false
	t.makeIdle(w)
}

// freeWorker ends the run of a worker, which is idle from now on.
func (t *trial) freeWorker(w *worker) {
	s, since := t.s, w.idleSince
	if w.run.stage == Held {
		s.refund(w.run.account(), w.run)
	}
	s.delist(w.run)
	s.undo.later(func() { w.idleSince = since })
	w.idleSince = s.now
	t.makeIdle(w)
}

// addWorkers adds idle workers that have just the labels of a demand. Among equals they come last.
func (t *trial) addWorkers(demand *demand, count int) {
	s := t.s
	for i := range count {
		w := s.addWorker(s.unusedWorkerID(i), s.labels.union(demand.base, demand.prov))
		w.idleSince, w.confirmed = s.now, s.now
		t.makeIdle(w)
	}
}

// makeIdle puts a worker among the idle ones. It needs no watch, as it does not live to expire.
func (t *trial) makeIdle(w *worker) {
	t.idle[w] = true
	t.s.listIdle(w)
}

// unusedWorkerID returns the i-th id of workers that are not known. They come after all usual ids.
func (s *Scheduler) unusedWorkerID(i int) WorkerID {
	id := WorkerID("\U0010ffff" + strconv.Itoa(1_000_000_000+i))
	for s.workers[id] != nil {
		id = "\U0010ffff" + id
	}
	return id
}
