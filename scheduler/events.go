package scheduler

import (
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
)

// This file makes events. What an event says of a request's content and of balances is as it is
// after the change; what it says of a run that ended is as it was before.

const (
	fromDispatcher = protos.TaskEvent_CATEGORY_DISPATCHER
	fromScheduler  = protos.TaskEvent_CATEGORY_SCHEDULER

	unassigned = protos.TaskEvent_TYPE_UNASSIGNED
	requeued   = protos.TaskEvent_TYPE_REQUEUED
	updated    = protos.TaskEvent_TYPE_UPDATED
)

// sinkOrNil returns nil for sinks that want no events.
func sinkOrNil(e EventSink) EventSink {
	if e == NullEventSink {
		return nil
	}
	return e
}

// A place is where a task was: what its event needs after that has changed.
type place struct {
	worker WorkerID
	labels []string
	cost   *Balance
}

// placeOf returns where a run is, or nothing if there is no sink to tell.
func (s *Scheduler) placeOf(sink EventSink, r *run) place {
	if sink == nil {
		return place{}
	}
	cost := r.costAt(s.now.millis())
	return place{r.worker.id, s.labels.names(r.worker.kind.set), &cost}
}

// newEvent returns an event about a request, with its content and its account's balance.
func (s *Scheduler) newEvent(typ protos.TaskEvent_Type, cat protos.TaskEvent_Category, t instant,
	r *request) *protos.TaskEvent {
	e := &protos.TaskEvent{
		Type:                typ,
		Category:            cat,
		Time:                timestamp(t),
		RequestId:           string(r.id),
		AccountId:           string(r.lane.account.id),
		BaseLabels:          s.labels.names(r.lane.need.base),
		ProvisionableLabels: s.labels.names(r.lane.need.prov),
	}
	if a := r.lane.account; a.exists() {
		e.AccountValid = true
		e.AccountBalance = a.balance.units()
	}
	return e
}

// placeEvent returns an event about a request that is, or was, on a worker.
func (s *Scheduler) placeEvent(typ protos.TaskEvent_Type, cat protos.TaskEvent_Category, t instant,
	r *request, at place) *protos.TaskEvent {
	e := s.newEvent(typ, cat, t, r)
	e.WorkerId, e.WorkerLabels = string(at.worker), at.labels
	if at.cost != nil {
		e.Cost = at.cost.units()
	}
	return e
}

func (s *Scheduler) enqueuedEvent(r *request, t instant) *protos.TaskEvent {
	e := s.newEvent(protos.TaskEvent_TYPE_ENQUEUED, fromDispatcher, t, r)
	e.Details = &protos.TaskEvent_Enqueued_{
		Enqueued: &protos.TaskEvent_Enqueued{Tags: copyTags(r.tags)},
	}
	return e
}

func (s *Scheduler) completedEvent(r *request, was place, t instant,
	reason protos.TaskEvent_Completed_Reason) *protos.TaskEvent {
	e := s.placeEvent(protos.TaskEvent_TYPE_COMPLETED, fromDispatcher, t, r, was)
	e.Details = &protos.TaskEvent_Completed_{
		Completed: &protos.TaskEvent_Completed{Reason: reason},
	}
	return e
}

func (s *Scheduler) expiredEvent(r *request) *protos.TaskEvent {
	e := s.completedEvent(r, place{}, s.now, protos.TaskEvent_Completed_REASON_EXPIRED)
	e.Category = fromScheduler
	return e
}

func (s *Scheduler) workerExpiredEvent(w *worker) *protos.TaskEvent {
	return &protos.TaskEvent{
		Type:         protos.TaskEvent_TYPE_WORKER_EXPIRED,
		Category:     fromScheduler,
		Time:         timestamp(s.now),
		WorkerId:     string(w.id),
		WorkerLabels: s.labels.names(w.kind.set),
	}
}

// assignedEvent tells of a run that has just started; victim is nil unless it took its worker.
func (s *Scheduler) assignedEvent(r *run, v *victim) *protos.TaskEvent {
	e := s.placeEvent(protos.TaskEvent_TYPE_ASSIGNED, fromScheduler, s.now, r.req,
		s.placeOf(NullEventSink, r))
	d := &protos.TaskEvent_Assigned{
		ProvisionRequired: !r.req.lane.need.prov.within(r.worker.kind.set),
		Priority:          int32(r.level),
	}
	if v != nil {
		d.Preempting = true
		d.PreemptionCost = v.cost.units()
		d.PreemptedRequestId = string(v.request)
	}
	e.Details = &protos.TaskEvent_Assigned_{Assigned: d}
	return e
}

// preemptedEvent tells of a run that has just lost its worker to the head of a lane.
func (s *Scheduler) preemptedEvent(r *run, v *victim, by *lane, to Priority) *protos.TaskEvent {
	was := place{r.worker.id, s.labels.names(r.worker.kind.set), &v.cost}
	e := s.placeEvent(protos.TaskEvent_TYPE_PREEMPTED, fromScheduler, s.now, r.req, was)
	e.Details = &protos.TaskEvent_Preempted_{Preempted: &protos.TaskEvent_Preempted{
		ByRequestId: string(by.head.id),
		ByAccountId: string(by.account.id),
		OldPriority: int32(r.level),
		NewPriority: int32(to),
	}}
	return e
}

func (s *Scheduler) reprioritizedEvent(r *run, from Priority) *protos.TaskEvent {
	e := s.placeEvent(protos.TaskEvent_TYPE_REPRIORITIZED, fromScheduler, s.now, r.req,
		s.placeOf(NullEventSink, r))
	e.Details = &protos.TaskEvent_Reprioritized_{Reprioritized: &protos.TaskEvent_Reprioritized{
		OldPriority: int32(from),
		NewPriority: int32(r.level),
	}}
	return e
}

func (s *Scheduler) adoptedEvent(r *run, from WorkerID, t instant) *protos.TaskEvent {
	e := s.placeEvent(protos.TaskEvent_TYPE_ADOPTED, fromDispatcher, t, r.req,
		s.placeOf(NullEventSink, r))
	e.Details = &protos.TaskEvent_Adopted_{Adopted: &protos.TaskEvent_Adopted{
		Priority:      int32(r.level),
		OtherWorkerId: string(from),
	}}
	return e
}

// ignoredEvent tells of old news: what is known of the request, which may be nil, and of the worker
// that the news names, or else of the one that the request is on.
func (s *Scheduler) ignoredEvent(r *request, named newsOf, o *older, t instant) *protos.TaskEvent {
	e := &protos.TaskEvent{
		Type:      protos.TaskEvent_TYPE_IGNORED,
		Category:  fromDispatcher,
		Time:      timestamp(t),
		RequestId: string(named.request),
	}
	if r != nil {
		e = s.newEvent(e.Type, e.Category, t, r)
		if r.worker != nil {
			e.Cost = s.placeOf(NullEventSink, r.worker.run).cost.units()
			if named.worker == "" {
				named.worker = r.worker.id
			}
		}
	}
	e.WorkerId = string(named.worker)
	if w := s.workers[named.worker]; w != nil {
		e.WorkerLabels = s.labels.names(w.kind.set)
	}
	e.Details = &protos.TaskEvent_Ignored_{Ignored: &protos.TaskEvent_Ignored{
		Reason:    o.reason,
		KnownTime: timestamp(o.known),
	}}
	return e
}

func timestamp(i instant) *timestamppb.Timestamp {
	return &timestamppb.Timestamp{Seconds: i.sec, Nanos: i.nsec}
}

// units returns the balance as the wire has it.
func (b Balance) units() []int64 {
	u := make([]int64, NumPriorities)
	for p, q := range b {
		u[p] = int64(q)
	}
	return u
}
