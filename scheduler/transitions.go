package scheduler

// The transitions of requests and workers. A request waits, or is on a worker, or is not known; a
// worker is idle, or has a run, or is not known.

// wait puts a request, which is not on a worker, among the waiting ones.
func (s *Scheduler) wait(r *request) {
	s.addWaiting(r)
	if !r.blocked() {
		s.enqueue(r)
	}
}

// unwait takes a waiting request out of its queue.
func (s *Scheduler) unwait(r *request) {
	s.removeWaiting(r)
	if !r.blocked() {
		s.dequeueFrom(r.lane, r)
	}
}

// addWaiting and removeWaiting keep the order in which waiting requests expire.
func (s *Scheduler) addWaiting(r *request) {
	if s.config.RequestExpiration > 0 {
		s.undo.addWaiting(r)
		s.byEnqueued.Insert(r)
	}
}

func (s *Scheduler) removeWaiting(r *request) {
	if s.config.RequestExpiration > 0 {
		s.undo.removeWaiting(r)
		s.byEnqueued.Remove(r)
	}
}

// leave forgets a request that neither waits nor is on a worker.
func (s *Scheduler) leave(r *request) {
	s.undo.leave(r)
	delete(s.requests, r.id)
	s.releaseLane(r.lane)
}

// setContent gives a request, which is neither in a queue nor on a worker, its content.
func (s *Scheduler) setContent(r *request, c *content) {
	s.undo.setContent(r)
	old := r.lane
	r.lane = s.laneFor(s.account(c.account), s.labels.intern(c.base), s.labels.intern(c.prov))
	r.enqueued = c.enqueued
	r.setTags(c.tags)
	if old != nil {
		s.releaseLane(old)
	}
}

// applyNext gives a request what was said of it while it was on a worker, if anything was.
func (s *Scheduler) applyNext(r *request, next *content) {
	if next != nil {
		s.setContent(r, next)
	}
}

// confirm notes that a decision confirms a request and a worker at the time of the call.
func (s *Scheduler) confirm(r *request, w *worker) {
	s.undo.confirm(r, w)
	r.confirmed, w.confirmed = r.confirmed.max(s.called), w.confirmed.max(s.called)
}

// takeBack ends a run whose request waits again, and whose account was settled. The worker has no
// run then, and is not idle.
func (s *Scheduler) takeBack(r *run) {
	req := r.req
	s.delist(r)
	s.applyNext(req, r.next)
	s.wait(req)
}

// refund gives the account of a run back what the run has paid for its own time.
func (s *Scheduler) refund(a *account, r *run) {
	s.credit(a, r.ownCost(s.now.millis()))
}

// addWorker makes a worker with a label set, of which it takes over a reference. It is neither
// idle nor has a run yet.
func (s *Scheduler) addWorker(id WorkerID, set *labelSet) *worker {
	_, cordoned := s.cordons[id]
	w := &worker{id: id, rank: rankOf(string(id)), cordoned: cordoned}
	s.undo.addWorker(w)
	s.workers[id] = w
	s.setLabels(w, set)
	return w
}

// setLabels gives a worker, which is neither idle nor has a run, a label set, of which it takes
// over a reference.
func (s *Scheduler) setLabels(w *worker, set *labelSet) {
	old := w.class
	if set.class == nil {
		s.index.addClass(set)
	} else {
		s.labels.release(set)
	}
	w.class = set.class
	w.class.workers++
	if old != nil {
		s.leaveClass(old)
	}
}

func (s *Scheduler) leaveClass(class *workerClass) {
	if class.workers--; class.workers == 0 {
		s.index.dropClass(class)
	}
}

// addIdle puts a worker among the idle ones, which the next pass offers to lanes that match it
// unless the worker is cordoned.
func (s *Scheduler) addIdle(w *worker) {
	s.watchIdle(w)
	if !w.cordoned {
		s.listIdle(w)
	}
}

// listIdle puts a worker into the lists of idle workers, all of which but the watches are these.
func (s *Scheduler) listIdle(w *worker) {
	s.undo.listIdle(w)
	class := w.class
	class.idle.Insert(w)
	s.index.idleChanged(class)
	if !class.fresh {
		class.fresh = true
		s.fresh = append(s.fresh, class)
	}
}

// removeIdle takes a worker out of the idle ones.
func (s *Scheduler) removeIdle(w *worker) {
	if w.cordoned {
		return
	}
	s.undo.removeIdle(w)
	if idle := &w.class.idle; idle.First() == w {
		idle.PopFirst() // the usual case: it was idle for longest
	} else {
		idle.Remove(w)
	}
	s.index.idleChanged(w.class)
}

// forget forgets a worker that is neither idle nor has a run.
func (s *Scheduler) forget(w *worker) {
	delete(s.workers, w.id)
	w.forgotten = true
	s.leaveClass(w.class)
}
