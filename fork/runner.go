package fork

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// A runner is a fork that goes on. Times in it are counted from base.
type runner struct {
	world   *World
	options *Options
	pool    *pool.Pool

	// base is the last multiple of the tick that is not after begin.
	base, begin time.Time
	// every is the tick, heartbeat and keepAlive multiples of it: how often there is a tick at
	// least, and after which time all workers without a task pull.
	every, heartbeat, keepAlive time.Duration
	// last and lastKeepAlive are when these last happened; never at first.
	last, lastKeepAlive time.Duration
	operations          int

	agenda agenda
	// arrivals are the requests that have not come; more returns the next ones, and is nil if there
	// are none. All are checked.
	arrivals []Arrival
	more     func() []Arrival
	check    *arrivalCheck
	orders   []*protos.Operation // that were not told yet
	// workers are those of the world, by id.
	workers []*worker
	byID    map[scheduler.WorkerID]*worker
	// eager are workers that came, or whose task is over, and that may not have pulled since;
	// forgotten are the workers that the pool forgot, or may have, so that they must pull again.
	eager, forgotten []*worker
	// given are workers that the present pass gave a task, and stopping those with a task that is
	// being stopped in the snapshot.
	given, stopping []*worker
	// departures are the workers that will go, by time, and leaving those that go before there must
	// be another tick: they pull at each one, so that the pool knows when it last heard of them.
	departures, leaving []*worker
	// running has what runs, also on workers that are not of the world.
	running map[scheduler.RequestID]*task
	// handedOut are requests that the snapshot has as handed out, and that never ran since.
	handedOut map[scheduler.RequestID]scheduler.TaskRequest
	// attempts counts the runs of requests that were preempted.
	attempts map[scheduler.RequestID]int
	// outstanding is how many requests the pool has, waiting or on a worker.
	outstanding int
	// cancelDue is true while there may be something to stop.
	cancelDue bool
}

// never is a time before all others.
const never time.Duration = -1

// A worker is one of the world.
type worker struct {
	pull *protos.IdleWorker
	// present is true from when it first pulls until it pulls no more.
	present bool
	// until is when it goes; never if it stays.
	until time.Duration
	// task is what it runs.
	task *task
	// stopping is true while it runs a task that is being stopped in the snapshot, and of which
	// nothing else is known.
	stopping bool
	// heard is true while the pool takes it for idle, so that its pulls change nothing.
	heard bool
	// given is the request that the present pass gave it, and starts when that is over; empty for
	// none. Provision goes with it.
	given     scheduler.RequestID
	provision bool
}

// idle reports whether it pulls at each tick.
func (w *worker) idle() bool { return w.present && w.task == nil && !w.stopping }

// wants reports whether its next pull makes a difference.
func (w *worker) wants() bool { return w.idle() && !w.heard }

// A task is a run that goes on.
type task struct {
	Task
	worker *worker // nil if it is not of the world
	over   bool
}

func newRunner(p *pool.Pool, w *World, o *Options) *runner {
	r := &runner{
		world:         w,
		options:       o,
		pool:          p,
		every:         cmp.Or(w.Timing.Tick, time.Second),
		last:          never,
		lastKeepAlive: never,
		arrivals:      w.Arrivals,
		more:          w.More,
		orders:        w.Orders,
		byID:          make(map[scheduler.WorkerID]*worker, len(w.Workers)),
		running:       map[scheduler.RequestID]*task{},
		handedOut:     map[scheduler.RequestID]scheduler.TaskRequest{},
		attempts:      map[scheduler.RequestID]int{},
	}
	expiration := cmp.Or(p.Scheduler().Config().WorkerExpiration,
		scheduler.DefaultWorkerExpiration)
	multiple := func(d time.Duration) time.Duration { return max(r.every, d-d%r.every) }
	r.heartbeat = multiple(min(cmp.Or(w.Timing.Heartbeat, time.Minute), expiration/2))
	r.keepAlive = multiple(expiration - r.heartbeat) // it may be a heartbeat late
	return r
}

// at returns an instant that is counted from base.
func (r *runner) at(d time.Duration) time.Time { return r.base.Add(d) }

// apply runs an operation.
func (r *runner) apply(ctx context.Context, op *protos.Operation) (*protos.Result, error) {
	r.operations++
	return r.pool.Apply(ctx, op, r)
}

func (r *runner) tellRunning(ctx context.Context, at time.Duration, id scheduler.RequestID,
	w scheduler.WorkerID) error {
	_, err := r.apply(ctx, pool.TaskRunning(r.at(at), id, w))
	return err
}

func (r *runner) tellAbsent(ctx context.Context, at time.Duration, id scheduler.RequestID) error {
	if r.pool.Scheduler().Knows(id) {
		r.outstanding--
	}
	_, err := r.apply(ctx, pool.TaskAbsent(r.at(at), id))
	return err
}

func (r *runner) tellWaiting(ctx context.Context, at time.Duration,
	q *scheduler.TaskRequest) error {
	r.outstanding++
	_, err := r.apply(ctx, pool.TaskWaiting(r.at(at), *q))
	return err
}

// observe tells what happened.
func (r *runner) observe(k Kind, at time.Duration, t Task) {
	if r.options.Observe != nil {
		r.options.Observe(Happening{Kind: k, Time: r.at(at), Task: t})
	}
}

// begins lets a task run from a time on, and looks up when it ends.
func (r *runner) begins(t *task, from time.Duration) {
	r.running[t.Request.ID] = t
	if t.worker != nil {
		t.worker.task = t
		t.worker.heard = false
	}
	run := max(0, r.world.RunTime(t.Task))
	end := t.Start.Add(run).Sub(r.base) // saturates
	r.agenda.add(appointment{at: max(from, end), kind: taskEnds, task: t})
}

// ends takes a task off its worker, which wants the next one.
func (r *runner) ends(t *task) {
	t.over = true
	delete(r.running, t.Request.ID)
	if t.worker != nil {
		t.worker.task = nil
		r.eager = append(r.eager, t.worker)
	}
}

// fleet makes the workers of the world.
func (r *runner) fleet() {
	for i := range r.world.Workers {
		w := &r.world.Workers[i]
		made := &worker{until: never,
			pull: pool.IdleWorker(w.ID, w.Labels...)}
		r.workers = append(r.workers, made)
		r.byID[w.ID] = made
	}
	sortByID(r.workers)
	for i := range r.world.Workers {
		w := &r.world.Workers[i]
		if !w.Until.IsZero() && !w.Until.After(later(w.From, r.begin)) {
			continue
		}
		made, from := r.byID[w.ID], later(w.From, r.begin)
		r.agenda.add(appointment{at: from.Sub(r.base), kind: workerComes, worker: made})
		if !w.Until.IsZero() {
			made.until = w.Until.Sub(r.base)
			r.departures = append(r.departures, made)
			r.agenda.add(appointment{at: made.until, kind: workerGoes, worker: made})
		}
	}
	slices.SortStableFunc(r.departures, func(a, b *worker) int {
		return cmp.Compare(a.until, b.until)
	})
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
