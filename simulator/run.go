package simulator

import (
	"strings"
	"time"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// This file has what happens to a worker and its task, one function per arrow of the drawing in
// doc.go.

// poll lets an idle worker ask for a task. Its answer comes with the dispatcher's next turn.
func (e *engine) poll(w *worker) {
	w.asked = false
	if w.state != workerIdle {
		return
	}
	if w.claimed != nil { // it died, and came back before it was missed
		e.giveBack(w)
	}
	w.state = workerPulling
	e.dispatcher.pulls = append(e.dispatcher.pulls, w)
	e.wake(e.now)
}

// handOut gives a worker the task that the pool has for it, and checks that nobody else has it.
func (e *engine) handOut(a *protos.Assignment) {
	w := e.fleet.byID[scheduler.WorkerID(a.WorkerId)]
	r := e.offered(w, scheduler.RequestID(a.RequestId))
	switch {
	case w == nil || w.state != workerPulling:
		e.breaks("request %q was handed to %q, which did not ask", a.RequestId, a.WorkerId)
		return
	case e.mishaps != nil:
		if !e.mayOffer(w, scheduler.RequestID(a.RequestId)) {
			return
		}
	case r == nil:
		e.breaks("request %q was handed to %q, but it is not outstanding: it would run twice",
			a.RequestId, a.WorkerId)
		return
	case r.onWorker():
		e.breaks("request %q was handed to %q while %q has it", r.id, w.id, r.worker.id)
		return
	case r.worker != w:
		e.breaks("request %q was handed to %q without being assigned to it", r.id, w.id)
		return
	}
	w.state, r.state = workerStarting, requestStarting
	w.request, r.worker = r, w
	w.turn++
	w.provisions = a.ProvisionRequired
	e.tally.dequeue(r)
	e.agenda.add(event{at: e.now + e.setup.Timing.StartDelay, kind: eventStart,
		worker: w.index, turn: w.turn})
}

// start begins the run of a worker's task: provisioning, if it is needed, and then its run time.
func (e *engine) start(w *worker) {
	r := w.request
	if e.mishaps != nil && !e.mayStart(w) {
		return
	}
	w.state, r.state = workerRunning, requestRunning
	w.claimed, r.worker = r, w
	if r.runners++; r.runners > 1 {
		e.breaks("request %q runs on %d workers, the last of which is %q", r.id, r.runners, w.id)
	}
	r.started, r.levelSince = e.now, e.now
	if r.first == Unknown {
		r.first = e.now
	}
	w.provisioned = e.now
	if w.provisions {
		w.provisioned += e.setup.Timing.Provision
	}
	e.tally.begins(r, w, w.provisioned)
	end := w.provisioned + e.setup.Workload.Submissions[r.submission].Run
	e.agenda.add(event{at: end, kind: eventEnd, worker: w.index, turn: w.turn})
	e.reportRunning(r, w, w)
}

// finish ends a worker's task at the end of its run time. The worker asks for the next one.
func (e *engine) finish(w *worker) {
	r := w.request
	if w.provisions {
		r.account.provisionMillis += e.tally.between(r.started, w.provisioned)
	}
	e.leave(w)
	e.reportAbsent(r.id, r, w)
	e.end(r, outcomeCompleted)
}

// stop ends a worker's task because the pool wants its worker for another one. All that it has
// done is lost; unless the policy forbids it, the task waits again, to run from its beginning.
func (e *engine) stop(w *worker) {
	r := w.request
	if r.state == requestRunning {
		e.tally.stops(r)
	}
	e.leave(w)
	r.state, r.worker = requestWaiting, nil
	e.tally.enqueue(r)
	e.retry(r, w)
}

// retry lets a request wait again that lost its worker, or ends it, as the policy says. The news is
// by the clock of a worker, or, for nil, the dispatcher's.
func (e *engine) retry(r *request, by *worker) {
	if e.setup.Policy.NoRetry {
		e.reportAbsent(r.id, r, by)
		e.end(r, outcomePreempted)
		return
	}
	e.reportWaiting(r, by)
}

// leave takes a worker's task off it, and lets it ask for the next one. Labels that the task
// provisioned to the end stay on the worker.
func (e *engine) leave(w *worker) {
	r := w.request
	if r.state == requestRunning {
		r.runners--
		e.settleLevel(r)
		e.tally.leaves(r)
		if w.provisions && e.now >= w.provisioned {
			w.provision(e.setup.Workload.Submissions[r.submission].ProvisionableLabels)
		}
	}
	w.request, w.claimed = nil, nil
	w.turn++
	w.state = workerIdle
	e.poll(w)
}

// end books how a request ended, and forgets it.
func (e *engine) end(r *request, how outcome) {
	e.requests.ends(r)
	if e.mishaps != nil {
		e.dispatcher.ended = append(e.dispatcher.ended, endedRequest{id: r.id})
	}
	e.advanced = e.now
	e.tally.ends(r, how)
	e.recordEnd(r, how.String())
}

// millis is an instant in whole milliseconds, the unit of all figures.
func millis(t time.Duration) int64 { return t.Milliseconds() }

// compareIDs orders requests by id, for messages.
func compareIDs(a, b scheduler.RequestID) int { return strings.Compare(string(a), string(b)) }
