package simulator

import "slices"

// This file has what happens when a worker dies, and what the dispatcher makes of it.

// planDeath puts the next death of a worker on the agenda, if it dies.
func (e *engine) planDeath(w *worker) {
	perDay := e.setup.Faults.WorkerDeaths
	if perDay == 0 {
		return
	}
	if at := e.now + w.deaths.untilNext(perDay); e.mishaps.on(at) {
		e.agenda.add(event{at: at, kind: eventDeath, worker: w.index})
	}
}

// die ends a worker and what it runs, of which nobody knows. It comes back when it may, and at the
// end of all faults at the latest; until the dispatcher misses it, what it ran seems to go on.
func (e *engine) die(w *worker) {
	e.mishaps.counts.WorkerDeaths++
	e.tally.alive.add(millis(e.now), -1)
	if w.state == workerPulling {
		d := &e.dispatcher
		d.pulls = slices.DeleteFunc(d.pulls, func(p *worker) bool { return p == w })
	}
	if r := w.request; r != nil && r.worker == w {
		switch r.state {
		case requestStarting:
			r.state, r.worker = requestWaiting, nil
			e.tally.enqueue(r)
		case requestRunning:
			e.tally.stops(r)
			e.settleLevel(r)
			e.tally.leaves(r)
			r.state = requestMissing
			r.runners--
			e.tally.enqueue(r)
		}
	}
	w.state, w.request = workerDead, nil
	w.setLabels(w.home)
	w.asked = false
	w.turn++
	back := e.now + w.deaths.around(e.setup.Faults.WorkerAbsence)
	back = max(e.now, min(back, e.mishaps.until))
	e.agenda.add(event{at: back, kind: eventReturn, worker: w.index, turn: w.turn})
	e.agenda.add(event{at: e.now + e.setup.Timing.DeadAfter, kind: eventSilence, worker: w.index,
		turn: w.turn})
}

// comeBack lets a dead worker poll again, as it was at the start of the run.
func (e *engine) comeBack(w *worker) {
	e.tally.alive.add(millis(e.now), 1)
	w.state = workerIdle
	w.turn++
	e.planPoll(w)
	e.planDeath(w)
}

// forgo makes the dispatcher take a silent worker for dead.
func (e *engine) forgo(w *worker) {
	if w.claimed != nil {
		e.giveBack(w)
	}
}

// giveBack lets the request wait again, or end, that the dispatcher wrongly takes for running on a
// worker: it says so itself, or was not heard of for too long.
func (e *engine) giveBack(w *worker) {
	r := w.claimed
	w.claimed = nil
	r.state, r.worker = requestWaiting, nil
	e.retry(r, nil)
}
