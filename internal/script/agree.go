package script

import (
	"github.com/quotasched/quotasched/internal/reference"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// assignedEvents passes events on and keeps those of assignments.
type assignedEvents struct {
	to   scheduler.EventSink
	kept []*protos.TaskEvent
}

func (a *assignedEvents) AddEvent(e *protos.TaskEvent) {
	if e.Type == protos.TaskEvent_TYPE_ASSIGNED {
		a.kept = append(a.kept, e)
	}
	a.to.AddEvent(e)
}

// check returns an error unless a pass returned what its events say, in their order.
func (a *assignedEvents) check(got []scheduler.Assignment, s reference.Machine) error {
	if len(got) != len(a.kept) {
		return scriptError("%d assignments, but %d events of them", len(got), len(a.kept))
	}
	for i, g := range got {
		e := a.kept[i]
		kind := scheduler.AssignmentIdleWorker
		if e.GetAssigned().Preempting {
			kind = scheduler.AssignmentPreemptWorker
		}
		want := scheduler.Assignment{
			Type:     kind,
			Worker:   scheduler.WorkerID(e.WorkerId),
			Request:  scheduler.RequestID(e.RequestId),
			Priority: scheduler.Priority(e.GetAssigned().Priority),
			Time:     e.Time.AsTime(),
			Abort:    g.Abort, // the event does not say how far the victim had come
			LostWork: g.LostWork,
		}
		if g.Abort != "" && string(g.Abort) != e.GetAssigned().PreemptedRequestId {
			return scriptError("%s aborts %s, but preempts %s", g.Request, g.Abort,
				e.GetAssigned().PreemptedRequestId)
		}
		if g.Time.Equal(want.Time) {
			want.Time = g.Time // the same instant, whatever its location
		}
		if g != want {
			return scriptError("the assignment is %+v, but its event says %+v", g, want)
		}
		if !s.IsAssigned(g.Request, g.Worker) {
			return scriptError("%s is not on %s after the pass", g.Request, g.Worker)
		}
	}
	return nil
}
