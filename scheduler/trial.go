package scheduler

import (
	"math"
	"slices"
)

// A trial finds out what a pass would do: it changes the state, runs the steps of a real pass, and
// undoes all of that. What comes after a trial is as if it had not been: the same decisions, at the
// same cost.
//
// The steps of a pass change what is stored in three places only, when a request starts, when a
// task loses its worker to one, and when a run moves to another level. Each tells the trial before
// it does so, and the trial notes how to undo it. What a pass learns for the next one is not kept:
// a trial leaves finish out, and with it all that untried.go keeps, and notes no dry clocks. What
// is marked with the number of the pass is stale after it, as numbers are never used again.
type trial struct {
	s      *Scheduler
	target *request // the trial ends when it starts; it goes on to the end if it is on a worker
	undo   []func()
	clocks map[*account]savedClock
	idle   map[*worker]bool // those that the trial made idle
	budget int              // how much the pass may look at

	spent int
	outOf bool      // the budget is spent, so what is missing below is not known
	start *begun    // how the target starts; nil if it does not
	taker RequestID // the request that takes the target's worker
	taken int       // how many of the workers that the trial made idle were given a task
	level Priority  // the level of the target's run, after the steps
}

// A begun says how a request starts.
type begun struct {
	worker    WorkerID
	level     Priority
	preempted RequestID // the task that loses the worker; empty if it is idle
}

// A savedClock is what an account's lane clock showed before it moved, with the newest lanes.
type savedClock struct {
	clock  uint64
	recent []*lane
}

// noBudget lets a trial look at whatever a pass looks at.
const noBudget = math.MaxInt

// newTrial returns a trial of how a request fares. The caller changes the state, noting in undo how
// to undo that, then calls run once.
func (s *Scheduler) newTrial(target *request, budget int) *trial {
	s.trial = &trial{s: s, target: target, budget: budget,
		idle: map[*worker]bool{}, clocks: map[*account]savedClock{}}
	return s.trial
}

// run runs the steps of a pass on the state as changed, with a probe on the target's account, which
// may be nil. Then it undoes everything.
func (t *trial) run(b *probe) {
	s, a := t.s, t.target.lane.account
	runClock := s.runClock
	p := s.newPass(nil)
	t.spend(p, trialCost+len(s.existing)/4+workerCost*len(t.idle))
	a.probe = b
	p.run()
	a.probe = nil
	for _, n := range p.listed {
		n.choice = choice{}
	}
	t.look()
	for i := len(t.undo) - 1; i >= 0; i-- {
		t.undo[i]()
	}
	for a, saved := range t.clocks { // the order is free: each account is on its own
		a.laneClock, a.recent = saved.clock, saved.recent
	}
	s.runClock = runClock
	s.trial = nil
}

// look notes how the steps left things.
func (t *trial) look() {
	if w := t.target.worker; w != nil && w.run.req == t.target {
		t.level = w.run.level
	}
}

// What the parts of a trial cost, about, where a look at a lane costs 1.
const (
	trialCost    = 50 // at least
	decisionCost = 20 // with its undoing
	workerCost   = 10 // to add one, and to remove it
)

// spend notes that the pass looks at something, and ends it if that is more than it may.
func (t *trial) spend(p *pass, n int) {
	if t.spent += n; t.spent > t.budget {
		t.outOf, p.ended = true, true
	}
}

// later notes how to undo a change that is about to be made.
func (t *trial) later(undo func()) { t.undo = append(t.undo, undo) }

// beforeStart notes how to undo that a request starts, and whether it is the target.
func (t *trial) beforeStart(p *pass, l *lane, r *request, w *worker, v *victim) {
	s, ofRequest, ofWorker := t.s, r.confirmed, w.confirmed
	t.spend(p, decisionCost)
	if v == nil && t.idle[w] {
		t.taken++
	}
	t.later(func() {
		s.delist(w.run)
		r.confirmed, w.confirmed = ofRequest, ofWorker
		if v == nil {
			w.kind.idle.Insert(w)
			s.index.idleChanged(w.kind)
		}
		s.waitingYes(r)
		if !l.came { // what came back belongs to no lane until the pass ends
			l.add(r)
			s.updateActive(l)
		}
	})
	if r != t.target {
		return
	}
	p.ended = true
	t.start = &begun{worker: w.id, level: p.level}
	if v != nil {
		t.start.preempted = v.request
	}
}

// beforeTake notes how to undo that a run loses its worker to the head of a lane. A request that
// leaves stays known until then, which no step of a pass asks for.
func (t *trial) beforeTake(l *lane, r *run) {
	s, req, payer, owner := t.s, r.req, l.account, r.account()
	paid, owned := payer.balance, owner.balance
	home, enqueued, tags := req.lane, req.enqueued, req.tags
	changes := r.stage == Held && r.next != nil
	if changes {
		home.refs++ // so that it stays
	}
	if req == t.target {
		t.taker = l.head.id
	}
	t.later(func() {
		if r.stage == Held {
			s.waitingNo(req)
		}
		if changes {
			s.releaseLane(req.lane)
			req.lane, req.enqueued, req.tags = home, enqueued, tags
		}
		s.enlist(r)
		payer.balance, owner.balance = paid, owned
	})
}

// beforeMove notes how to undo that a run moves to another level.
func (t *trial) beforeMove(p *pass, r *run) {
	s, cost, since, level := t.s, r.cost, r.since, r.level
	t.spend(p, decisionCost)
	t.later(func() {
		a := r.account()
		s.leaveLevel(a, r)
		r.cost, r.since, r.level = cost, since, level
		s.enterLevel(a, r)
	})
}

// saveClock notes what an account's lane clock shows.
func (t *trial) saveClock(a *account) {
	if _, saved := t.clocks[a]; !saved {
		t.clocks[a] = savedClock{a.laneClock, slices.Clone(a.recent)}
	}
}
