package scheduler

// A run is a request on a worker. While it is in the ordered lists of its account and its class of
// worker, nothing that its place there depends on changes: level, bin, cost, since, stage,
// handedOut, saved, worker, and its request's lost; see refile.
type run struct {
	req    *request
	worker *worker
	key    listKey // its place in these lists, as of when it was put into them
	level  Priority
	bin    bin     // its list among those of its level
	cost   Balance // what it had cost at since; saved work does not count
	since  int64   // since when its cost at this level grows, in accounting time
	start  instant
	// handedOut is when it was handed out or adopted, and saved up to when its work is saved, both in
	// accounting time; 0 if it was not.
	handedOut, saved int64
	watchedAt        int64    // an earliest entry in Scheduler.exposures; 0 for none
	paid             *Balance // of cost, what a preempted task's account got; nil for none
	stage            Stage
	next             *content // what to wait with, if it waits again; nil if that has not changed
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

// preemptionCost returns the part of the cost that was paid to a preempted task's account.
func (r *run) preemptionCost() *Balance {
	if r.paid == nil {
		return &Balance{}
	}
	return r.paid
}

// ownCost returns what the run has paid for its own time, the preemption cost left out.
func (r *run) ownCost(now int64) Balance {
	c := r.costAt(now)
	if r.paid != nil {
		c = c.minus(*r.paid)
	}
	return c
}

// priceAt returns the run's price: what it has paid at the level at which it runs; a free run has
// paid nothing.
func (r *run) priceAt(now int64) Quota {
	if r.level == FreeBucket {
		return 0
	}
	return r.cost[r.level] + payPerMilli*Quota(now-r.since)
}

// paidUpTo returns what the run has paid at level p, which is better than its own, and at levels
// better than that.
func (r *run) paidUpTo(p Priority) (paid Quota) {
	for _, q := range r.cost[:p+1] {
		paid = paid.add(q)
	}
	return paid
}

// A listKey is what the order of the runs of one list goes by, together in memory: lists are long,
// and runs are all over it.
type listKey struct {
	price Quota  // at accounting time 0
	stake int64  // likewise
	rank  idRank // the worker's
}

func listKeyOf(r *run) listKey { return listKey{r.priceAt(0), r.stakeAt(0), r.worker.rank} }

// Before orders keys; equal ones are of workers whose ids begin alike.
func (k *listKey) Before(j *listKey) bool {
	if k.price != j.price {
		return k.price < j.price
	}
	if k.stake != j.stake {
		return k.stake < j.stake
	}
	return k.rank.Before(j.rank)
}

// Before orders the runs of one list, which are at one level and all held or all not: by price,
// then the less work at stake, then the worker's id. As all prices at a level grow at the same
// rate, and the work at stake too, except in held runs, the order is the same at all times.
func (r *run) Before(q *run) bool {
	if r.key != q.key {
		return r.key.Before(&q.key)
	}
	return r.worker.id < q.worker.id
}

// A costKey is a run's place in the order by cost across lists, at one time.
type costKey struct {
	listKey // with price and stake at that time
	run     *run
}

// keyAt returns the place of a run that is in its lists.
func (r *run) keyAt(now int64) costKey {
	k := costKey{r.key, r}
	if r.level < FreeBucket {
		k.price += payPerMilli * Quota(now)
	}
	if r.bin != binHeld {
		k.stake += now
	}
	return k
}

func (k *costKey) Before(j *costKey) bool {
	if k.listKey != j.listKey {
		return k.listKey.Before(&j.listKey)
	}
	return k.run.worker.id < j.run.worker.id
}

// enlist puts a run into the counts and lists of its account, worker and fanout group.
func (s *Scheduler) enlist(r *run) {
	s.undo.enlist(r)
	a := r.account()
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
	s.running[r.level]++
	s.file(r)
	if g := r.req.lane.group; g != nil && r.level < FreeBucket {
		g.paid++
	}
}

func (s *Scheduler) leaveLevel(a *account, r *run) {
	a.running[r.level]--
	s.running[r.level]--
	s.unfile(r)
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
