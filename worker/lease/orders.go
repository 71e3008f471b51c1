package lease

import (
	"fmt"
	"time"

	"github.com/quotasched/quotasched/protos/dispatch"
)

const (
	phaseAccepted  = dispatch.Phase_PHASE_ACCEPTED
	phasePreparing = dispatch.Phase_PHASE_PREPARING
	phaseRunning   = dispatch.Phase_PHASE_RUNNING
	phaseStopping  = dispatch.Phase_PHASE_STOPPING
	phaseRejected  = dispatch.Phase_PHASE_REJECTED
)

// graceMax is how long a task may take to stop, at most; graceDefault is for tasks that do not say.
const (
	graceMax     = 5 * time.Minute
	graceDefault = 30 * time.Second
)

// Grace returns how long a task may take to stop when nobody said otherwise.
func Grace(task *dispatch.TaskSpec) time.Duration {
	if task.GetGrace() == nil {
		return graceDefault
	}
	return min(max(0, task.GetGrace().AsDuration()), graceMax)
}

// Hear follows orders.
func (t *Table) Hear(now time.Duration, o *dispatch.Orders) (r Ready) {
	if why := t.late(o); why != "" {
		r.Ignored = why
		return r
	}
	t.next = o.GetNextReport()
	if o.GetAnswers() == 0 && o.GetResultsIn() == 0 {
		return r // nothing was heard yet: they only say when to report
	}
	if o.GetEpoch() > t.epoch {
		t.epoch, t.version = o.GetEpoch(), 0 // what INCREMENTAL orders say is of other orders
	}
	r.Fence = t.reports.answer(o.GetAnswers(), o.GetLeaseTtl().AsDuration())
	switch {
	case o.GetKind() == dispatch.Orders_KIND_COMPLETE:
	case o.GetKind() != dispatch.Orders_KIND_INCREMENTAL:
		r.Ignored = fmt.Sprintf("orders of kind %v", o.GetKind())
		return r
	case t.version == 0 || o.GetAppliesTo() != t.version:
		r.Ignored = fmt.Sprintf("the orders change version %d, and %d is known", o.GetAppliesTo(),
			t.version)
		t.version, r.Report = 0, true
		return r
	}
	t.version = o.GetResultsIn()
	t.directive = o.GetDirective()
	t.recorded(o.GetRecorded(), &r)
	for _, s := range o.GetStops() {
		t.stop(s, &r)
	}
	if o.GetKind() == dispatch.Orders_KIND_COMPLETE {
		t.stopOthers(o, &r)
	}
	for _, run := range o.GetRuns() {
		t.accept(run, &r)
	}
	t.start(now, &r)
	return r
}

// late says why orders are older than what was heard; empty if they are not.
func (t *Table) late(o *dispatch.Orders) string {
	answered := t.reports.answered.sequence
	switch {
	case o.GetEpoch() < t.epoch:
		return fmt.Sprintf("the orders are of epoch %d, and %d is known", o.GetEpoch(), t.epoch)
	case o.GetAnswers() > t.reports.sequence:
		return fmt.Sprintf("the orders answer report %d, and %d were sent", o.GetAnswers(),
			t.reports.sequence)
	case o.GetEpoch() == t.epoch && o.GetKind() == dispatch.Orders_KIND_COMPLETE &&
		(o.GetAnswers() < answered || o.GetAnswers() == answered && o.GetResultsIn() < t.version):
		return fmt.Sprintf("the orders are of version %d and answer report %d, and %d and %d are "+
			"known", o.GetResultsIn(), o.GetAnswers(), t.version, answered)
	}
	return ""
}

// recorded forgets leases whose ends are durable. One that lives is stopped, and forgotten when it
// has ended.
func (t *Table) recorded(ids []string, r *Ready) {
	for _, id := range ids {
		h, ok := t.leases[id]
		switch {
		case !ok:
		case Ended(h.phase):
			t.forget(id, r)
		default:
			h.recorded = true
			t.stopHeld(h, Grace(h.run.GetTask()), r)
		}
	}
}

// forget drops a lease.
func (t *Table) forget(id string, r *Ready) {
	delete(t.leases, id)
	t.forgotten.add(id)
	r.Forget = append(r.Forget, id)
}

// stop follows an order to stop a lease.
func (t *Table) stop(s *dispatch.Stop, r *Ready) {
	id := s.GetLeaseId()
	if h, ok := t.leases[id]; ok {
		grace := min(max(0, s.GetGrace().AsDuration()), graceMax)
		if s.GetGrace() == nil {
			grace = Grace(h.run.GetTask())
		}
		t.stopHeld(h, grace, r)
		return
	}
	if id == "" || len(id) > idBytesMax || len(t.leases) >= t.leasesMax() {
		r.Ignored = fmt.Sprintf("an order to stop lease %.40q", id)
		return
	}
	// The order to run it may be under way, or it was forgotten here and not yet there.
	t.arrivals++
	h := &held{run: &dispatch.Run{LeaseId: id}, arrival: t.arrivals, stopped: true}
	t.leases[id] = h
	t.reject(h, "it was stopped before this worker heard of it", r)
}

func (t *Table) stopHeld(h *held, grace time.Duration, r *Ready) {
	switch {
	case Ended(h.phase) || h.stopped:
	case !h.started:
		t.reject(h, "it was stopped before it started", r)
	default:
		h.stopped, h.phase = true, phaseStopping
		r.Stop = append(r.Stop, Stop{LeaseID: h.run.GetLeaseId(), Grace: grace})
		r.Report = true
	}
}

// stopOthers stops what COMPLETE orders do not ask for.
func (t *Table) stopOthers(o *dispatch.Orders, r *Ready) {
	named := map[string]bool{}
	for _, run := range o.GetRuns() {
		named[run.GetLeaseId()] = true
	}
	for _, h := range t.sorted() {
		if !named[h.run.GetLeaseId()] {
			t.stopHeld(h, Grace(h.run.GetTask()), r)
		}
	}
}

// leasesMax is how many leases a table holds at most.
func (t *Table) leasesMax() int { return min(max(1, t.slots)*queueMax, heldMax) }

// accept takes in an order to run a task.
func (t *Table) accept(run *dispatch.Run, r *Ready) {
	id := run.GetLeaseId()
	if _, held := t.leases[id]; held || t.forgotten.has(id) {
		return
	}
	if id == "" || len(id) > idBytesMax || run.GetTask() == nil ||
		len(t.leases) >= t.leasesMax() {
		r.Ignored = fmt.Sprintf("an order to run lease %.40q", id)
		return
	}
	t.arrivals++
	h := &held{run: run, phase: phaseAccepted, arrival: t.arrivals}
	t.leases[id] = h
	switch slot := int(run.GetSlot()); {
	case slot < 0 || slot >= t.slots:
		t.reject(h, fmt.Sprintf("there is no slot %d", slot), r)
	case t.stopped:
		t.reject(h, "the worker ends", r)
	}
}

// reject ends a lease that has not started.
func (t *Table) reject(h *held, why string, r *Ready) {
	h.end(phaseRejected, &dispatch.Result{Message: why})
	r.Report = true
	if h.recorded {
		t.forget(h.run.GetLeaseId(), r)
	}
}

// start starts what waits for its slot, if nothing lives there.
func (t *Table) start(now time.Duration, r *Ready) {
	taken := map[int32]bool{}
	for _, h := range t.leases {
		if h.live() {
			taken[h.run.GetSlot()] = true
		}
	}
	for _, h := range t.sorted() {
		if h.started || Ended(h.phase) || taken[h.run.GetSlot()] || !t.mayStart(h, now) {
			continue
		}
		h.started, taken[h.run.GetSlot()] = true, true
		r.Start = append(r.Start, Start{Run: h.run})
	}
}
