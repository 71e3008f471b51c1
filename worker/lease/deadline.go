package lease

import "time"

const (
	// marginMax is how long before the deadline a task gets its stop signal, at most.
	marginMax = 10 * time.Second
	// TTLMin is the shortest lease TTL; shorter ones count as this.
	TTLMin = 2 * time.Second
	// ttlDefault is for orders that say no TTL.
	ttlDefault = 60 * time.Second
	// unansweredMax is how many reports a table remembers while no answer comes. An answer to
	// an older one does not move the deadline.
	unansweredMax = 1024
)

// Margin is how long before the deadline a task gets its stop signal: 10 s, or a sixth of the TTL
// if that is less.
func Margin(ttl time.Duration) time.Duration { return min(marginMax, ttl/6) }

// reports are the reports that were sent, as far as the deadline needs them.
type reports struct {
	sequence uint64    // of the newest one
	sent     []sending // those without an answer, oldest first
	answered sending   // the newest one with an answer; its sequence is 0 if there is none
	ttl      time.Duration
}

type sending struct {
	sequence uint64
	at       time.Duration
}

func (r *reports) send(now time.Duration) uint64 {
	r.sequence++
	if len(r.sent) == unansweredMax {
		r.sent = r.sent[1:]
	}
	r.sent = append(r.sent, sending{r.sequence, now})
	return r.sequence
}

// answer takes in that a report was answered, and reports whether that moved the deadline.
func (r *reports) answer(sequence uint64, ttl time.Duration) bool {
	before, known := r.deadline()
	if ttl <= 0 {
		ttl = ttlDefault
	}
	r.ttl = max(ttl, TTLMin)
	for len(r.sent) > 0 && r.sent[0].sequence <= sequence {
		if r.sent[0].sequence == sequence {
			r.answered = r.sent[0]
		}
		r.sent = r.sent[1:]
	}
	after, knows := r.deadline()
	return knows && (!known || before != after)
}

// deadline returns when all tasks must have ended; false before the first answer.
func (r *reports) deadline() (time.Duration, bool) {
	return r.answered.at + r.ttl, r.answered.sequence > 0
}

// Deadline returns when all tasks must have ended, but those that go on when disconnected, and how
// long before that they get their stop signals. It returns false before the first answer of the
// dispatcher.
func (t *Table) Deadline() (at, margin time.Duration, ok bool) {
	at, ok = t.reports.deadline()
	return at, Margin(t.reports.ttl), ok
}

// Unanswered returns since when the dispatcher has owed an answer; false if it owes none.
func (t *Table) Unanswered() (time.Duration, bool) {
	if len(t.reports.sent) == 0 {
		return 0, false
	}
	return t.reports.sent[0].at, true
}

// Sequence returns the number of the newest report, and of the newest one that was answered.
func (t *Table) Sequence() (sent, answered uint64) {
	return t.reports.sequence, t.reports.answered.sequence
}

// TTL returns the lease TTL that the dispatcher last said, or 60 s.
func (t *Table) TTL() time.Duration {
	if t.reports.ttl == 0 {
		return ttlDefault
	}
	return t.reports.ttl
}

// mayStart reports whether a task may start now: there must be time before it would be stopped.
func (t *Table) mayStart(h *held, now time.Duration) bool {
	at, margin, ok := t.Deadline()
	return ok && (now < at-margin || h.continues())
}

// Expire stops the tasks that must end because nothing was heard from the dispatcher. It is to be
// called at the times that Next returns; sooner or more often does no harm.
func (t *Table) Expire(now time.Duration) (r Ready) {
	at, margin, ok := t.Deadline()
	if !ok || now < at-margin {
		return r
	}
	for _, h := range t.sorted() {
		if h.live() && !h.own && !h.continues() {
			t.stopOwn(h, max(0, at-now), &r)
		}
	}
	return r
}

// Next returns when Expire has something to do, if no answer comes until then; false if never.
func (t *Table) Next() (time.Duration, bool) {
	at, margin, ok := t.Deadline()
	for _, h := range t.leases {
		if ok && h.live() && !h.own && !h.continues() {
			return at - margin, true
		}
	}
	return 0, false
}

// stopOwn stops a task for reasons of the worker.
func (t *Table) stopOwn(h *held, grace time.Duration, r *Ready) {
	h.own = true
	if h.phase < phaseStopping {
		h.phase = phaseStopping
	}
	r.Stop = append(r.Stop, Stop{LeaseID: h.run.GetLeaseId(), Grace: grace, Own: true})
	r.Report = true
}

// Abort ends all tasks, with so much grace at most, and lets nothing start any more.
func (t *Table) Abort(grace time.Duration) (r Ready) {
	t.stopped = true
	for _, h := range t.sorted() {
		switch {
		case h.live():
			t.stopOwn(h, grace, &r)
		case !Ended(h.phase):
			t.reject(h, "the worker ends", &r)
		}
	}
	return r
}
