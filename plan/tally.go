package plan

import (
	"time"

	"github.com/quotasched/quotasched/fork"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// A tally follows a fork, and sums up what becomes of each account's requests. The pool's events
// say where each request is and at which level; the fork says when tasks start.
type tally struct {
	requests map[scheduler.RequestID]*entry
	accounts map[scheduler.AccountID]*sums
	limits   *limits
	progress func(time.Time)
}

// entry is a request in a fork.
type entry struct {
	sums     *sums
	enqueued time.Time
	place    entryPlace
	since    time.Time // it is in this place, or at this level
	level    scheduler.Priority
	started  bool // its present run may have started
	start    time.Time
	counted  bool // it is among the requests of its account
	// limits are those that count for it while it waits, fanout among them, which may be nil; and
	// running are the label limits that its run counts for.
	limits, running []*gauge
	fanout          *gauge
}

type entryPlace uint8

const (
	away entryPlace = iota
	waiting
	onWorker
)

func newTally(c *scheduler.Config, progress func(time.Time)) *tally {
	return &tally{
		requests: map[scheduler.RequestID]*entry{},
		accounts: map[scheduler.AccountID]*sums{},
		limits:   newLimits(c),
		progress: progress,
	}
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

// takeOver notes what a pool has at the beginning.
func (t *tally) takeOver(s *scheduler.Scheduler, at time.Time) {
	for r := range s.Waiting() {
		e := t.known(r.ID)
		e.enqueued, e.counted = r.EnqueueTime, true
		t.belongs(e, string(r.Account), r.BaseLabels, r.ProvisionableLabels)
		t.waits(e, at)
	}
	for w := range s.Workers() {
		if w.Run == nil {
			continue
		}
		r, _ := s.Request(w.Run.Request)
		e := t.known(r.ID)
		e.enqueued, e.counted = r.EnqueueTime, true
		t.belongs(e, string(r.Account), r.BaseLabels, r.ProvisionableLabels)
		t.runs(e, string(r.Account), w.Run.Priority, w.Labels, at)
		e.started, e.start = w.Run.Stage != scheduler.Held, w.Run.StartTime
	}
}

// observe is told by the fork what happened.
func (t *tally) observe(h fork.Happening) {
	switch h.Kind {
	case fork.Arrived:
		e := t.known(h.Task.Request.ID)
		e.enqueued, e.counted = h.Task.Request.EnqueueTime, true
	case fork.Started:
		e := t.known(h.Task.Request.ID)
		e.started, e.start = true, h.Task.Start
	}
	if t.progress != nil {
		t.progress(h.Time)
	}
}

// AddEvent implements scheduler.EventSink.
func (t *tally) AddEvent(ev *protos.TaskEvent) {
	at := ev.GetTime().AsTime()
	switch ev.GetType() {
	case protos.TaskEvent_TYPE_IGNORED, protos.TaskEvent_TYPE_WORKER_EXPIRED:
		return
	}
	e := t.known(scheduler.RequestID(ev.GetRequestId()))
	if e.sums == nil {
		t.belongs(e, ev.GetAccountId(), ev.GetBaseLabels(), ev.GetProvisionableLabels())
	}
	switch ev.GetType() {
	case protos.TaskEvent_TYPE_ENQUEUED:
		t.waits(e, at)
	case protos.TaskEvent_TYPE_UNASSIGNED, protos.TaskEvent_TYPE_REQUEUED:
		t.leave(e, at)
		t.waits(e, at)
	case protos.TaskEvent_TYPE_ASSIGNED:
		t.leave(e, at)
		t.runs(e, ev.GetAccountId(), scheduler.Priority(ev.GetAssigned().GetPriority()),
			ev.GetWorkerLabels(), at)
	case protos.TaskEvent_TYPE_REPRIORITIZED:
		t.move(e, scheduler.Priority(ev.GetReprioritized().GetNewPriority()), at)
	case protos.TaskEvent_TYPE_PREEMPTED:
		t.preempted(e, scheduler.AccountID(ev.GetPreempted().GetByAccountId()), at)
	case protos.TaskEvent_TYPE_COMPLETED:
		t.completed(e, ev.GetCompleted().GetReason(), at)
	}
}

func (t *tally) preempted(e *entry, by scheduler.AccountID, at time.Time) {
	held := !e.started
	t.leave(e, at)
	if held { // nothing is lost, and it waits again
		t.waits(e, at)
		return
	}
	e.sums.suffered++
	e.sums.lost += max(0, at.Sub(e.start))
	t.sumsOf(by).caused++
}

func (t *tally) completed(e *entry, why protos.TaskEvent_Completed_Reason, at time.Time) {
	ran := e.place == onWorker
	t.leave(e, at)
	if ran {
		e.sums.completed++
		return
	}
	e.start, e.started = at, true // its wait ends here
	if why == protos.TaskEvent_Completed_REASON_EXPIRED {
		e.sums.expired++
	}
}

// waits notes that a request waits.
func (t *tally) waits(e *entry, at time.Time) {
	e.place, e.since, e.started = waiting, at, false
	for _, g := range e.limits {
		g.move(at)
		g.waiting++
	}
}

// runs notes that a request is on a worker with these labels.
func (t *tally) runs(e *entry, account string, level scheduler.Priority, labels []string,
	at time.Time) {
	e.place, e.since, e.level, e.started = onWorker, at, level, false
	e.running = t.limits.byLabel(e.sums, account, labels)
	for _, g := range e.running {
		g.move(at)
		g.running++
	}
	e.paid(at, +1)
}

// paid counts a run at a paid level that begins or ends for the fanout limit.
func (e *entry) paid(at time.Time, by int) {
	if e.fanout != nil && e.level < scheduler.FreeBucket {
		e.fanout.move(at)
		e.fanout.running += by
	}
}

// move takes a run to another level.
func (t *tally) move(e *entry, level scheduler.Priority, at time.Time) {
	if e.place != onWorker {
		return
	}
	e.spend(at)
	e.paid(at, -1)
	e.level = level
	e.paid(at, +1)
}

// spend counts the time at the present level.
func (e *entry) spend(at time.Time) {
	d := max(0, at.Sub(e.since))
	if e.level < scheduler.FreeBucket {
		e.sums.paid += d
	} else {
		e.sums.free += d
	}
	e.since = at
}

// leave takes a request away from where it is.
func (t *tally) leave(e *entry, at time.Time) {
	switch e.place {
	case waiting:
		hit := false
		for _, g := range e.limits {
			g.move(at)
			g.waiting--
			hit = hit || g.reachedSince(e.since)
		}
		if hit {
			e.sums.hits++
		}
	case onWorker:
		e.spend(at)
		for _, g := range e.running {
			g.move(at)
			g.running--
		}
		e.paid(at, -1)
		e.running = nil
	}
	e.place = away
}

// wait returns how long a request waited, as of the end.
func (e *entry) wait(end time.Time) time.Duration {
	until := e.start
	if !e.started { // it waits, or is held for a worker
		until = end
	}
	return max(0, until.Sub(e.enqueued))
}

// close ends the tally at a time.
func (t *tally) close(end time.Time) {
	for _, e := range t.requests { // the order is free: sums and sorted waits
		if e.sums == nil {
			continue
		}
		if e.place == waiting || e.place == onWorker && !e.started {
			e.sums.waitingAtEnd++
		}
		t.leave(e, end)
		if e.counted {
			e.sums.waits = append(e.sums.waits, e.wait(end))
		}
	}
}
