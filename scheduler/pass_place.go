package scheduler

import "time"

// placeProvisioned is step 1: each request in order takes its choice among the matching idle
// workers that have its provisionable labels. One that has run out of patience takes any.
func (p *pass) placeProvisioned() {
	p.queue.reset()
	if len(p.s.index.idle) == 0 {
		return
	}
	p.offerTakers()
	for _, l := range p.requeuedLanes {
		if st := p.state(l.account); l.head != nil && st.takesPart && !l.settled {
			p.offer(l.demand, l.entry())
		}
	}
	p.queue.fill()
	p.place(true)
}

// offer puts a lane into the queue of this level, if it has a request that takes part there.
func (p *pass) offer(demand *demand, l laneEntry) { p.offerOf(p.demands.of(demand), l) }

// offerOf is offer for a lane of a demand that the pass knows of.
func (p *pass) offerOf(k *demandPass, l laneEntry) {
	if p.level < FreeBucket && l.account.groups != nil && p.isLimited(l.lane) {
		return
	}
	p.observer.looks(1)
	p.findChoice(k)
	queued := queuedLane{laneHead{l.since, l.lane}, k}
	switch {
	case k.choice.none:
	case k.choice.noneProvisioned && !k.demand.plain && !p.patient(l.since):
		p.later = append(p.later, queued) // step 1 has nothing for it
	default:
		p.queue.add(queued)
	}
}

// placeAny is step 2: each remaining request in order takes its choice among all matching idle
// workers.
func (p *pass) placeAny() {
	p.queue.reset()
	for _, l := range p.later {
		p.queue.add(l)
	}
	clear(p.later)
	p.later = p.later[:0]
	p.queue.fill()
	p.place(false)
}

// place goes through the lanes of the queue in the order of their heads. A lane whose head finds
// no worker is done, as what is behind the head cannot find one either; unless a limit of its
// account kept it from one, so are all lanes with the same demand.
func (p *pass) place(provisioned bool) {
	q := &p.queue
	for q.len() > 0 && len(p.s.index.idle) > 0 && !p.ended {
		queued := q.first()
		l := queued.lane
		if !p.mayPlace(l) {
			q.done()
			continue
		}
		r := l.head
		class, limited := p.choose(queued, provisioned)
		final := !provisioned || l.demand.plain
		if class == nil && !final && p.patient(l.since) {
			final = true
			class, limited = p.choose(queued, false)
		}
		switch {
		case class != nil:
			p.start(l, r, class.idle.First(), nil)
			if l.head != nil {
				q.moved()
			} else {
				q.done()
			}
		case !final:
			p.later = append(p.later, queued)
			q.done()
		case limited:
			q.done()
		default:
			q.demandDone()
		}
	}
}

// mayPlace reports whether the lane's head still takes part at this level. What it says of a lane
// cannot turn from no to yes in steps 1 and 2.
func (p *pass) mayPlace(l *lane) bool {
	if l.head == nil {
		return false
	}
	return p.level == FreeBucket || !p.isLimited(l) && p.mayStart(l.account)
}

// placeFree is the last step: steps 1 and 2 for what may run in the free bucket. That is what took
// part nowhere, or whose account used up its level, or is over a fanout limit.
func (p *pass) placeFree() {
	p.queue.reset()
	if len(p.s.index.idle) == 0 {
		return
	}
	p.offerAll((*account).staysOut, func(demand *demand, l laneEntry) {
		if a := l.account; !a.exists() || !p.state(a).settled || p.isLimited(l.lane) {
			p.offer(demand, l)
		}
	})
	for _, l := range p.requeuedLanes {
		if l.head == nil || l.account.staysOut() {
			continue
		}
		if !l.settled || p.isLimited(l) {
			p.offer(l.demand, l.entry())
		}
	}
	p.queue.fill()
	p.place(true)
	p.placeAny()
}

// start takes the request from its lane, and starts it on the worker at the level of the moment.
// The worker is idle, or victim has just been taken off it.
func (p *pass) start(l *lane, r *request, w *worker, victim *victim) {
	s := p.s
	s.dequeueFrom(l, r)
	s.removeWaiting(r)
	run := &run{req: r, worker: w, level: p.level, stage: Held, since: s.now.millis(), start: s.now}
	as := Assignment{Worker: w.id, Request: r.id, Priority: p.level, Time: p.time()}
	if victim == nil {
		s.removeIdle(w)
	} else {
		as.Type, as.Abort = AssignmentPreemptWorker, victim.abort
		if victim.abort != "" {
			as.LostWork = time.Duration(victim.lost) * time.Millisecond
		}
		if victim.payment != 0 {
			run.cost = amountAt(p.level, victim.payment)
			paid := run.cost
			run.paid = &paid
		}
	}
	s.confirm(r, w)
	s.enlist(run)
	p.noteFanout(run)
	p.decide(as)
	if p.sink != nil {
		p.sink.AddEvent(s.assignedEvent(run, victim))
	}
	p.observer.starts(run, victim)
}
