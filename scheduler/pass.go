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

	taken  []*account     // those with lanes that were taken up
	takers []*account     // those that take part at this level
	queue  heap[laneHead] // the lanes to place from, by head
	later  []laneHead     // what step 1 leaves to step 2
	listed []*need        // the needs whose choice is listed
	back   []*request     // what came back at this level
	came   []*lane        // the lanes of what came back before
}

// RunOnce runs one pass at the time of the last UpdateTime, and returns what it decided, in the
// order of the decisions. An assignment takes effect at once: its run pays from now on.
//
// A pass costs O(accounts) plus what it looks at anew: new requests, workers that became idle
// since the last pass and the lanes that they match, and O(log n) for each decision.
func (s *Scheduler) RunOnce(e EventSink) []Assignment {
	defer s.checkInvariants()
	s.passes++
	p := &pass{s: s, id: s.passes, sink: sinkOrNil(e), out: s.scratch[:0]}
	p.takeUp()
	for p.level = 0; p.level < FreeBucket; p.level++ {
		p.begin()
		p.placeProvisioned()
		p.placeAny()
		p.reprioritize()
		p.preempt()
		p.end()
	}
	p.placeFree()
	p.finish()
	return p.decisions()
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
	p.s.scratch = p.out[:0]
	return all
}

// state returns what the pass knows of an account.
func (p *pass) state(a *account) *accountPass {
	if a.pass.id != p.id {
		a.pass = accountPass{id: p.id, lanes: a.pass.lanes[:0]}
	}
	return &a.pass
}

// takeUp collects the lanes that idle workers may match: those not tried yet, and those that match
// a kind with newly idle workers. No other pair of lane and idle worker can have come to match.
func (p *pass) takeUp() {
	x := p.s.index
	for _, a := range p.s.withUntried {
		for _, l := range a.untried {
			if l.untried && l.inAccount >= 0 && len(x.idle) > 0 {
				p.take(l)
			}
			l.untried = false
		}
		clear(a.untried)
		a.untried = a.untried[:0]
	}
	p.s.withUntried = p.s.withUntried[:0]
	if p.s.freshCost() < p.s.activeLanes {
		p.takeMatching(p.s.fresh)
	} else {
		p.takeAll()
	}
	for _, k := range p.s.fresh {
		k.fresh = false
	}
	clear(p.s.fresh)
	p.s.fresh = p.s.fresh[:0]
}

// freshCost estimates how many needs takeMatching looks at, up to the number of active lanes.
func (s *Scheduler) freshCost() int {
	cost := 0
	for _, k := range s.fresh {
		if k.idle.len() == 0 {
			continue // its workers were taken or have gone, perhaps all of them
		}
		if cost += s.index.needCost(k); cost >= s.activeLanes {
			break
		}
	}
	return cost
}

// takeMatching takes up the lanes that match some of the kinds.
func (p *pass) takeMatching(kinds []*kind) {
	for _, k := range kinds {
		if k.idle.len() == 0 {
			continue
		}
		p.s.index.eachNeed(k, func(n *need) {
			for _, l := range n.lanes {
				if l.inAccount >= 0 {
					p.take(l)
				}
			}
		})
	}
}

// takeAll takes up all lanes that some known worker could run.
func (p *pass) takeAll() {
	if len(p.s.index.idle) == 0 {
		return
	}
	for a := range p.s.withActive { // the order is free: requests are placed in theirs
		for _, l := range a.active {
			p.take(l)
		}
	}
}

func (p *pass) take(l *lane) {
	if l.taken == p.id {
		return
	}
	l.taken = p.id
	l.open = true
	st := p.state(l.account)
	if len(st.lanes) == 0 {
		p.taken = append(p.taken, l.account)
	}
	st.lanes = append(st.lanes, l)
}

// begin finds the accounts that take part at this level: those that may start a run there, and
// have not taken part at a better one without using it up.
func (p *pass) begin() {
	p.takers = p.takers[:0]
	for _, a := range p.s.existing {
		if len(a.active) == 0 && len(p.came) == 0 {
			continue
		}
		st := p.state(a)
		st.takesPart = a.mayStart(p.level, p.s.burstCover)
		st.usedUp, st.barred = false, false
		if st.takesPart {
			p.takers = append(p.takers, a)
		}
	}
}

// noteStart notes that an account has one more run at this level.
func (p *pass) noteStart(a *account) {
	if st := p.state(a); !a.mayStart(p.level, p.s.burstCover) {
		st.usedUp = true
	}
}

// end settles the accounts that took part and did not use the level up: their requests found
// nothing, and do not try again at a worse level. What came back at this level takes part from the
// next one on.
func (p *pass) end() {
	for _, a := range p.takers {
		st := p.state(a)
		if !st.usedUp && a.mayStart(p.level, p.s.burstCover) {
			st.settled = true
			p.settleCame(a)
		}
		st.takesPart = false
	}
	p.comeBack()
}

// finish leaves everything as it is between passes.
func (p *pass) finish() {
	for _, a := range p.taken {
		st := p.state(a)
		for _, l := range st.lanes {
			if l.open {
				p.s.markUntried(l)
			}
			l.open = false
		}
		clear(st.lanes)
		st.lanes = st.lanes[:0]
	}
	for _, n := range p.listed {
		n.choice = choice{}
	}
	p.goHome()
}

// patient reports whether a request has waited long enough to take any worker that it can get.
func (p *pass) patient(r *request) bool {
	return p.s.patience >= 0 && p.s.now.since(r.enqueued) >= p.s.patience
}

// time is the time of the pass.
func (p *pass) time() time.Time { return p.s.now.time() }
