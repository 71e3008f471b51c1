package simulator

import (
	"context"
	"fmt"
	"time"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// dispatcher stands between the workers and the pool. It gathers what happens, and at its turn, a
// tick, tells the pool all of it, asks for tasks for the workers that polled, and asks which tasks
// must stop.
type dispatcher struct {
	// news is what the pool has not been told, in the order in which it happened, and late is news
	// on its way, by the number of its event on the agenda.
	news      []news
	late      map[uint64]news
	lateCount uint64
	// ended are requests that are over, and that the pool is told so again.
	ended []endedRequest
	// pulls are the workers that polled and have no answer, in the order of their polls.
	pulls []*worker
	// assigned are the workers for which the present pass found something.
	assigned []*worker
	// cancelDue is true while there may be something to cancel.
	cancelDue bool
	// next is the next tick on the agenda, noTick if there is none. Earlier ones that are still
	// on the agenda are void.
	next time.Duration
	// last, lastKeepAlive, lastCancel and lastResync are when these last happened, noTick for never.
	last, lastKeepAlive, lastCancel, lastResync time.Duration
	operations                                  int
	// letter is what operations are written in, and subject the request of the news that the pool is
	// being told.
	letter  letter
	subject *request
	// took is what the last operation cost in the real world, without its checks.
	took time.Duration
}

// noTick stands for a tick that is not planned, or never was.
const noTick time.Duration = -1

func newDispatcher() dispatcher {
	return dispatcher{next: noTick, last: noTick, lastKeepAlive: noTick, lastCancel: noTick,
		lastResync: noTick, late: map[uint64]news{}}
}

// wake plans a tick at the first turn at or after t that has not passed.
func (e *engine) wake(t time.Duration) {
	d := &e.dispatcher
	tick := nextTurn(t, 0, e.setup.Timing.Tick)
	if tick <= d.last {
		tick = d.last + e.setup.Timing.Tick
	}
	if d.next == noTick || tick < d.next {
		d.next = tick
		e.agenda.add(event{at: tick, kind: eventTick})
	}
}

// tick is the dispatcher's turn.
func (e *engine) tick(ctx context.Context) error {
	d := &e.dispatcher
	d.last, d.next = e.now, noTick
	if e.mishaps != nil {
		e.maybeResync()
		e.maybeSnapshot()
	}
	if err := e.tellNews(ctx); err != nil {
		return err
	}
	if err := e.assign(ctx); err != nil {
		return err
	}
	if d.cancelDue && (d.lastCancel == noTick || e.now-d.lastCancel >= e.setup.Timing.CancelPoll) {
		if err := e.cancel(ctx); err != nil {
			return err
		}
	}
	e.planTick()
	return nil
}

// planTick plans the next turn: at once if something is left over, else when it is due anyway.
func (e *engine) planTick() {
	d, t := &e.dispatcher, &e.setup.Timing
	e.wake(d.lastKeepAlive + e.keepAlive())
	if e.mishaps != nil {
		e.wake(d.lastResync + t.Resync)
	}
	if e.requests.len() > 0 {
		e.wake(e.now + t.Heartbeat)
	}
	if len(d.news) > 0 || len(d.pulls) > 0 {
		e.wake(e.now)
	}
	if d.cancelDue {
		e.wake(max(e.now, d.lastCancel+t.CancelPoll))
	}
}

// keepAlive is how often the dispatcher speaks for the idle workers. Where there are faults, the
// pool may wrongly take one for busy, or have forgotten it; then it speaks for them more often.
func (e *engine) keepAlive() time.Duration {
	t := &e.setup.Timing
	if e.mishaps != nil {
		return min(t.KeepAlive, t.Heartbeat)
	}
	return t.KeepAlive
}

// assign lets the pool decide, and gives the workers that polled what it has for them. When
// keep-alive is due, it speaks for all idle workers: their polls in between found nothing, would
// have changed nothing, and were left out.
func (e *engine) assign(ctx context.Context) error {
	d := &e.dispatcher
	if d.lastKeepAlive == noTick || e.now-d.lastKeepAlive >= e.keepAlive() {
		d.lastKeepAlive = e.now
		for _, w := range e.fleet.workers {
			if w.state == workerIdle {
				e.poll(w)
			}
		}
	}
	d.assigned = d.assigned[:0]
	result, err := e.apply(ctx, e.pullOperation())
	if err != nil {
		return err
	}
	e.tally.pass(d.took)
	for _, a := range result.Assignments {
		e.handOut(a)
	}
	for _, w := range d.pulls {
		if w.state == workerPulling {
			w.state = workerIdle
		}
	}
	d.pulls = d.pulls[:0]
	e.summon()
	return nil
}

// summon puts the next poll of every idle worker on the agenda that has something to fetch.
func (e *engine) summon() {
	for _, w := range e.dispatcher.assigned {
		e.planPoll(w)
	}
}

// planPoll puts the next poll of a worker on the agenda, if it is idle.
func (e *engine) planPoll(w *worker) {
	if w.state != workerIdle || w.asked {
		return
	}
	w.asked = true
	e.agenda.add(event{at: e.nextPoll(w), kind: eventPoll, worker: w.index, turn: w.turn})
}

// cancel asks what must stop, and stops it. It asks again until the pool has nothing more to say.
func (e *engine) cancel(ctx context.Context) error {
	d := &e.dispatcher
	d.lastCancel = e.now
	result, err := e.apply(ctx, pool.GetCancellations(e.poolTime()))
	if err != nil {
		return err
	}
	d.cancelDue = len(result.Cancellations) > 0
	for _, c := range result.Cancellations {
		r := e.requests.called(scheduler.RequestID(c.RequestId))
		w := e.fleet.byID[scheduler.WorkerID(c.WorkerId)]
		switch {
		case e.mishaps != nil && w != nil:
			e.order(w, scheduler.RequestID(c.RequestId))
		case e.mishaps != nil && r == nil:
			e.correct(scheduler.RequestID(c.RequestId))
		case r == nil: // it ended by itself; the pool will hear of it
		case w != nil && w.request == r:
			e.stop(w)
		case c.Reason == protos.Cancellation_REASON_EXPIRED && !r.onWorker() && !r.claimed():
			e.reportAbsent(r.id, r, nil)
			e.end(r, outcomeExpired)
		}
	}
	return nil
}

// poolTime is this moment in the pool's time.
func (e *engine) poolTime() time.Time { return e.setup.Workload.Start.Add(e.now) }

// brokenAt says when and with which seed an invariant broke, so that a run can be repeated.
func (e *engine) brokenAt(what string, err error) error {
	return fmt.Errorf("seed %d, operation %s at %v (%s): %w", e.setup.Seed,
		words.Number(e.dispatcher.operations), e.now, what, err)
}

// apply gives the pool an operation. That it refuses one, or breaks an invariant, is a mistake of
// the engine's or the pool's, and ends the run.
func (e *engine) apply(ctx context.Context, op *protos.Operation) (*protos.Result, error) {
	e.dispatcher.operations++
	begin := e.stopwatch()
	result, err := e.pool.Apply(ctx, op, e)
	e.dispatcher.took = e.stopwatch() - begin
	if err != nil {
		return nil, fmt.Errorf("operation %s at %v: %w",
			words.Number(e.dispatcher.operations), e.now, err)
	}
	e.record(op)
	if e.checks != nil {
		if err := e.checks.step(e.pool, op, result); err != nil {
			return nil, e.brokenAt(operationText(op), err)
		}
	}
	return result, nil
}
