package scheduler

// A run is a request on a worker. While it is in the ordered lists of its account and its class of
// worker, its key (level, cost, since, start and worker) does not change.
type run struct {
	req    *request
	worker *worker
	level  Priority
	cost   Balance // what it had cost when it came to this level
	since  int64   // since when it pays at this level, in accounting time
	start  instant
	rank   idRank   // the worker's, so that runs are compared without a look at it
	paid   *Balance // the part of cost that was paid to a preempted task's account; nil for none
	stage  Stage
	next   *content // what to wait with, if it waits again; nil if that has not changed
}

func (r *run) account() *account { return r.req.lane.account }

// costAt returns what the run has cost up to now, in accounting time.
func (r *run) costAt(now int64) Balance {
	c := r.cost
	if r.level < FreeBucket {
		c[r.level] += payPerMilli * Quota(now-r.since)
	}
	return c
}

// ownCost returns what the run has paid for its own time, the preemption cost left out.
func (r *run) ownCost(now int64) Balance {
	c := r.costAt(now)
	if r.paid != nil {
		c = c.minus(*r.paid)
	}
	return c
}

// Before orders runs at the same level by cost, cheapest first: lexicographically from p0 down,
// then the later start, then the worker's id. As they all pay at the same rate, the order is the
// same at all times.
func (r *run) Before(q *run) bool {
	for p := range r.cost {
		a, b := r.cost[p], q.cost[p]
		if Priority(p) == r.level {
			a -= payPerMilli * Quota(r.since)
			b -= payPerMilli * Quota(q.since)
		}
		if a != b {
			return a < b
		}
	}
	if r.start != q.start {
		return q.start.Before(r.start)
	}
	if r.rank != q.rank {
		return r.rank.Before(q.rank)
	}
	return r.worker.id < q.worker.id
}

// A costKey is a run's place in the order by cost across levels, at one time.
type costKey struct {
	cost   Balance
	start  instant
	worker WorkerID
}

func (r *run) keyAt(now int64) costKey {
	return costKey{cost: r.costAt(now), start: r.start, worker: r.worker.id}
}

func (k *costKey) Before(j *costKey) bool {
	if c := k.cost.compare(&j.cost); c != 0 {
		return c < 0
	}
	if c := k.start.compare(j.start); c != 0 {
		return c > 0
	}
	return k.worker < j.worker
}

// enlist puts a run into the counts and lists of its account, worker and fanout group.
func (s *Scheduler) enlist(r *run) {
	s.undo.enlist(r)
	a := r.account()
	r.rank = r.worker.rank
	r.worker.run = r
	r.req.worker = r.worker
	s.countLimits(r, +1)
	s.enterLevel(a, r)
}

// delist takes a run out of them, and leaves its worker without a run and not idle.
func (s *Scheduler) delist(r *run) {
	s.undo.delist(r)
	s.leaveLevel(r.account(), r)
	s.countLimits(r, -1)
	r.worker.run = nil
	r.req.worker = nil
}

func (s *Scheduler) enterLevel(a *account, r *run) {
	a.running[r.level]++
	a.runs[r.level].Insert(r)
	s.index.insertRun(r)
	s.runGeneration[r.level]++
	if g := r.req.lane.group; g != nil && r.level < FreeBucket {
		g.paid++
	}
}

func (s *Scheduler) leaveLevel(a *account, r *run) {
	a.running[r.level]--
	a.runs[r.level].Remove(r)
	s.index.removeRun(r)
	if g := r.req.lane.group; g != nil && r.level < FreeBucket {
		g.paid--
	}
}

// setLevel settles what a run has cost and moves it to another level.
func (s *Scheduler) setLevel(r *run, p Priority) {
	s.undo.setLevel(r)
	a, now := r.account(), s.now.millis()
	s.leaveLevel(a, r)
	r.cost, r.since, r.level = r.costAt(now), now, p
	s.enterLevel(a, r)
}
