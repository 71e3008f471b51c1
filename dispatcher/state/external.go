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
		if !p.isOverBefore(op) {
			var err error
			if result, err = p.apply(p.timed(op)); err != nil {
				return refusalOf(err)
			}
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
			case !p.follows(h.request):
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

// isOverBefore reports whether news says that a request lives which was over at that time or later,
// and if so tells that the news is ignored.
func (p *hosted) isOverBefore(op *protos.Operation) bool {
	request := requestOf(op)
	if request == "" || op.GetTaskAbsent() != nil {
		return false
	}
	news, over := p.over.since(request, op.GetTime().AsTime())
	if over {
		p.ignore(op, &protos.TaskEvent{RequestId: request},
			protos.TaskEvent_Ignored_REASON_REQUEST_NEWER, news)
	}
	return over
}

// ignore tells that an operation says something about a request or worker which is older than what
// is known.
func (p *hosted) ignore(op *protos.Operation, of *protos.TaskEvent,
	reason protos.TaskEvent_Ignored_Reason, known time.Time) {
	of.Type, of.Category = protos.TaskEvent_TYPE_IGNORED, protos.TaskEvent_CATEGORY_DISPATCHER
	of.Time = op.GetTime()
	of.Details = &protos.TaskEvent_Ignored_{Ignored: &protos.TaskEvent_Ignored{Reason: reason,
		KnownTime: timestamppb.New(known)}}
	p.follow(of)
}

// noteNews notes that a request was heard of, or that it is over.
func (p *hosted) noteNews(op *protos.Operation) {
	request := requestOf(op)
	if request == "" {
		return
	}
	at := op.GetTime().AsTime()
	if at.After(p.entry.at) {
		at = p.entry.at
	}
	if p.follows(request) {
		p.heard.hear(request, at)
		return
	}
	p.heard.forget(request)
	if op.GetTaskAbsent() != nil {
		p.over.add(request, op.GetTime().AsTime(), p.entry.at)
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
// pool's. An older one is taken at the pool's time, without the workers of which something newer is
// known: it was under way for long, and says nothing of what they do by now.
func (p *hosted) timePull(op *protos.Operation) *protos.Operation {
	at := op.GetTime().AsTime()
	if p.now.Sub(at) > externalBehind {
		late := op
		op = proto.CloneOf(late)
		op.Time = timestamppb.New(p.now)
		pull := op.GetAssignTasks()
		pull.Workers = slices.DeleteFunc(pull.GetWorkers(), func(w *protos.IdleWorker) bool {
			known, runs := p.newsOfWorker(w.GetWorkerId())
			if known.Before(at) || known.Equal(at) && !runs {
				return false
			}
			p.ignore(late, &protos.TaskEvent{WorkerId: w.GetWorkerId()},
				protos.TaskEvent_Ignored_REASON_WORKER_NEWER, known)
			return true
		})
	}
	if at.After(p.now) {
		p.now = at
	}
	return op
}

// newsOfWorker returns the time of the newest news of a worker, and of what is on it, and whether a
// task was reported to run there. Of an unknown worker the time is zero.
func (p *hosted) newsOfWorker(worker string) (newest time.Time, runs bool) {
	s := p.pool.Scheduler()
	w, _ := s.Worker(scheduler.WorkerID(worker))
	if w.Run == nil {
		return w.ConfirmedTime, false
	}
	newest, runs = w.ConfirmedTime, w.Run.Stage == scheduler.Running
	if r, _ := s.Request(w.Run.Request); r.ConfirmedTime.After(newest) {
		newest = r.ConfirmedTime
	}
	return newest, runs
}

// timeRunning returns the news that a task runs where it was handed to, not older than the pull
// that it was handed to: it cannot be, but the clocks of an external dispatcher's servers differ.
func (p *hosted) timeRunning(op *protos.Operation) *protos.Operation {
	n := op.GetTaskRunning()
	on, stage, ok := p.pool.Scheduler().Stage(scheduler.RequestID(n.GetRequestId()))
	if !ok || stage != scheduler.HandedOut || string(on) != n.GetWorkerId() {
		return op
	}
	known, _ := p.newsOfWorker(n.GetWorkerId())
	if late := known.Sub(op.GetTime().AsTime()); late <= 0 || late > externalBehind {
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
