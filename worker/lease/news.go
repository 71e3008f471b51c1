package lease

import (
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/protos/dispatch"
)

// News is how far a task is.
type News struct {
	LeaseID string
	Phase   dispatch.Phase
	Since   time.Duration    // when it began to run; 0 if it has not
	Saved   *time.Duration   // how much of its running is saved; nil if that has not changed
	Result  *dispatch.Result // for FINISHED and REJECTED
}

// Learn takes in news of a task. What would move it back is ignored.
func (t *Table) Learn(now time.Duration, n News) (r Ready) {
	h, ok := t.leases[n.LeaseID]
	if !ok || Ended(h.phase) {
		return r
	}
	if n.Since > 0 {
		h.since = n.Since
	}
	if n.Saved != nil {
		h.saved, h.saves = max(h.saved, *n.Saved), true
	}
	if n.Phase <= h.phase {
		return r
	}
	// PREPARING does not matter alone: the next report that does has it.
	r.Report = n.Phase > phasePreparing
	if !Ended(n.Phase) {
		h.phase = n.Phase
		return r
	}
	h.end(n.Phase, n.Result)
	if h.recorded {
		t.forget(n.LeaseID, &r)
	}
	t.start(now, &r)
	return r
}

// Self is what a worker says of itself in a report.
type Self struct {
	Pool, Worker     string
	BootID, Instance string
	Labels           []string
	Refusal          string // why it takes no tasks; empty if it does
}

// Report returns all that is true of the worker. It must be sent at once: the deadline counts from
// now if the dispatcher answers it.
func (t *Table) Report(now time.Duration, s Self) *dispatch.Report {
	report := &dispatch.Report{
		Pool: s.Pool, Worker: s.Worker, BootId: s.BootID, InstanceId: s.Instance, Labels: s.Labels,
		Sequence: t.reports.send(now), Version: t.version, Epoch: t.epoch,
		AcceptsWork: true, Slots: int32(t.slots),
	}
	refusal := s.Refusal
	if refusal == "" && t.directive != dispatch.Orders_DIRECTIVE_UNSPECIFIED {
		refusal = "the dispatcher said so"
	}
	if refusal == "" && t.stopped {
		refusal = "the worker ends"
	}
	report.AcceptsWork, report.Refusal = refusal == "", refusal
	for _, h := range t.sorted() {
		report.Leases = append(report.Leases, h.report(now))
	}
	return report
}

func (h *held) report(now time.Duration) *dispatch.LeaseReport {
	l := &dispatch.LeaseReport{
		LeaseId: h.run.GetLeaseId(), Slot: h.run.GetSlot(), Phase: h.phase, Result: h.result,
	}
	if h.since > 0 && !Ended(h.phase) {
		l.RunningFor = durationpb.New(now - h.since)
		if h.saves {
			l.SavedFor = durationpb.New(min(h.saved, now-h.since))
		}
	}
	return l
}

// NextReport returns how long after the newest orders the next report is to be sent, at the latest;
// 0 means at once.
func (t *Table) NextReport() time.Duration {
	if t.next == nil {
		return t.TTL() / 4
	}
	return min(max(0, t.next.AsDuration()), t.TTL()/2)
}
