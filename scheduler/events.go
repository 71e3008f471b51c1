package scheduler

import (
	"slices"

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

// An eventMemory is what an event and its usual parts are made in, so that one allocation does for
// all of them.
type eventMemory struct {
	event         protos.TaskEvent
	time          timestamppb.Timestamp
	balance, cost [NumPriorities]int64
}

// A details is what the details of an event are made in.
type details[OneOf, Message any] struct {
	oneOf   OneOf
	message Message
}

type (
	enqueuedDetails  = details[protos.TaskEvent_Enqueued_, protos.TaskEvent_Enqueued]
	assignedDetails  = details[protos.TaskEvent_Assigned_, protos.TaskEvent_Assigned]
	completedDetails = details[protos.TaskEvent_Completed_, protos.TaskEvent_Completed]
)

// An eventMaker has the memory of events for sinks that only read them: the last event, and the
// details of the most frequent ones. For other sinks it is not used.
type eventMaker struct {
	onlyRead  bool // the sink of the present operation only reads
	memory    eventMemory
	enqueued  enqueuedDetails
	assigned  assignedDetails
	completed completedDetails
}

// sinkFor returns the sink of an operation, or nil for one that wants no events.
func (s *Scheduler) sinkFor(e EventSink) EventSink {
	if e == nil || e == NullEventSink {
		return nil
	}
	reader, ok := e.(EventReader)
	s.events.onlyRead = ok && reader.OnlyReads()
	return e
}

// newMemory returns memory for an event, zeroed as far as it matters.
func (s *Scheduler) newMemory() *eventMemory {
	if s.events.onlyRead {
		return &s.events.memory
	}
	return &eventMemory{}
}

// newDetails returns memory for details: the scheduler's own, zeroed, if the sink only reads.
func newDetails[D any](s *Scheduler, own *D) *D {
	if !s.events.onlyRead {
		return new(D)
	}
	var zero D
	*own = zero
	return own
}

// eventNames returns the labels of a set, sorted by name, for an event.
func (s *Scheduler) eventNames(set *labelSet) []string {
	names := s.labels.sortedNames(set)
	if s.events.onlyRead {
		return names
	}
	return slices.Clone(names)
}

// A place is where a task was: what its event needs after that has changed.
type place struct {
	worker WorkerID
	labels []string
	cost   Balance
}

// placeOf returns where a run is, or nothing if there is no sink to tell.
func (s *Scheduler) placeOf(sink EventSink, r *run) place {
	if sink == nil {
		return place{}
	}
	return s.placeNow(r)
}

// placeNow returns where a run is.
func (s *Scheduler) placeNow(r *run) place {
	return place{r.worker.id, s.eventNames(r.worker.class.set), r.costAt(s.now.millis())}
}

// newEvent returns an event about a request, with its content and its account's balance.
func (s *Scheduler) newEvent(typ protos.TaskEvent_Type, cat protos.TaskEvent_Category, t instant,
	r *request) *eventMemory {
	m := s.newMemory()
	m.time.Seconds, m.time.Nanos = t.sec(), t.nsec
	m.event = protos.TaskEvent{
		Type:                typ,
		Category:            cat,
		Time:                &m.time,
		RequestId:           string(r.id),
		AccountId:           string(r.lane.account.id),
		BaseLabels:          s.eventNames(r.lane.demand.base),
		ProvisionableLabels: s.eventNames(r.lane.demand.prov),
	}
	if a := r.lane.account; a.exists() {
		m.event.AccountValid = true
		m.event.AccountBalance = a.balance.unitsIn(&m.balance)
	}
	return m
}

// placeEvent returns an event about a request that is, or was, on a worker.
func (s *Scheduler) placeEvent(typ protos.TaskEvent_Type, cat protos.TaskEvent_Category, t instant,
	r *request, at *place) *protos.TaskEvent {
	m := s.newEvent(typ, cat, t, r)
	e := &m.event
	if at.worker != "" {
		e.WorkerId, e.WorkerLabels = string(at.worker), at.labels
		e.Cost = at.cost.unitsIn(&m.cost)
	}
	return e
}

func (s *Scheduler) enqueuedEvent(r *request, t instant) *protos.TaskEvent {
	e := &s.newEvent(protos.TaskEvent_TYPE_ENQUEUED, fromDispatcher, t, r).event
	d := newDetails(s, &s.events.enqueued)
	if d.message.Tags = r.tags(); !s.events.onlyRead {
		d.message.Tags = copyTags(r.tags())
	}
	d.oneOf.Enqueued = &d.message
	e.Details = &d.oneOf
	return e
}

func (s *Scheduler) completedEvent(r *request, was *place, t instant,
	reason protos.TaskEvent_Completed_Reason) *protos.TaskEvent {
	e := s.placeEvent(protos.TaskEvent_TYPE_COMPLETED, fromDispatcher, t, r, was)
	d := newDetails(s, &s.events.completed)
	d.message.Reason = reason
	d.oneOf.Completed = &d.message
	e.Details = &d.oneOf
	return e
}

func (s *Scheduler) expiredEvent(r *request) *protos.TaskEvent {
	e := s.completedEvent(r, &place{}, s.now, protos.TaskEvent_Completed_REASON_EXPIRED)
	e.Category = fromScheduler
	return e
}

func (s *Scheduler) workerExpiredEvent(w *worker) *protos.TaskEvent {
	return &protos.TaskEvent{
		Type:         protos.TaskEvent_TYPE_WORKER_EXPIRED,
		Category:     fromScheduler,
		Time:         timestamp(s.now),
		WorkerId:     string(w.id),
		WorkerLabels: s.eventNames(w.class.set),
	}
}

// assignedEvent tells of a run that has just started; victim is nil unless it took its worker.
func (s *Scheduler) assignedEvent(r *run, v *victim) *protos.TaskEvent {
	at := s.placeNow(r)
	e := s.placeEvent(protos.TaskEvent_TYPE_ASSIGNED, fromScheduler, s.now, r.req, &at)
	d := newDetails(s, &s.events.assigned)
	d.message.ProvisionRequired = !r.req.lane.demand.prov.within(r.worker.class.set)
	d.message.Priority = int32(r.level)
	if v != nil {
		d.message.Preempting = true
		d.message.PreemptionCost = r.preemptionCost().units()
		d.message.PreemptedRequestId = string(v.request)
	}
	d.oneOf.Assigned = &d.message
	e.Details = &d.oneOf
	return e
}

// preemptedEvent tells of a run that has just lost its worker to the head of a lane.
func (s *Scheduler) preemptedEvent(r *run, v *victim, by *lane, to Priority) *protos.TaskEvent {
	was := place{r.worker.id, s.eventNames(r.worker.class.set), v.cost}
	e := s.placeEvent(protos.TaskEvent_TYPE_PREEMPTED, fromScheduler, s.now, r.req, &was)
	e.Details = &protos.TaskEvent_Preempted_{Preempted: &protos.TaskEvent_Preempted{
		ByRequestId: string(by.head.id),
		ByAccountId: string(by.account.id),
		OldPriority: int32(r.level),
		NewPriority: int32(to),
		Refund:      int64(v.payment),
		UnsavedWork: millisProto(v.unsaved),
		LostWork:    millisProto(r.req.lost()),
	}}
	return e
}

func (s *Scheduler) reprioritizedEvent(r *run, from Priority) *protos.TaskEvent {
	at := s.placeNow(r)
	e := s.placeEvent(protos.TaskEvent_TYPE_REPRIORITIZED, fromScheduler, s.now, r.req, &at)
	e.Details = &protos.TaskEvent_Reprioritized_{Reprioritized: &protos.TaskEvent_Reprioritized{
		OldPriority: int32(from),
		NewPriority: int32(r.level),
	}}
	return e
}

func (s *Scheduler) adoptedEvent(r *run, from WorkerID, t instant) *protos.TaskEvent {
	at := s.placeNow(r)
	e := s.placeEvent(protos.TaskEvent_TYPE_ADOPTED, fromDispatcher, t, r.req, &at)
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
		e = &s.newEvent(e.Type, e.Category, t, r).event
		if r.worker != nil {
			e.Cost = r.worker.run.costAt(s.now.millis()).units()
			if named.worker == "" {
				named.worker = r.worker.id
			}
		}
	}
	e.WorkerId = string(named.worker)
	if w := s.workers[named.worker]; w != nil {
		e.WorkerLabels = s.eventNames(w.class.set)
	}
	e.Details = &protos.TaskEvent_Ignored_{Ignored: &protos.TaskEvent_Ignored{
		Reason:    o.reason,
		KnownTime: timestamp(o.known),
	}}
	return e
}

func timestamp(i instant) *timestamppb.Timestamp {
	return &timestamppb.Timestamp{Seconds: i.sec(), Nanos: i.nsec}
}

// units returns the balance as the wire has it.
func (b Balance) units() []int64 { return b.unitsIn(&[NumPriorities]int64{}) }

// unitsIn does so in memory that it is given.
func (b *Balance) unitsIn(memory *[NumPriorities]int64) []int64 {
	for p, q := range b {
		memory[p] = int64(q)
	}
	return memory[:]
}
