package state

import (
	"slices"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/replica"
	"github.com/quotasched/quotasched/scheduler"
)

const (
	// externalAhead is how far ahead of the state's time an external dispatcher's news may be,
	externalAhead = 10 * time.Second
	// and externalBehind how far behind the pool's time a pull: an older one is taken at that time.
	externalBehind = 10 * time.Second
	// externalSkew is how far the clocks of an external dispatcher's servers may be apart.
	externalSkew = 10 * time.Second
	// heldMax is how long an assignment may have been held for a worker that pulls.
	heldMax = time.Minute
)

// external runs an operation of an external pool.
func (e *entry) external(c *replica.ExternalOperation, out *replica.CommandOutcome) error {
	op := c.GetOperation()
	if err := Check(c); err != nil {
		return err
	}
	return e.onExternal(c.GetPool(), func(p *hosted) error {
		at := op.GetTime().AsTime()
		if ahead := at.Sub(e.at); ahead > externalAhead {
			return invalid("pool %s: the time of the news is %v ahead, more than %v", p.name,
				ahead.Round(time.Millisecond), externalAhead)
		}
		if err := p.checkExternalBounds(op); err != nil {
			return err
		}
		result := &protos.Result{}
		if !p.isOld(op) {
			var err error
			op = p.timed(op)
			p.takeBackHeld(op)
			if result, err = p.apply(op); err != nil {
				return refusalOf(err)
			}
		}
		for _, a := range result.GetAssignments() {
			p.heard.handOut(a.GetRequestId(), op.GetTime().AsTime())
		}
		p.noteNews(op)
		out.Answer = &replica.CommandOutcome_External{External: result}
		return nil
	})
}

// onExternal is on for a pool whose tasks are another dispatcher's.
func (e *entry) onExternal(name string, do func(*hosted) error) error {
	return e.on(name, func(p *hosted) error {
		if !p.external {
			return ownPool(name)
		}
		return do(p)
	})
}

// ownPool says that a pool's tasks live here.
func ownPool(name string) error {
	return refuse(codes.FailedPrecondition,
		"pool %s is not external: its tasks and workers are this dispatcher's", name)
}

// takeCallbacks asks about the requests whose turn it is. One of which nothing was heard for a day,
// though it was asked about again and again, is over.
func (e *entry) takeCallbacks(c *replica.TakeCallbacks, out *replica.CommandOutcome) error {
	return e.onExternal(c.GetPool(), func(p *hosted) error {
		asked := &replica.Callbacks{}
		for len(asked.RequestIds) < callbacksMax {
			h := p.heard.next(e.at)
			switch {
			case h == nil:
				out.Answer = &replica.CommandOutcome_Callbacks{Callbacks: asked}
				return nil
			case !p.follows(h.request) && h.asked > 0:
			case h.isLost(e.at):
				p.must(pool.TaskAbsent(p.now, scheduler.RequestID(h.request)))
			default:
				h.turn, h.asked = e.at, h.asked+1
				p.heard.add(h)
				asked.RequestIds = append(asked.RequestIds, h.request)
			}
		}
		out.Answer = &replica.CommandOutcome_Callbacks{Callbacks: asked}
		return nil
	})
}

// follows reports whether an external pool has anything to do with a request: it waits, is on a
// worker or is to be cancelled.
func (p *hosted) follows(request string) bool {
	id := scheduler.RequestID(request)
	return p.pool.Scheduler().Knows(id) || p.pool.Reconciler().Cancels(id)
}

// isOld reports whether news says that a request waits or runs, and it is known to have gone on
// since, or its worker to another request; if so it tells that the news is ignored. What is not
// newer by more than externalSkew may be from before; if it is true, an answer to a callback says
// so again.
func (p *hosted) isOld(op *protos.Operation) bool {
	request := requestOf(op)
	if request == "" || op.GetTaskAbsent() != nil {
		return false
	}
	known := p.over.since(request)
	if op.GetTaskWaiting() != nil {
		known = latest(known, p.startOf(request))
	}
	if n := op.GetTaskRunning(); n != nil {
		w, _ := p.pool.Scheduler().Worker(scheduler.WorkerID(n.GetWorkerId()))
		if w.Run != nil && string(w.Run.Request) != request {
			known = latest(known, p.startOf(string(w.Run.Request)))
		}
	}
	if op.GetTime().AsTime().Sub(known) > externalSkew {
		return false
	}
	p.ignore(op, &protos.TaskEvent{RequestId: request},
		protos.TaskEvent_Ignored_REASON_REQUEST_NEWER, known)
	return true
}

// startOf returns the newest time at which a request is known to have been given to a worker: when
// it was handed out last, or was said to run where it is. It is zero if it never was.
func (p *hosted) startOf(request string) time.Time {
	known, id := p.heard.handed(request), scheduler.RequestID(request)
	if _, stage, on := p.pool.Scheduler().Stage(id); on && stage == scheduler.Running {
		r, _ := p.pool.Scheduler().Request(id)
		known = latest(known, r.ConfirmedTime)
	}
	return known
}

// ignore tells that an operation says something about a request or worker which is older than what
// is known.
func (p *hosted) ignore(op *protos.Operation, of *protos.TaskEvent,
	reason protos.TaskEvent_Ignored_Reason, known time.Time) {
	of.Type, of.Category = protos.TaskEvent_TYPE_IGNORED, protos.TaskEvent_CATEGORY_DISPATCHER
	of.Time = op.GetTime()
	of.Details = &protos.TaskEvent_Ignored_{Ignored: &protos.TaskEvent_Ignored{Reason: reason,
		KnownTime: timestamppb.New(known)}}
	p.follow(p.memory.decisions.of(of, p.name))
}

// noteNews notes that a request was heard of, or that it is over. Of one that was over, and is said
// to wait again too soon to be believed, more is to be heard.
func (p *hosted) noteNews(op *protos.Operation) {
	request := requestOf(op)
	if request == "" {
		return
	}
	at := op.GetTime().AsTime()
	if at.After(p.entry.at) {
		at = p.entry.at
	}
	switch {
	case op.GetTaskAbsent() != nil && !p.follows(request):
		p.heard.forget(request)
		p.over.add(request, op.GetTime().AsTime(), p.entry.at)
	case p.follows(request), op.GetTaskWaiting() != nil &&
		op.GetTime().AsTime().After(p.over.since(request)):
		p.heard.hear(request, at)
	}
}

// followExternal takes an event of an external pool's scheduler.
func (p *hosted) followExternal(event *protos.TaskEvent) {
	if event.GetType() != protos.TaskEvent_TYPE_COMPLETED {
		return
	}
	request := event.GetRequestId()
	if event.GetCompleted().GetReason() != protos.TaskEvent_Completed_REASON_EXPIRED {
		p.over.add(request, event.GetTime().AsTime(), p.entry.at)
	}
	if !p.follows(request) {
		p.heard.forget(request)
	}
}

// timed returns an operation with the time at which it counts.
func (p *hosted) timed(op *protos.Operation) *protos.Operation {
	switch {
	case op.GetAssignTasks() != nil:
		return p.timePull(op)
	case op.GetTaskRunning() != nil:
		return p.timeRunning(op)
	}
	return op
}

// timePull returns a pull that is not older than the pool allows, and takes its time for the
// pool's. An older one is taken at the pool's time, without the workers that have gone on since.
func (p *hosted) timePull(op *protos.Operation) *protos.Operation {
	at := op.GetTime().AsTime()
	if p.now.Sub(at) > externalBehind {
		late := op
		op = proto.CloneOf(late)
		op.Time = timestamppb.New(p.now)
		pull := op.GetAssignTasks()
		pull.Workers = slices.DeleteFunc(pull.GetWorkers(), func(w *protos.IdleWorker) bool {
			known, newer := p.hasGoneOn(w.GetWorkerId(), at)
			if newer {
				p.ignore(late, &protos.TaskEvent{WorkerId: w.GetWorkerId()},
					protos.TaskEvent_Ignored_REASON_WORKER_NEWER, known)
			}
			return newer
		})
	}
	if at.After(p.now) {
		p.now = at
	}
	return op
}

// takeBackHeld takes back what has been held for long for the workers of a pull, most of which had
// to stop another task first. The pull is answered with a new assignment, which has all of the
// worker queue timeout to be acknowledged.
func (p *hosted) takeBackHeld(op *protos.Operation) {
	s, at := p.pool.Scheduler(), op.GetTime().AsTime()
	for _, pull := range op.GetAssignTasks().GetWorkers() {
		id := scheduler.WorkerID(pull.GetWorkerId())
		w, _ := s.Worker(id)
		if w.Run == nil || w.Run.Stage != scheduler.Held || at.Sub(w.Run.StartTime) < heldMax {
			continue
		}
		r, _ := s.Request(w.Run.Request)
		p.must(pool.WorkerGone(latest(at, w.ConfirmedTime, r.ConfirmedTime), id))
	}
}

// hasGoneOn reports whether a worker is known to have done something since it pulled at a time: it
// runs a task, or has pulled again. One that has a task which it is not known to run has not: its
// late pull may be the one whose answer it waits for.
func (p *hosted) hasGoneOn(worker string, at time.Time) (known time.Time, newer bool) {
	s := p.pool.Scheduler()
	w, _ := s.Worker(scheduler.WorkerID(worker))
	switch {
	case w.Run == nil:
		return w.ConfirmedTime, w.ConfirmedTime.After(at)
	case w.Run.Stage != scheduler.Running:
		return time.Time{}, false
	}
	r, _ := s.Request(w.Run.Request)
	known = latest(w.ConfirmedTime, r.ConfirmedTime)
	return known, !known.Before(at)
}

// latest returns the latest of some times.
func latest(times ...time.Time) time.Time {
	return slices.MaxFunc(times, time.Time.Compare)
}

// timeRunning returns the news that a task runs where it was handed to, not older than what is
// known of it and its worker, all of which was before: the clocks of an external dispatcher's
// servers differ.
func (p *hosted) timeRunning(op *protos.Operation) *protos.Operation {
	n, s := op.GetTaskRunning(), p.pool.Scheduler()
	on, stage, ok := s.Stage(scheduler.RequestID(n.GetRequestId()))
	if !ok || stage != scheduler.HandedOut || string(on) != n.GetWorkerId() {
		return op
	}
	w, _ := s.Worker(on)
	r, _ := s.Request(w.Run.Request)
	known := latest(w.ConfirmedTime, r.ConfirmedTime, p.heard.handed(n.GetRequestId()))
	if late := known.Sub(op.GetTime().AsTime()); late <= 0 || late > externalSkew {
		return op
	}
	op = proto.CloneOf(op)
	op.Time = timestamppb.New(known)
	return op
}

// checkExternalBounds refuses requests and workers beyond what the pool holds.
func (p *hosted) checkExternalBounds(op *protos.Operation) error {
	waits, failed := op.GetTaskWaiting() != nil, op.GetAddTaskError() != nil
	if (waits || failed) && p.heard.byID[requestOf(op)] == nil {
		if n := int64(len(p.heard.byID)) + 1; n > p.limits.liveTasks {
			return exhausted(p.name, "requests", n, p.limits.liveTasks)
		}
	}
	s, fresh := p.pool.Scheduler(), 0
	for _, w := range op.GetAssignTasks().GetWorkers() {
		if _, known := s.Worker(scheduler.WorkerID(w.GetWorkerId())); !known {
			fresh++
		}
	}
	if fresh == 0 {
		return nil
	}
	c := p.pool.Counts()
	known := c.Idle
	for _, n := range c.Running {
		known += n
	}
	if n := int64(known + fresh); n > p.limits.workers {
		return exhausted(p.name, "workers", n, p.limits.workers)
	}
	return nil
}
