package state

import (
	"fmt"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// roundsMax is how many passes one entry runs at most in a pool. Each further one hands out what
// the one before gave to slots that did not pull.
const roundsMax = 8

// pass lets the idle slots that were looked at pull, runs a pass, and makes leases of what it
// decided.
func (p *hosted) pass() {
	for _, w := range p.looks {
		p.settle(w)
	}
	pulls := p.pulls()
	p.looks = nil
	for round := 0; round == 0 || round < roundsMax && len(pulls) > 0; round++ {
		p.assigned = nil
		result := p.must(pool.AssignTasks(p.now, pulls...))
		for _, a := range result.GetAssignments() {
			p.hand(a)
		}
		pulls = p.unpulled()
	}
	p.assigned = nil
}

// settle tells the scheduler which slots of a worker are gone or cordoned by now.
func (p *hosted) settle(w *worker) {
	p.resize(w)
	for _, s := range w.slots {
		p.syncCordon(s)
	}
}

// pulls returns the pulls of the idle slots that were looked at.
func (p *hosted) pulls() (pulls []*protos.IdleWorker) {
	for _, w := range p.looks {
		for _, s := range w.slots {
			if s.wantsTask() {
				pulls = append(pulls, pool.IdleWorker(scheduler.WorkerID(s.id), w.labels...))
			}
		}
	}
	return pulls
}

// unpulled returns pulls of the idle slots that a pass gave something without their pull.
func (p *hosted) unpulled() (pulls []*protos.IdleWorker) {
	for _, a := range p.assigned {
		s := p.slotOf(a.worker)
		t := p.tasks[a.request]
		if s != nil && s.wantsTask() && t != nil && t.state == waiting {
			pulls = append(pulls, pool.IdleWorker(scheduler.WorkerID(s.id), s.worker.labels...))
		}
	}
	return pulls
}

// follow takes an event of the scheduler: it is told, counted in the usage, and where it is a
// decision about a task the task follows.
func (p *hosted) follow(d *decision) {
	event := &d.scheduler
	p.usage.follow(event)
	reason := event.GetCompleted().GetReason()
	if reason == protos.TaskEvent_Completed_REASON_WIPED {
		return // the event WIPED says so of all of them, which may be a million
	}
	p.entry.emitAt(&d.position, p.name, &d.event)
	if p.external {
		p.followExternal(event)
		return
	}
	switch event.GetType() {
	case protos.TaskEvent_TYPE_ASSIGNED:
		p.assigned = append(p.assigned, scheduledTo{event.GetWorkerId(), event.GetRequestId()})
	case protos.TaskEvent_TYPE_PREEMPTED:
		p.preempt(event)
	case protos.TaskEvent_TYPE_COMPLETED:
		if reason == protos.TaskEvent_Completed_REASON_EXPIRED {
			p.expire(event)
		}
	}
}

// preempt stops a task that lost its slot. One that was not handed out yet has no lease, and waits
// again.
func (p *hosted) preempt(event *protos.TaskEvent) {
	t := p.tasks[event.GetRequestId()]
	if t == nil {
		panic(fmt.Sprintf("invariant: a preempted task is known: %q", event.GetRequestId()))
	}
	p.update(t, func() {
		t.lostWork = max(t.lostWork, event.GetPreempted().GetLostWork().AsDuration())
	})
	if t.onWorker() {
		p.stopLease(t, preempted, "")
	}
}

// expire ends a task that waited for too long.
func (p *hosted) expire(event *protos.TaskEvent) {
	t := p.tasks[event.GetRequestId()]
	if t == nil || t.state != waiting {
		panic(fmt.Sprintf("invariant: a task that expires waits: %q", event.GetRequestId()))
	}
	p.end(t, change{to: expired, message: "it waited for longer than the pool lets tasks wait"})
	p.absent(t)
}
