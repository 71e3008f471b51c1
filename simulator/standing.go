package simulator

import "time"

// This file follows where requests stand: whether they wait, at which level the pool has them, and
// whether a worker runs them. Each function may be called again without effect, and costs O(1).

// standing is where the tally has a request.
type standing struct {
	// waits is true while it waits for its worker to have it, so also while it is held.
	waits bool
	// placed is true while the pool has it on a worker, at placedAt.
	placed   bool
	placedAt level
	// runs is true while a worker runs it, at runsAt; provisions while that is provisioning.
	runs, provisions bool
	runsAt           level
}

// provisionEnd is when a worker has provisioned what a run of a request needs.
type provisionEnd struct {
	at      int64 // milliseconds
	request *request
	run     int32
}

// change counts requests that begin or cease to wait, and workers that begin or cease to run the
// account's tasks.
func (a *accountTally) change(now, waiting, busy int64) {
	a.waiting.add(now, waiting)
	a.busy.add(now, busy)
	if a.known {
		a.owed.set(now, a.waiting.value+a.busy.value, a.rate())
		a.served.set(now, a.busy.value, a.rate())
	}
}

// enqueue counts a request that waits, for the first time or again.
func (t *tally) enqueue(r *request) {
	if !r.standing.waits {
		r.standing.waits = true
		t.waits(r, 1)
	}
	r.preemptedBy = nil
}

// dequeue counts a request that waits no more.
func (t *tally) dequeue(r *request) {
	if r.standing.waits {
		r.standing.waits = false
		t.waits(r, -1)
	}
}

// place counts a request that the pool has on a worker at its level now.
func (t *tally) place(r *request) {
	t.unplace(r)
	s := &r.standing
	s.placed, s.placedAt = true, r.level
	r.account.runs[r.level]++
	if s.runs && s.runsAt != r.level {
		t.busy[s.runsAt].add(millis(t.now), -1)
		s.runsAt = r.level
		t.busy[s.runsAt].add(millis(t.now), 1)
	}
}

// unplace counts a request that the pool does not have on a worker any more.
func (t *tally) unplace(r *request) {
	if r.standing.placed {
		r.standing.placed = false
		r.account.runs[r.standing.placedAt]--
	}
}

// begins counts a worker that begins to run a request, and will have provisioned what it needs at
// an instant that is not before those of earlier calls.
func (t *tally) begins(r *request, w *worker, provisioned time.Duration) {
	t.starts++
	r.runs++
	r.ranOn, r.provisioned, r.stopped = w, provisioned, Unknown
	s := &r.standing
	s.runs, s.runsAt = true, r.level
	t.busies(r, 1)
	if provisioned > t.now {
		s.provisions = true
		t.provisioning.add(millis(t.now), 1)
		t.provisionEnds = append(t.provisionEnds,
			provisionEnd{at: millis(provisioned), request: r, run: r.runs})
	}
}

// leaves counts a worker that runs a request no more.
func (t *tally) leaves(r *request) {
	s := &r.standing
	if !s.runs {
		return
	}
	s.runs = false
	r.stopped, r.ranAt = t.now, r.level
	t.busies(r, -1)
	if s.provisions {
		s.provisions = false
		t.provisioning.add(millis(t.now), -1)
	}
}

// endProvisioning counts the workers that have provisioned what they need by an instant, in
// milliseconds. Costs O(1) for each run that needs it.
func (t *tally) endProvisioning(now int64) {
	for len(t.provisionEnds) > 0 && t.provisionEnds[0].at <= now {
		end := t.provisionEnds[0]
		t.provisionEnds = t.provisionEnds[1:]
		if s := &end.request.standing; s.provisions && end.request.runs == end.run {
			s.provisions = false
			t.provisioning.add(end.at, -1)
		}
	}
}
