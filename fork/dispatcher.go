package fork

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// nextTick returns when the next tick is, and whether there is one.
func (r *runner) nextTick() (time.Duration, bool) {
	next := time.Duration(-1)
	consider := func(at time.Duration) {
		if over := at % r.every; over > 0 {
			at += min(r.every-over, maxTime-at)
		}
		if r.last != never && at <= r.last {
			at = r.last + r.every
		}
		if next < 0 || at < next {
			next = at
		}
	}
	if len(r.arrivals) == 0 && r.outstanding == 0 && !r.cancelDue {
		return 0, false
	}
	if at, ok := r.agenda.next(); ok {
		consider(at)
	}
	if len(r.arrivals) > 0 {
		consider(r.arrivals[0].Time.Sub(r.base))
	}
	if len(r.orders) > 0 {
		consider(r.orders[0].GetTime().AsTime().Sub(r.base))
	}
	if r.last == never {
		consider(r.begin.Sub(r.base))
	} else {
		consider(r.last + r.heartbeat)
	}
	if slices.ContainsFunc(r.eager, (*worker).wants) {
		consider(r.last + r.every)
	}
	return next, true
}

// fetch gets more arrivals if none is left.
func (r *runner) fetch() error {
	if len(r.arrivals) > 0 || r.more == nil {
		return nil
	}
	r.arrivals = r.more()
	if len(r.arrivals) == 0 {
		r.more = nil
	}
	return r.check.check(r.arrivals)
}

// maxTime is the latest time that can be counted.
const maxTime = time.Duration(1<<63 - 1)

// tick is the dispatcher's turn.
func (r *runner) tick(ctx context.Context, now time.Duration) error {
	r.last = now
	if err := r.tell(ctx, now); err != nil {
		return err
	}
	if err := r.assign(ctx, now); err != nil {
		return err
	}
	if r.cancelDue {
		return r.cancel(ctx, now)
	}
	return nil
}

// tell tells the pool all that happened up to now, in order of time.
func (r *runner) tell(ctx context.Context, now time.Duration) error {
	for {
		if err := r.fetch(); err != nil {
			return err
		}
		at, what := r.earliest()
		if what == nothing || at > now {
			return nil
		}
		var err error
		switch what {
		case agreed:
			err = r.keep(ctx, r.agenda.take())
		case ordered:
			err = r.order(ctx)
		case arriving:
			err = r.arrive(ctx, at)
		}
		if err != nil {
			return err
		}
	}
}

// What there is to tell.
const (
	nothing = iota
	agreed
	ordered
	arriving
)

// earliest returns when there is something to tell, and what comes first then.
func (r *runner) earliest() (at time.Duration, what int) {
	at, ok := r.agenda.next()
	if ok {
		what = agreed
	}
	if len(r.orders) > 0 {
		t := r.orders[0].GetTime().AsTime().Sub(r.base)
		if what == nothing || t < at {
			at, what = t, ordered
		}
	}
	if len(r.arrivals) > 0 {
		t := r.arrivals[0].Time.Sub(r.base)
		if what == nothing || t < at {
			at, what = t, arriving
		}
	}
	return at, what
}

// order tells the pool what an operator says.
func (r *runner) order(ctx context.Context) error {
	op := r.orders[0]
	r.orders = r.orders[1:]
	if _, err := r.apply(ctx, op); !errors.Is(err, scheduler.ErrUnknownAccount) {
		return err
	}
	return nil
}

// arrive tells the pool of the next arrival.
func (r *runner) arrive(ctx context.Context, at time.Duration) error {
	request := &r.arrivals[0].Request
	r.arrivals = r.arrivals[1:]
	r.observe(Arrived, at, Task{Request: *request})
	return r.tellWaiting(ctx, at, request)
}

// keep keeps an appointment.
func (r *runner) keep(ctx context.Context, a appointment) error {
	switch a.kind {
	case workerComes:
		a.worker.present = true
		r.eager = append(r.eager, a.worker)
	case workerGoes:
		a.worker.present = false
		r.observe(WorkerGone, a.at, Task{Worker: scheduler.WorkerID(a.worker.pull.GetWorkerId())})
	case taskEnds:
		r.ends(a.task)
		r.observe(Ended, a.at, a.task.Task)
		return r.tellAbsent(ctx, a.at, a.task.Request.ID)
	}
	return nil
}

// assign lets the workers pull for which that makes a difference, and starts what is given to
// workers without a task.
func (r *runner) assign(ctx context.Context, now time.Duration) error {
	pulls := r.pulls(now)
	var idle []*protos.IdleWorker
	for _, w := range pulls {
		idle = append(idle, w.pull)
	}
	result, err := r.apply(ctx, pool.AssignTasks(r.at(now), idle...))
	if err != nil {
		return err
	}
	for _, w := range pulls {
		w.heard = true
	}
	for _, a := range result.GetAssignments() {
		r.give(r.byID[scheduler.WorkerID(a.GetWorkerId())], scheduler.RequestID(a.GetRequestId()),
			a.GetProvisionRequired())
	}
	given := r.given
	r.given = nil
	sortByID(given)
	for _, w := range given {
		if err := r.start(ctx, now, w); err != nil {
			return err
		}
	}
	return nil
}

// give notes what a worker was given in the present pass; what is noted last counts.
func (r *runner) give(w *worker, id scheduler.RequestID, provision bool) {
	if w.given == "" {
		r.given = append(r.given, w)
	}
	w.given, w.provision = id, provision
}

// pulls returns the workers that pull now, by id: those that the pool does not take for idle, those
// that are about to go, or, now and then, all that have no task.
func (r *runner) pulls(now time.Duration) []*worker {
	var pulls []*worker
	for _, w := range slices.Concat(r.eager, r.forgotten) {
		if w.wants() {
			pulls = append(pulls, w)
		}
	}
	r.eager, r.forgotten = nil, nil
	for len(r.departures) > 0 && r.departures[0].until <= now+r.heartbeat {
		r.leaving = append(r.leaving, r.departures[0])
		r.departures = r.departures[1:]
	}
	r.leaving = slices.DeleteFunc(r.leaving, func(w *worker) bool { return w.until <= now })
	for _, w := range r.leaving {
		if w.idle() {
			pulls = append(pulls, w)
		}
	}
	if r.lastKeepAlive == never || now-r.lastKeepAlive >= r.keepAlive {
		r.lastKeepAlive = now
		pulls = pulls[:0]
		for _, w := range r.workers {
			if w.idle() {
				pulls = append(pulls, w)
			}
		}
	}
	sortByID(pulls)
	return slices.Compact(pulls)
}

func sortByID(workers []*worker) {
	slices.SortFunc(workers, func(a, b *worker) int {
		return cmp.Compare(a.pull.GetWorkerId(), b.pull.GetWorkerId())
	})
}

// start begins the task that a worker was given.
func (r *runner) start(ctx context.Context, now time.Duration, w *worker) error {
	id := w.given
	w.given = ""
	request, _ := r.pool.Scheduler().Request(id)
	delete(r.handedOut, id)
	t := &task{worker: w, Task: Task{
		Request:   request,
		Worker:    scheduler.WorkerID(w.pull.GetWorkerId()),
		Start:     r.at(now),
		Attempt:   r.attempts[id],
		Provision: w.provision,
	}}
	r.observe(Started, now, t.Task)
	r.begins(t, now)
	return r.tellRunning(ctx, now, id, t.Worker)
}
