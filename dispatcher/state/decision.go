package state

import (
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/scheduler"
)

// A decision is an event of the scheduler, as the event of a pool: in one piece of memory but for
// its details and labels.
type decision struct {
	event         dispatch.Event
	position      dispatch.Position
	kind          dispatch.Event_Scheduler
	scheduler     protos.TaskEvent
	time          timestamppb.Timestamp
	balance, cost [scheduler.NumPriorities]int64
}

// A details is the details of an event in one piece of memory.
type details[OneOf, Message any] struct {
	oneOf   OneOf
	message Message
}

// decisions make decisions.
type decisions struct {
	decisions slab[decision]
	labels    slab[string]
	enqueued  slab[details[protos.TaskEvent_Enqueued_, protos.TaskEvent_Enqueued]]
	assigned  slab[details[protos.TaskEvent_Assigned_, protos.TaskEvent_Assigned]]
	completed slab[details[protos.TaskEvent_Completed_, protos.TaskEvent_Completed]]
}

// of copies an event of the scheduler, which has made it in memory that it uses again, and gives it
// the name of its pool.
func (d *decisions) of(e *protos.TaskEvent, pool string) *decision {
	m := d.decisions.next()
	s := &m.scheduler
	s.Type, s.Category, s.Pool = e.Type, e.Category, pool
	s.RequestId, s.AccountId, s.WorkerId = e.RequestId, e.AccountId, e.WorkerId
	s.AccountValid, s.IsCallback = e.AccountValid, e.IsCallback
	if e.Time != nil {
		m.time.Seconds, m.time.Nanos = e.Time.Seconds, e.Time.Nanos
		s.Time = &m.time
	}
	s.AccountBalance = append(m.balance[:0], e.AccountBalance...)
	s.Cost = append(m.cost[:0], e.Cost...)
	s.BaseLabels = d.labels.copyOf(e.BaseLabels)
	s.ProvisionableLabels = d.labels.copyOf(e.ProvisionableLabels)
	s.WorkerLabels = d.labels.copyOf(e.WorkerLabels)
	d.detail(s, e)
	m.kind.Scheduler, m.event.Kind = s, &m.kind
	return m
}

// detail copies the details of an event.
func (d *decisions) detail(to, from *protos.TaskEvent) {
	switch k := from.Details.(type) {
	case nil:
	case *protos.TaskEvent_Enqueued_:
		m := d.enqueued.next()
		m.message.Tags = d.labels.copyOf(k.Enqueued.GetTags())
		m.oneOf.Enqueued, to.Details = &m.message, &m.oneOf
	case *protos.TaskEvent_Assigned_:
		m := d.assigned.next()
		a, b := &m.message, k.Assigned
		a.ProvisionRequired, a.Priority = b.GetProvisionRequired(), b.GetPriority()
		a.Preempting, a.PreemptedRequestId = b.GetPreempting(), b.GetPreemptedRequestId()
		a.PreemptionCost = append(a.PreemptionCost, b.GetPreemptionCost()...)
		m.oneOf.Assigned, to.Details = a, &m.oneOf
	case *protos.TaskEvent_Completed_:
		m := d.completed.next()
		m.message.Reason = k.Completed.GetReason()
		m.message.OtherRequestId = k.Completed.GetOtherRequestId()
		m.message.OtherWorkerId = k.Completed.GetOtherWorkerId()
		m.oneOf.Completed, to.Details = &m.message, &m.oneOf
	default:
		to.Details = proto.CloneOf(&protos.TaskEvent{Details: from.Details}).Details
	}
}
