package shim

import "time"

const (
	// killAgainFirst and killAgainMax are how long after a SIGKILL the next one follows: the first
	// is short, as a process may have forked meanwhile, and each one is twice as long.
	killAgainFirst = 20 * time.Millisecond
	killAgainMax   = 5 * time.Second
	// stuckAfter is how long after the first SIGKILL a task counts as one that cannot be killed.
	stuckAfter = 20 * time.Second
)

// act is what a task is to get.
type act int

const (
	actNone act = iota
	actSignal
	actKill
)

// reason is why a task is stopped; the first one counts.
type reason int

const (
	reasonNone    reason = iota
	reasonOrdered        // the dispatcher said so
	reasonTimeout        // it ran for too long
	reasonOwn            // the worker ends
	reasonSilence        // nothing was heard from the dispatcher
)

// leash decides when a task gets which signal. It has no clock and no processes.
type leash struct {
	deadline  time.Duration // when the task must have ended; 0 means never
	margin    time.Duration // how long before that it gets the stop signal
	timeoutAt time.Duration // when it has run for too long; 0 means never
	grace     time.Duration // of a stop because of that

	why       reason
	killAt    time.Duration // when the first SIGKILL is due, if it is being stopped
	firstKill time.Duration // when it came; 0 if it did not
	nextKill  time.Duration
	again     time.Duration
}

// renew moves the deadline; never back.
func (l *leash) renew(deadline, margin time.Duration) {
	if l.deadline > 0 && deadline > l.deadline {
		l.deadline, l.margin = deadline, margin
	}
}

// stop stops the task. It reports whether the task is to get its stop signal: a second stop can
// only make its grace shorter.
func (l *leash) stop(now, grace time.Duration, why reason) bool {
	if l.why != reasonNone {
		l.killAt = min(l.killAt, now+grace)
		return false
	}
	l.why, l.killAt = why, now+grace
	return true
}

// kill is for a task whose first process has ended: the others are killed at once.
func (l *leash) kill(now time.Duration) {
	if l.firstKill == 0 {
		l.killAt = now
	}
}

// dying reports whether SIGKILL is due at killAt.
func (l *leash) dying() bool { return l.why != reasonNone || l.killAt > 0 }

// due returns what the task is to get now. Call it until it returns actNone.
func (l *leash) due(now time.Duration) act {
	if !l.dying() {
		switch {
		case l.deadline > 0 && now >= l.deadline-l.margin:
			l.stop(now, max(0, l.deadline-now), reasonSilence)
			return actSignal
		case l.timeoutAt > 0 && now >= l.timeoutAt:
			l.stop(now, l.grace, reasonTimeout)
			return actSignal
		}
		return actNone
	}
	switch {
	case l.firstKill > 0 && now < l.nextKill, l.firstKill == 0 && now < l.killTime():
		return actNone
	case l.firstKill == 0:
		l.firstKill, l.again = max(1, now), killAgainFirst
	default:
		l.again = min(2*l.again, killAgainMax)
	}
	l.nextKill = now + l.again
	return actKill
}

// killTime returns when the first SIGKILL is due.
func (l *leash) killTime() time.Duration {
	if l.deadline > 0 {
		return min(l.killAt, l.deadline)
	}
	return l.killAt
}

// next returns when due has something to say; 0 means never.
func (l *leash) next() time.Duration {
	switch {
	case l.firstKill > 0:
		return l.nextKill
	case l.dying():
		return l.killTime()
	case l.deadline > 0 && l.timeoutAt > 0:
		return min(l.deadline-l.margin, l.timeoutAt)
	case l.deadline > 0:
		return l.deadline - l.margin
	}
	return l.timeoutAt
}

// stuck reports whether the task could not be killed for a long time.
func (l *leash) stuck(now time.Duration) bool {
	return l.firstKill > 0 && now-l.firstKill >= stuckAfter
}
