package state

import (
	"fmt"
	"time"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/scheduler"
)

const (
	noStop      = dispatch.StopReason_STOP_REASON_UNSPECIFIED
	preempted   = dispatch.StopReason_STOP_REASON_PREEMPTED
	unwanted    = dispatch.StopReason_STOP_REASON_CANCELLED
	notAccepted = dispatch.StopReason_STOP_REASON_NOT_ACCEPTED
	stray       = dispatch.StopReason_STOP_REASON_UNKNOWN

	unspoken   = dispatch.Phase_PHASE_UNSPECIFIED
	isRunning  = dispatch.Phase_PHASE_RUNNING
	isFinished = dispatch.Phase_PHASE_FINISHED
	isRejected = dispatch.Phase_PHASE_REJECTED
	isLost     = dispatch.Phase_PHASE_LOST
)

// saveStep is by how much what is saved must grow to be news.
const saveStep = 10 * time.Second

// hand gives a waiting task to a slot.
func (p *hosted) hand(a *protos.Assignment) {
	s, t := p.slotOf(a.GetWorkerId()), p.tasks[a.GetRequestId()]
	if s == nil || t == nil || s.task != nil || t.state != waiting {
		panic(fmt.Sprintf("invariant: a waiting task is handed to an idle slot: %q to %q",
			a.GetRequestId(), a.GetWorkerId()))
	}
	p.update(t, func() {
		t.attempts++
		t.state, t.changed, t.message = assigned, p.entry.at, ""
		t.lease = &lease{id: LeaseID(t.id, t.attempts), slot: s, worker: s.id, boot: s.worker.boot,
			assigned: p.entry.at, provision: a.GetProvisionRequired()}
	})
	s.task = t
	p.tell(t, waiting, change{})
	p.touch(s.worker)
}

// stopLease tells the worker of a task to stop it. A cancellation counts more than other reasons.
func (p *hosted) stopLease(t *task, reason dispatch.StopReason, message string) {
	l := t.lease
	if l.stop != noStop && reason != unwanted {
		return
	}
	from := t.state
	p.update(t, func() {
		if l.stop == noStop {
			l.stopped = p.entry.at
		}
		l.stop = reason
		if t.state = stopping; message != "" {
			t.message = message
		}
		if from != stopping {
			t.changed = p.entry.at
		}
	})
	p.tell(t, from, change{message: message})
	p.touch(l.slot.worker)
}

// advance takes news of a lease that is alive.
func (p *hosted) advance(t *task, r *dispatch.LeaseReport) {
	l, from := t.lease, t.state
	first := l.phase == unspoken
	p.update(t, func() {
		l.phase = max(l.phase, r.GetPhase())
		if l.phase >= isRunning && l.started.IsZero() {
			l.started = p.entry.at
		}
		if t.state == assigned && l.phase >= isRunning {
			t.state, t.changed = running, p.entry.at
		}
	})
	if t.state != from {
		p.tell(t, from, change{})
	}
	saved := r.GetSavedFor().AsDuration()
	saves := r.GetSavedFor() != nil && (l.saved == 0 && saved > 0 || saved-l.saved >= saveStep)
	if l.stop == preempted || !first && !saves {
		return // the scheduler has the slot for another task, or there is no news for it
	}
	op := pool.TaskRunning(p.now, scheduler.RequestID(t.id), scheduler.WorkerID(l.slot.id))
	if saves {
		l.saved = saved
		ago := r.GetRunningFor().AsDuration() - saved
		op = pool.TaskSaved(p.now, scheduler.RequestID(t.id), scheduler.WorkerID(l.slot.id),
			p.entry.at.Add(-ago))
	}
	p.must(op)
}

// isNews reports whether advance would do anything.
func (l *lease) isNews(r *dispatch.LeaseReport) bool {
	saved := r.GetSavedFor().AsDuration()
	return r.GetPhase() > l.phase ||
		r.GetSavedFor() != nil && (l.saved == 0 && saved > 0 || saved-l.saved >= saveStep)
}

// An ending is how an attempt ended.
type ending struct {
	phase  dispatch.Phase // FINISHED, REJECTED or LOST
	result *dispatch.Result
	why    string // of LOST
	final  bool   // LOST for good, whatever attempts are left
}

// isDone reports whether an attempt did what was wanted.
func (e *ending) isDone() bool {
	r := e.result
	return e.phase == isFinished && !r.GetTimedOut() && r.GetExitCode() == 0 && r.GetSignal() == ""
}

// endLease ends the attempt of a task, and does with the task what follows.
func (p *hosted) endLease(t *task, e ending) {
	l, s := t.lease, t.lease.slot
	p.touch(s.worker)
	p.update(t, func() {
		l.phase, l.silent = e.phase, time.Time{}
		if e.phase == isFinished && (e.isDone() || l.stop == noStop || l.stop == unwanted) {
			t.result = e.result // else it did not end by itself, and is tried again
		}
		// What the task comes to is said next; for the lists it is still on the worker till then.
	})
	p.updateWorker(s.worker, func() { s.task, l.slot = nil, nil })
	next := t.fate(&e)
	if next.to != waiting {
		p.end(t, next)
		p.absent(t)
		return
	}
	p.move(t, next)
	if l.stop != preempted {
		p.absent(t)
	}
	p.must(p.waitingOp(t, t.parseSpec()))
}

// absent tells the scheduler that a task neither waits nor is on a worker.
func (p *hosted) absent(t *task) { p.must(p.absentOp(t)) }

// fate counts an attempt that ended, and returns what becomes of its task.
func (t *task) fate(e *ending) change {
	l, text := t.lease, e.result.GetMessage()
	switch {
	case e.isDone():
		return change{to: succeeded, message: text, result: e.result}
	case l.stop == unwanted:
		return change{to: cancelled, result: e.result}
	case e.phase == isRejected && e.result.GetPermanent():
		return change{to: rejected, message: text}
	case e.final:
		t.losses++
		return change{to: lost, message: e.why}
	case l.stop == preempted:
		t.preemptions++
		return change{to: waiting, message: "preempted", result: e.result}
	case e.phase == isFinished && l.stop == noStop:
		if t.failures++; t.failures > t.parseSpec().GetRetryOnFailure() {
			return change{to: failed, message: text, result: e.result}
		}
		return change{to: waiting, message: "failed, and is tried again", result: e.result}
	}
	t.losses++
	why := e.why
	switch {
	case l.stop == notAccepted:
		why = "the worker did not accept it in time"
	case e.phase == isRejected:
		why = "the worker did not start it: " + text
	}
	if t.losses < maxAttempts(t.parseSpec()) {
		return change{to: waiting, message: why}
	}
	return change{to: lost, message: why}
}

const defaultMaxAttempts = 3

// maxAttempts is after how many losses a task ends.
func maxAttempts(s *dispatch.TaskSpec) int32 {
	if s.GetMaxAttempts() == 0 {
		return defaultMaxAttempts
	}
	return s.GetMaxAttempts()
}
