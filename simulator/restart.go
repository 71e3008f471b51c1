package simulator

import (
	"context"
	"fmt"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// planRestart puts the next restart of the dispatcher on the agenda, if there is one.
func (e *engine) planRestart() {
	perDay := e.setup.Faults.Restarts
	if perDay == 0 {
		return
	}
	if at := e.now + e.mishaps.restarts.untilNext(perDay); e.mishaps.on(at) {
		e.agenda.add(event{at: at, kind: eventRestart})
	}
}

// maybeSnapshot writes a snapshot of the pool if one is due, and begins a new journal.
func (e *engine) maybeSnapshot() {
	m, f := e.mishaps, &e.setup.Faults
	if f.Restarts == 0 || m.snapshot != nil && (!m.on(e.now) ||
		e.now-m.snapshotAt < f.SnapshotPeriod) {
		return
	}
	m.snapshot = e.pool.AppendSnapshot(m.snapshot[:0])
	m.snapshotAt = e.now
	clear(m.journal)
	m.journal = m.journal[:0]
}

// record adds an operation to the journal.
func (e *engine) record(op *protos.Operation) {
	if m := e.mishaps; m != nil && m.snapshot != nil && m.on(e.now) {
		m.journal = append(m.journal, op)
	}
}

// restart makes the pool anew from the last snapshot and the journal since, which must lead to the
// state that it had. Workers that wait for an answer to their poll get none, and poll again. What
// the dispatcher knows of its requests is in its database, and stays.
func (e *engine) restart(ctx context.Context) error {
	m, d := e.mishaps, &e.dispatcher
	m.counts.Restarts++
	before := e.pool.AppendSnapshot(nil)
	again, err := e.newPool(e.setup.Workload.Start, &scheduler.Config{})
	if err != nil {
		return err
	}
	if err := again.Restore(m.snapshot); err != nil {
		return e.atRestart(sameStateBroken("a snapshot cannot be restored: %v", err))
	}
	for _, op := range m.journal {
		if _, err := again.Apply(ctx, op, scheduler.NullEventSink); err != nil {
			return e.atRestart(sameStateBroken("%s is refused when it is repeated: %v",
				operationText(op), err))
		}
	}
	after := again.AppendSnapshot(nil)
	if err := checkSame(after, before); err != nil {
		return e.atRestart(err)
	}
	if err := e.pool.Restore(after); err != nil {
		return e.atRestart(sameStateBroken("a snapshot cannot be restored: %v", err))
	}
	for _, w := range d.pulls {
		w.state = workerIdle
		e.planPoll(w)
	}
	d.pulls = d.pulls[:0]
	e.planRestart()
	return nil
}

// atRestart says where an error was found.
func (e *engine) atRestart(err error) error {
	what := fmt.Sprintf("restart with %s since the snapshot at %v",
		words.Count(len(e.mishaps.journal), "operation"), e.mishaps.snapshotAt)
	return e.brokenAt(what, err)
}
