package scheduler

import (
	"slices"
	"time"
)

// A pass decides, level by level, which waiting requests run where. This file lists its steps in
// order; each has a file of its own.
type pass struct {
	s     *Scheduler
	id    uint64
	sink  EventSink      // nil if nobody wants events
	level Priority       // the level of the moment; FreeBucket for the last step
	out   []Assignment   // the newest decisions
	done  [][]Assignment // the ones before, in chunks

	// Which lanes to try; see pass_dirty.go.
	demands  demandPasses  // what is known of demands
	found    []*demandPass // to try are the lanes of these, and
	scanAll  bool          // all active ones, else only dirty ones; but
	allIdle  bool          // neither if these are the demands of all idle classes
	idleCost int           // the least that it would cost to find these

	contenders []*account // those with something to place
	owners     []*account // those with runs, by id

	takers        []*account     // those that take part at this level
	queue         laneQueue      // the lanes to place from
	later         []queuedLane   // what step 1 leaves to step 2
	matching      []*workerClass // memory of the choices' lists; see pass_choose.go
	requeued      []*request     // requests that were requeued at this level
	requeuedLanes []*lane        // the lanes of requests requeued at better levels

	// What the scheduler goes to rest by; see pass_rest.go.
	moved     bool    // a run moved to another level
	attempted bool    // some account took part in a preemption step
	restUntil instant // when something may be owed to an account that did not

	observer *observer // nil but in a trial
	ended    bool      // the observer needs no further decision
}

// RunOnce runs one pass at the time of the last UpdateTime, and returns what it decided, in the
// order of the decisions. An assignment takes effect at once: its run pays from now on.
//
// A pass costs O(accounts) plus what it looks at anew: new requests, workers that became idle
// since the last pass and the lanes that they match, and O(log n) for each decision. It costs
// nothing if the last one did nothing, and since then neither news nor an order has come and no
// balance has moved.
func (s *Scheduler) RunOnce(e EventSink) []Assignment {
	s.checkMade()
	defer s.checkInvariants()
	atRest := s.atRest()
	if atRest && sparesPasses {
		return nil
	}
	p := s.newPass(s.sinkFor(e))
	p.run()
	p.finish()
	p.checkRest(atRest)
	p.noteRest()
	return p.decisions()
}

// run goes through the steps; a trial may end it at any decision, see trial.go.
func (p *pass) run() {
	p.s.matchNew()
	p.findAccounts()
	p.findDirty()
	for p.level = 0; p.level < FreeBucket && !p.ended; p.level++ {
		p.begin()
		p.placeProvisioned()
		p.placeAny()
		p.reprioritize()
		p.preempt()
		p.end()
	}
	if !p.ended {
		p.placeFree()
	}
}

// newPass returns the scheduler's pass, emptied: it keeps the memory of its lists.
func (s *Scheduler) newPass(sink EventSink) *pass {
	s.passes++
	old := &s.pass
	old.queue.reset()
	*old = pass{
		s: s, id: s.passes, sink: sink,
		restUntil: noInstant,

		out:        old.out[:0],
		demands:    old.demands,
		found:      old.found[:0],
		contenders: old.contenders[:0],
		owners:     old.owners[:0],
		takers:     old.takers[:0],
		queue:      old.queue,
		later:      old.later[:0],
		matching:   old.matching[:0],
	}
	return old
}

// decisionsPerChunk bounds how much a long list of decisions is copied while it grows.
const decisionsPerChunk = 1024

// decide adds a decision.
func (p *pass) decide(a Assignment) {
	if len(p.out) == decisionsPerChunk {
		p.done = append(p.done, p.out)
		p.out = make([]Assignment, 0, decisionsPerChunk)
	}
	p.out = append(p.out, a)
}

// decisions returns all decisions in order, in memory that the caller owns.
func (p *pass) decisions() []Assignment {
	all := slices.Concat(append(p.done, p.out)...)
	clear(p.out)
	return all
}

// state returns what the pass knows of an account.
func (p *pass) state(a *account) *accountPass {
	if a.pass.id != p.id {
		a.pass = accountPass{id: p.id}
	}
	return &a.pass
}

// findAccounts finds the accounts that the pass can concern: those with something to place, and
// those with runs, by id. An account whose first run starts in this pass has nothing to promote or
// demote yet.
func (p *pass) findAccounts() {
	for a := range p.s.existing.All() {
		if len(a.active) > 0 {
			p.contend(a)
		}
		if a.hasRuns() {
			p.owners = append(p.owners, a)
		}
	}
}

// contend notes that an account has something to place, unless it is suspended.
func (p *pass) contend(a *account) {
	if a.suspended {
		return
	}
	if st := p.state(a); !st.contends {
		st.contends = true
		p.contenders = append(p.contenders, a)
	}
}

// begin finds the accounts that take part at this level: those that may start a run there. What
// took part at a better level that its account did not use up is passed over later.
func (p *pass) begin() {
	p.takers = p.takers[:0]
	for _, a := range p.contenders {
		if p.mayStart(a) {
			p.state(a).takesPart = true
			p.takers = append(p.takers, a)
		}
	}
}

// noteFanout marks the fanout group of a paid run if it is at its limit. What counts in a pass is
// whether it was at any time, so this comes after a run joins a group and before it leaves one.
func (p *pass) noteFanout(r *run) {
	if l := r.req.lane; r.level < FreeBucket && p.isFull(l) {
		l.group.reached = p.id
	}
}

// end settles the accounts that took part and did not use the level up: their requests found
// nothing, and do not try again at a worse level, as nothing that happens there lets the account
// start less or more at this one. Requests requeued at this level take part from the next one on.
func (p *pass) end() {
	for _, a := range p.takers {
		st := p.state(a)
		if p.mayStart(a) {
			st.settled = true
			p.settleRequeued(a)
		}
		st.takesPart = false
	}
	p.collectRequeued()
}

// finish leaves everything as it is between passes.
func (p *pass) finish() {
	p.noteDirty()
	p.dropChoices()
	p.returnRequeued()
}

// patient reports whether a request that was enqueued then has waited long enough to take any
// worker that it can get.
func (p *pass) patient(enqueued instant) bool {
	return p.s.patience >= 0 && p.s.now.since(enqueued) >= p.s.patience
}

// time is the time of the pass.
func (p *pass) time() time.Time { return p.s.now.time() }
