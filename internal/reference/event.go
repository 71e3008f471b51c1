package reference

import (
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// happening is what an event says. At most one of the pointers to details is set.
type happening struct {
	kind protos.TaskEvent_Type
	// decision is true for what the scheduler decided, false for what news caused.
	decision bool
	time     time.Time
	// request is nil for one that is not known, which then has just unknownID, and for none.
	request   *request
	unknownID scheduler.RequestID
	// account is the one that an operator speaks of.
	account scheduler.AccountID
	// worker is nil for none; one that is not known has just an id.
	worker *worker
	// cost is that of the run, before any refund; nil if there is no run.
	cost *scheduler.Balance

	enqueued      *protos.TaskEvent_Enqueued
	assigned      *protos.TaskEvent_Assigned
	preempted     *protos.TaskEvent_Preempted
	reprioritized *protos.TaskEvent_Reprioritized
	completed     *protos.TaskEvent_Completed
	adopted       *protos.TaskEvent_Adopted
	ignored       *protos.TaskEvent_Ignored
	order         *protos.TaskEvent_Order
}

// emit gives a sink the event of what happened, with the balances of this moment.
func (s *Scheduler) emit(e scheduler.EventSink, h happening) {
	if e == nil {
		return
	}
	ev := &protos.TaskEvent{
		Type:      h.kind,
		Category:  protos.TaskEvent_CATEGORY_DISPATCHER,
		Time:      timestamppb.New(h.time),
		RequestId: string(h.unknownID),
		AccountId: string(h.account),
	}
	if h.decision {
		ev.Category = protos.TaskEvent_CATEGORY_SCHEDULER
	}
	if r := h.request; r != nil {
		ev.RequestId = string(r.id)
		ev.AccountId = string(r.account)
		ev.BaseLabels = slices.Clone(r.base)
		ev.ProvisionableLabels = slices.Clone(r.provisionable)
	}
	if a := s.accounts[scheduler.AccountID(ev.AccountId)]; a != nil {
		ev.AccountValid = true
		ev.AccountBalance = numbers(a.balance)
	}
	if h.worker != nil {
		ev.WorkerId = string(h.worker.id)
		ev.WorkerLabels = slices.Clone(h.worker.labels)
	}
	if h.cost != nil {
		ev.Cost = numbers(*h.cost)
	}
	setDetails(ev, h)
	e.AddEvent(ev)
}

func setDetails(ev *protos.TaskEvent, h happening) {
	switch {
	case h.enqueued != nil:
		ev.Details = &protos.TaskEvent_Enqueued_{Enqueued: h.enqueued}
	case h.assigned != nil:
		ev.Details = &protos.TaskEvent_Assigned_{Assigned: h.assigned}
	case h.preempted != nil:
		ev.Details = &protos.TaskEvent_Preempted_{Preempted: h.preempted}
	case h.reprioritized != nil:
		ev.Details = &protos.TaskEvent_Reprioritized_{Reprioritized: h.reprioritized}
	case h.completed != nil:
		ev.Details = &protos.TaskEvent_Completed_{Completed: h.completed}
	case h.adopted != nil:
		ev.Details = &protos.TaskEvent_Adopted_{Adopted: h.adopted}
	case h.ignored != nil:
		ev.Details = &protos.TaskEvent_Ignored_{Ignored: h.ignored}
	case h.order != nil:
		ev.Details = &protos.TaskEvent_Order_{Order: h.order}
	}
}

// emitAssigned gives a sink the event of the run that a worker has just got.
func (s *Scheduler) emitAssigned(e scheduler.EventSink, w *worker, victim *run) {
	details := &protos.TaskEvent_Assigned{
		ProvisionRequired: !hasAll(w.labels, w.run.request.provisionable),
		Priority:          int32(w.run.level),
	}
	if victim != nil {
		details.Preempting = true
		details.PreemptionCost = numbers(w.run.preemptionCost)
		details.PreemptedRequestId = string(victim.request.id)
	}
	cost := s.costNow(w.run)
	s.emit(e, happening{kind: protos.TaskEvent_TYPE_ASSIGNED, decision: true, time: s.now,
		request: w.run.request, worker: w, cost: &cost, assigned: details})
}

// numbers returns a balance as five numbers.
func numbers(b scheduler.Balance) []int64 {
	out := make([]int64, len(b))
	for p, q := range b {
		out[p] = int64(q)
	}
	return out
}
