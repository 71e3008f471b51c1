package plan

import (
	"time"

	"github.com/quotasched/quotasched/fork"
	"github.com/quotasched/quotasched/lifecycle"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// A tally follows a fork, and sums up what becomes of each account's requests. The pool's events
// say where each request is and at which level; the fork says when tasks start.
type tally struct {
	follower *lifecycle.Follower
	begin    time.Time
	requests map[scheduler.RequestID]*entry
	accounts map[scheduler.AccountID]*sums
	limits   *limits
	progress func(time.Time)
}

// entry is what a tally notes of a request.
type entry struct {
	sums     *sums
	enqueued time.Time
	counted  bool // it is among the requests of its account
	// waited is when its wait ended: when its last run started, or when it left without one; the
	// zero time while it waits or is held.
	waited time.Time
	// limits are those that count for it while it waits, fanout among them, which may be nil; and
	// running are the label limits that its run counts for.
	limits, running []*gauge
	fanout          *gauge
}

// newTally returns a tally of a fork that begins with a snapshot, whose scheduler is s, at a time.
func newTally(snapshot *protos.Pool, s *scheduler.Scheduler, begin time.Time) *tally {
	t := &tally{
		follower: lifecycle.New(snapshot),
		begin:    begin,
		requests: map[scheduler.RequestID]*entry{},
		accounts: map[scheduler.AccountID]*sums{},
		limits:   newLimits(s.Config()),
	}
	for r := range s.Waiting() {
		t.waits(t.takeOver(&r), begin)
	}
	for w := range s.Workers() {
		if w.Run == nil {
			continue
		}
		r, _ := s.Request(w.Run.Request)
		e := t.takeOver(&r)
		run, _ := t.follower.Request(r.ID)
		t.comes(e, &run, w.Labels, begin)
		e.waited = run.Start
	}
	return t
}

// takeOver notes a request that the pool has at the beginning.
func (t *tally) takeOver(r *scheduler.TaskRequest) *entry {
	e := t.known(r.ID)
	e.enqueued, e.counted = r.EnqueueTime, true
	t.belongs(e, string(r.Account), r.BaseLabels, r.ProvisionableLabels)
	return e
}

// sumsOf returns the sums of an account.
func (t *tally) sumsOf(id scheduler.AccountID) *sums {
	s := t.accounts[id]
	if s == nil {
		s = &sums{}
		t.accounts[id] = s
	}
	return s
}

// known returns the entry of a request.
func (t *tally) known(id scheduler.RequestID) *entry {
	e := t.requests[id]
	if e == nil {
		e = &entry{}
		t.requests[id] = e
	}
	return e
}

// belongs notes whose a request is, and which limits count for it.
func (t *tally) belongs(e *entry, account string, base, provisionable []string) {
	e.sums = t.sumsOf(scheduler.AccountID(account))
	e.limits = t.limits.byLabel(e.sums, account, base)
	if e.fanout = t.limits.fanout(e.sums, account, base, provisionable); e.fanout != nil {
		e.limits = append(e.limits, e.fanout)
	}
}

// observe is told by the fork what happened.
func (t *tally) observe(h fork.Happening) {
	switch h.Kind {
	case fork.Arrived:
		e := t.known(h.Task.Request.ID)
		e.enqueued, e.counted = h.Task.Request.EnqueueTime, true
	case fork.Started: // of what was handed out before the fork began, only the fork knows it
		if c, ok := t.follower.Start(h.Task.Request.ID, h.Task.Worker, h.Task.Start); ok {
			t.changed(&c)
		}
		t.known(h.Task.Request.ID).waited = h.Task.Start
	}
	if t.progress != nil {
		t.progress(h.Time)
	}
}

// AddEvent implements scheduler.EventSink.
func (t *tally) AddEvent(ev *protos.TaskEvent) {
	if c, ok := t.follower.Event(ev); ok {
		t.changed(&c)
	}
}

// changed counts what became of a request: first what it leaves, then what it comes to.
func (t *tally) changed(c *lifecycle.Change) {
	e := t.known(c.Now.ID)
	if e.sums == nil {
		t.belongs(e, c.Event.GetAccountId(), c.Event.GetBaseLabels(),
			c.Event.GetProvisionableLabels())
	}
	switch c.Kind {
	case lifecycle.Started:
		t.spend(e, &c.Was, c.Time)
		return
	case lifecycle.Moved:
		t.spend(e, &c.Was, c.Time)
		e.paid(&c.Was, c.Time, -1)
		e.paid(&c.Now, c.Time, +1)
		return
	}
	t.leaves(e, &c.Was, c.Time)
	switch c.Kind {
	case lifecycle.Arrived, lifecycle.Updated, lifecycle.Requeued:
		t.waits(e, c.Time)
	case lifecycle.Assigned, lifecycle.Adopted:
		t.comes(e, &c.Now, c.Event.GetWorkerLabels(), c.Time)
	case lifecycle.Preempted:
		t.preempted(e, c)
	case lifecycle.Ended:
		if c.Was.State.OnWorker() {
			e.sums.completed++
		} else {
			e.waited = c.Time
		}
	case lifecycle.Expired:
		e.sums.expired++
		e.waited = c.Time
	}
}

func (t *tally) preempted(e *entry, c *lifecycle.Change) {
	if c.Now.State == lifecycle.Waiting { // it was held: nothing is lost
		t.waits(e, c.Time)
		return
	}
	e.sums.suffered++
	e.sums.lost += max(0, c.Time.Sub(e.waited))
	t.sumsOf(scheduler.AccountID(c.Event.GetPreempted().GetByAccountId())).caused++
}

// waits notes that a request waits.
func (t *tally) waits(e *entry, at time.Time) {
	e.waited = time.Time{}
	for _, g := range e.limits {
		g.move(at)
		g.waiting++
	}
}

// comes notes that a request comes to a worker with these labels.
func (t *tally) comes(e *entry, run *lifecycle.Request, labels []string, at time.Time) {
	e.waited = time.Time{}
	e.running = t.limits.byLabel(e.sums, string(run.Account), labels)
	for _, g := range e.running {
		g.move(at)
		g.running++
	}
	e.paid(run, at, +1)
}

// paid counts a run at a paid level that begins or ends for the fanout limit.
func (e *entry) paid(run *lifecycle.Request, at time.Time, by int) {
	if e.fanout != nil && run.Level < scheduler.FreeBucket {
		e.fanout.move(at)
		e.fanout.running += by
	}
}

// spend counts the time of a run at the level that it had.
func (t *tally) spend(e *entry, was *lifecycle.Request, at time.Time) {
	d := max(0, at.Sub(later(was.Since, t.begin)))
	if was.Level < scheduler.FreeBucket {
		e.sums.paid += d
	} else {
		e.sums.free += d
	}
}

// leaves takes a request away from where it was.
func (t *tally) leaves(e *entry, was *lifecycle.Request, at time.Time) {
	switch {
	case was.State == lifecycle.Waiting:
		hit := false
		for _, g := range e.limits {
			g.move(at)
			g.waiting--
			hit = hit || g.reachedSince(later(was.Since, t.begin))
		}
		if hit {
			e.sums.hits++
		}
	case was.State.OnWorker():
		t.spend(e, was, at)
		for _, g := range e.running {
			g.move(at)
			g.running--
		}
		e.paid(was, at, -1)
		e.running = nil
	}
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// wait returns how long a request waited, as of the end.
func (e *entry) wait(end time.Time) time.Duration {
	until := e.waited
	if until.IsZero() {
		until = end
	}
	return max(0, until.Sub(e.enqueued))
}

// close ends the tally at a time.
func (t *tally) close(end time.Time) {
	for id, e := range t.requests { // the order is free: sums and sorted waits
		if e.sums == nil {
			continue
		}
		last, _ := t.follower.Request(id)
		if last.State == lifecycle.Waiting || last.State == lifecycle.Held {
			e.sums.waitingAtEnd++
		}
		t.leaves(e, &last, end)
		if e.counted {
			e.sums.waits = append(e.sums.waits, e.wait(end))
		}
	}
}
