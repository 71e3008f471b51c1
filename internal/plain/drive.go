package plain

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/quotasched/quotasched/fork"
	"github.com/quotasched/quotasched/internal/reference"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// driver is the dispatcher and the world.
type driver struct {
	pool       *reference.Pool
	world      *fork.World
	begin      time.Time
	tick       time.Duration
	heartbeat  time.Duration
	arrivals   []fork.Arrival
	orders     []*protos.Operation
	runs       []*run
	workers    []*worker
	attempts   map[string]int
	handedOut  map[string]scheduler.TaskRequest
	happenings []fork.Happening
	err        error
}

type worker struct {
	fork.Worker
	stopping bool // runs a task of which nothing is known but that it must stop
	asked    bool // has pulled since it last became free
	gone     bool // was reported as gone
}

type run struct {
	task fork.Task
	end  time.Time
}

// Drive goes on with a pool, whose snapshot it may not have seen change, in a world until a time,
// and returns what happened.
func Drive(p *reference.Pool, w *fork.World, until time.Time) ([]fork.Happening, error) {
	snapshot := p.ToProto()
	d := &driver{pool: p, world: w, attempts: map[string]int{},
		handedOut: map[string]scheduler.TaskRequest{}, arrivals: w.Arrivals, orders: w.Orders,
		begin: fork.Begin(snapshot), tick: cmp.Or(w.Timing.Tick, time.Second)}
	if w.Begin.After(d.begin) {
		d.begin = w.Begin
	}
	expiration := snapshot.GetScheduler().GetConfig().GetWorkerExpiration().AsDuration()
	half := cmp.Or(expiration, 5*time.Minute) / 2
	beat := min(cmp.Or(w.Timing.Heartbeat, time.Minute), half)
	d.heartbeat = max(d.tick, beat.Truncate(d.tick))
	for _, w := range w.Workers {
		d.workers = append(d.workers, &worker{Worker: w})
	}
	slices.SortFunc(d.workers, func(a, b *worker) int { return cmp.Compare(a.ID, b.ID) })
	d.takeOver(snapshot)
	d.loop(until)
	return d.happenings, d.err
}

// takeOver looks at what runs in the snapshot, and where.
func (d *driver) takeOver(snapshot *protos.Pool) {
	stages := map[string]protos.Stage{}
	known := map[string]bool{}
	for _, w := range snapshot.GetScheduler().GetWorkers() {
		known[w.GetId()] = true
		stages[w.GetId()] = w.GetRun().GetStage()
		r := d.request(w.GetRun().GetRequest().GetId())
		switch w.GetRun().GetStage() {
		case protos.Stage_STAGE_HANDED_OUT:
			d.handedOut[string(r.ID)] = r
		case protos.Stage_STAGE_RUNNING:
			// Said again, so that the reconciler does not take it back.
			d.tell(pool.TaskRunning(d.begin, r.ID, scheduler.WorkerID(w.GetId())))
			d.starts(fork.Task{Request: r, Worker: scheduler.WorkerID(w.GetId()),
				Start: w.GetRun().GetStartTime().AsTime()}, d.begin)
		}
	}
	for _, q := range snapshot.GetReconciler().GetWorkerQueues() {
		for _, w := range d.workers {
			if string(w.ID) == q.GetWorkerId() && len(q.GetTasksToAbort()) > 0 &&
				(!known[q.GetWorkerId()] || stages[q.GetWorkerId()] == protos.Stage_STAGE_HELD) {
				w.stopping = true
			}
		}
	}
}

// request returns what the pool knows of a request.
func (d *driver) request(id string) scheduler.TaskRequest {
	s := d.pool.ToProto().GetScheduler()
	view := func(r *protos.Request) scheduler.TaskRequest {
		c := r.GetContent()
		q := scheduler.TaskRequest{ID: scheduler.RequestID(r.GetId()), Tags: c.GetTags(),
			BaseLabels: labels(s, c.GetBaseLabelSet()), EnqueueTime: c.GetEnqueueTime().AsTime(),
			ProvisionableLabels: labels(s, c.GetProvisionableLabelSet()),
			LostWork:            r.GetLostWork().AsDuration()}
		if c.GetAccount() > 0 {
			q.Account = scheduler.AccountID(s.GetAccountIds()[c.GetAccount()-1])
		}
		return q
	}
	for _, r := range s.GetWaitingRequests() {
		if r.GetId() == id {
			return view(r)
		}
	}
	for _, w := range s.GetWorkers() {
		if w.GetRun() != nil && w.GetRun().GetRequest().GetId() == id {
			return view(w.GetRun().GetRequest())
		}
	}
	return scheduler.TaskRequest{}
}

func labels(s *protos.Scheduler, set uint32) (out []string) {
	if set > 0 {
		for _, id := range s.GetLabelSets()[set-1].GetLabelIds() {
			out = append(out, s.GetLabels()[id])
		}
	}
	return out
}

// loop looks at each multiple of the tick, and makes one if it is due.
func (d *driver) loop(until time.Time) {
	var last time.Time
	now := d.begin.Truncate(d.tick)
	if now.Before(d.begin) {
		now = now.Add(d.tick)
	}
	for ; !now.After(until) && d.err == nil; now = now.Add(d.tick) {
		if d.empty() && len(d.arrivals) == 0 && !(last.IsZero() && d.anythingToStop()) {
			return
		}
		if last.IsZero() || !now.Before(last.Add(d.heartbeat)) || d.due(last, now) {
			d.happens(last, now)
			d.assign(now)
			d.cancel(now)
			last = now
		}
	}
}

// empty reports whether the pool has no request.
func (d *driver) empty() bool {
	s := d.pool.ToProto().GetScheduler()
	return len(s.GetWaitingRequests()) == 0 &&
		!slices.ContainsFunc(s.GetWorkers(), func(w *protos.Worker) bool { return w.Run != nil })
}

func (d *driver) anythingToStop() bool {
	p := d.pool.ToProto()
	return len(p.GetReconciler().GetWorkerQueues())+len(p.GetReconciler().GetTaskErrors())+
		len(p.GetReconciler().GetExpiredRequests())+len(p.GetScheduler().GetExpiredRequests()) > 0
}

// due reports whether anything happened since the last tick, or a worker wants to be asked.
func (d *driver) due(last, now time.Time) bool {
	in := func(t time.Time) bool { return t.After(last) && !t.After(now) }
	for _, r := range d.runs {
		if !r.end.After(now) {
			return true
		}
	}
	for _, w := range d.workers {
		comes, goes := later(w.From, d.begin), w.Until
		if !goes.IsZero() && !goes.After(comes) {
			continue
		}
		if in(comes) || !goes.IsZero() && in(goes) || d.idle(w, now) && !w.asked {
			return true
		}
	}
	return len(d.arrivals) > 0 && !d.arrivals[0].Time.After(now) ||
		len(d.orders) > 0 && !d.orders[0].GetTime().AsTime().After(now)
}

// idle reports whether a worker pulls at a time.
func (d *driver) idle(w *worker, now time.Time) bool {
	busy := slices.ContainsFunc(d.runs, func(r *run) bool { return r.task.Worker == w.ID })
	comes := later(w.From, d.begin)
	return !busy && !w.stopping && !comes.After(now) && (w.Until.IsZero() || w.Until.After(now))
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// happens tells all that happened up to now, by time; at one time, orders come after the ends of
// tasks, and arrivals last.
func (d *driver) happens(last, now time.Time) {
	for {
		var next *run
		for _, r := range d.runs {
			if !r.end.After(now) && (next == nil || r.end.Before(next.end)) {
				next = r
			}
		}
		if len(d.orders) > 0 {
			o := d.orders[0]
			at := o.GetTime().AsTime()
			later := len(d.arrivals) > 0 && d.arrivals[0].Time.Before(at)
			if !later && !at.After(now) && (next == nil || at.Before(next.end)) {
				d.orders = d.orders[1:]
				d.order(o)
				continue
			}
		}
		if len(d.arrivals) > 0 {
			a := d.arrivals[0]
			if !a.Time.After(now) && (next == nil || a.Time.Before(next.end)) {
				d.arrivals = d.arrivals[1:]
				d.note(fork.Arrived, a.Time, fork.Task{Request: a.Request})
				d.tell(pool.TaskWaiting(a.Time, a.Request))
				continue
			}
		}
		if next == nil {
			break
		}
		d.leaves(next)
		d.note(fork.Ended, next.end, next.task)
		d.tell(pool.TaskAbsent(next.end, next.task.Request.ID))
	}
	for _, w := range d.workers {
		goes := !w.Until.IsZero() && w.Until.After(later(w.From, d.begin)) && !w.Until.After(now)
		if goes && !w.gone {
			w.gone = true
			d.note(fork.WorkerGone, w.Until, fork.Task{Worker: w.ID})
		}
	}
}

// order tells what an operator says, which may be about an account that there is not.
func (d *driver) order(op *protos.Operation) {
	_, err := d.pool.Apply(op, &sink{d})
	if err != nil && !errors.Is(err, scheduler.ErrUnknownAccount) && d.err == nil {
		d.err = err
	}
}

// leaves takes a task off its worker.
func (d *driver) leaves(r *run) {
	d.runs = slices.DeleteFunc(d.runs, func(x *run) bool { return x == r })
	for _, w := range d.workers {
		if w.ID == r.task.Worker {
			w.asked = false
		}
	}
}

// assign lets all workers pull that have no task.
func (d *driver) assign(now time.Time) {
	var idle []*protos.IdleWorker
	for _, w := range d.workers {
		if d.idle(w, now) {
			w.asked = true
			idle = append(idle, pool.IdleWorker(w.ID, w.Labels...))
		}
	}
	result := d.tell(pool.AssignTasks(now, idle...))
	for _, a := range result.GetAssignments() {
		delete(d.handedOut, a.GetRequestId())
		t := fork.Task{Request: d.request(a.GetRequestId()), Start: now,
			Worker: scheduler.WorkerID(a.GetWorkerId()), Attempt: d.attempts[a.GetRequestId()],
			Provision: a.GetProvisionRequired()}
		d.note(fork.Started, now, t)
		d.starts(t, now)
		d.tell(pool.TaskRunning(now, t.Request.ID, t.Worker))
	}
}

func (d *driver) starts(t fork.Task, from time.Time) {
	end := t.Start.Add(max(0, d.world.RunTime(t)))
	d.runs = append(d.runs, &run{task: t, end: later(end, from)})
}

// cancel stops what must stop.
func (d *driver) cancel(now time.Time) {
	result := d.tell(pool.GetCancellations(now))
	for _, c := range result.GetCancellations() {
		id, preempted := c.GetRequestId(), c.GetReason() == protos.Cancellation_REASON_PREEMPTED
		i := slices.IndexFunc(d.runs,
			func(r *run) bool { return string(r.task.Request.ID) == id })
		stopped := fork.Task{Request: scheduler.TaskRequest{ID: scheduler.RequestID(id)}}
		request, content := d.handedOut[id]
		if i >= 0 {
			stopped, content = d.runs[i].task, true
			request = stopped.Request
			d.leaves(d.runs[i])
		}
		switch {
		case preempted && i >= 0:
			d.note(fork.Preempted, now, stopped)
			d.attempts[id] = stopped.Attempt + 1
		case c.GetReason() == protos.Cancellation_REASON_ERROR:
			d.note(fork.Failed, now, stopped)
		}
		delete(d.handedOut, id)
		if preempted && content && !d.world.NoRetry {
			d.tell(pool.TaskWaiting(now, request))
		} else {
			d.tell(pool.TaskAbsent(now, scheduler.RequestID(id)))
		}
	}
	for _, w := range d.workers {
		w.stopping = false
	}
}

func (d *driver) note(k fork.Kind, t time.Time, task fork.Task) {
	d.happenings = append(d.happenings, fork.Happening{Kind: k, Time: t, Task: task})
}

// tell runs an operation.
func (d *driver) tell(op *protos.Operation) *protos.Result {
	result, err := d.pool.Apply(op, &sink{d})
	if err != nil && d.err == nil {
		d.err = err
	}
	return result
}

// sink hears which requests expired, and which of those handed out were taken back.
type sink struct{ d *driver }

// AddEvent implements scheduler.EventSink.
func (s *sink) AddEvent(e *protos.TaskEvent) {
	switch e.GetType() {
	case protos.TaskEvent_TYPE_COMPLETED:
		if e.GetCompleted().GetReason() == protos.TaskEvent_Completed_REASON_EXPIRED {
			s.d.note(fork.Expired, e.GetTime().AsTime(), fork.Task{
				Request: scheduler.TaskRequest{ID: scheduler.RequestID(e.GetRequestId())}})
		}
	case protos.TaskEvent_TYPE_UNASSIGNED, protos.TaskEvent_TYPE_REQUEUED:
		delete(s.d.handedOut, e.GetRequestId())
	}
}
