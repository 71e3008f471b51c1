package promises

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// Pool is an implementation of the rules.
type Pool interface {
	// Apply runs one operation, as reconciler.Apply does.
	Apply(op *protos.Operation, e scheduler.EventSink) (*protos.Result, error)
	// ToProto returns the canonical snapshot.
	ToProto() *protos.Pool
}

// Maker makes a pool without accounts.
type Maker func(t time.Time, c *scheduler.Config) (Pool, error)

// Begin is when worlds begin.
var Begin = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// World is workers and requests around a pool. All workers have the same labels, none.
type World struct {
	// Now is how far the world has come.
	Now time.Time
	// Heartbeat is the longest time between two passes, and Tick the least.
	Heartbeat, Tick time.Duration
	// Requests are all requests that ever came, by id.
	Requests map[string]*Request
	// Refunds is what preemptions gave back in all.
	Refunds scheduler.Quota

	pool    Pool
	workers []string
	// running has what each busy worker runs.
	running map[string]*Request
	sources []*source
	used    map[string]time.Duration
	waiting map[string]int // requests by account
	seen    func(*protos.TaskEvent)
}

// Request is a request, and what became of it.
type Request struct {
	ID, Account string
	// Length is how long its task runs in all, from its start.
	Length time.Duration
	// Enqueued is when it came, Started when it was first given a worker, and Ended when its task
	// came to its end; zero if it was not yet.
	Enqueued, Started, Ended time.Time
	// Preempted is how often it lost its worker, and Lost how much work.
	Preempted int
	Lost      time.Duration

	worker string
	since  time.Time
}

// source is an account that always has requests.
type source struct {
	account string
	backlog int
	length  func() time.Duration
	next    int
}

// NewWorld returns a world with so many idle workers.
func NewWorld(make Maker, c *scheduler.Config, workers int) (*World, error) {
	pool, err := make(Begin, c)
	if err != nil {
		return nil, err
	}
	w := &World{Now: Begin, Heartbeat: time.Minute, Tick: time.Second, pool: pool,
		Requests: map[string]*Request{}, running: map[string]*Request{},
		used: map[string]time.Duration{}, waiting: map[string]int{}}
	for i := range workers {
		w.workers = append(w.workers, fmt.Sprintf("w%03d", i))
	}
	return w, nil
}

// Account makes an account.
func (w *World) Account(id string, c *scheduler.AccountConfig, balance ...scheduler.Quota) {
	op := &protos.AddAccount{AccountId: id, Config: scheduler.AccountConfigToProto(c),
		Balance: make([]int64, scheduler.NumPriorities)}
	for p, q := range balance {
		op.Balance[p] = int64(q)
	}
	w.tell(&protos.Operation{Kind: &protos.Operation_AddAccount{AddAccount: op}})
}

// Always gives an account so many waiting requests at all times.
func (w *World) Always(account string, backlog int, length func() time.Duration) {
	w.sources = append(w.sources, &source{account: account, backlog: backlog, length: length})
}

// Ask lets a request come now.
func (w *World) Ask(id, account string, length time.Duration) *Request {
	r := &Request{ID: id, Account: account, Length: length, Enqueued: w.Now}
	w.Requests[id] = r
	w.waits(r)
	return r
}

// Snapshot returns the snapshot of the pool.
func (w *World) Snapshot() *protos.Pool { return w.pool.ToProto() }

// Used is how much worker time the requests of an account had, that of lost work included.
func (w *World) Used(account string) time.Duration {
	used := w.used[account]
	for _, r := range w.running { // the order is free: a sum
		if r.Account == account {
			used += w.Now.Sub(r.since)
		}
	}
	return used
}

// Lost is how much work preemptions destroyed in all.
func (w *World) Lost() (lost time.Duration) {
	for _, r := range w.Requests { // the order is free: a sum
		lost += r.Lost
	}
	return lost
}

// Running is how many requests of an account run.
func (w *World) Running(account string) (n int) {
	for _, r := range w.running { // the order is free: a sum
		if r.Account == account {
			n++
		}
	}
	return n
}

// Balance is what an account has at a level.
func (w *World) Balance(account string, p scheduler.Priority) scheduler.Quota {
	for _, a := range w.pool.ToProto().GetScheduler().GetAccounts() {
		if a.GetId() == account {
			return scheduler.Quota(a.GetBalance()[p])
		}
	}
	return 0
}

// Watch calls a function for each event from now on.
func (w *World) Watch(seen func(*protos.TaskEvent)) { w.seen = seen }

// RunFor moves the world on. It begins and ends with a pass.
func (w *World) RunFor(d time.Duration) {
	until := w.Now.Add(d)
	for {
		w.pass()
		if !w.Now.Before(until) {
			return
		}
		w.Now = w.next(until)
	}
}

// Pass makes one pass now, in which no worker pulls and nothing is stopped yet.
func (w *World) Pass() {
	w.tell(&protos.Operation{Kind: &protos.Operation_AssignTasks{AssignTasks: &protos.AssignTasks{}}})
}

// next is when the next pass is due.
func (w *World) next(until time.Time) time.Time {
	next := w.Now.Add(w.Heartbeat)
	for _, r := range w.running { // the order is free: a minimum
		if end := r.since.Add(r.Length); end.Before(next) {
			next = end
		}
	}
	if soonest := w.Now.Add(w.Tick); next.Before(soonest) {
		next = soonest
	}
	if next.After(until) {
		return until
	}
	return next
}

// pass says what happened, and lets all idle workers pull until nothing is to be stopped any more.
func (w *World) pass() {
	w.end()
	for _, s := range w.sources {
		w.refill(s)
	}
	for range 2 * len(w.workers) {
		w.pull()
		if !w.stop() {
			return
		}
	}
}

// end reports tasks that came to their ends, in order.
func (w *World) end() {
	var ended []*Request
	for _, r := range w.running { // the order is free: it is sorted next
		if !r.since.Add(r.Length).After(w.Now) {
			ended = append(ended, r)
		}
	}
	slices.SortFunc(ended, func(a, b *Request) int {
		return cmp.Or(a.since.Add(a.Length).Compare(b.since.Add(b.Length)), cmp.Compare(a.ID, b.ID))
	})
	for _, r := range ended {
		at := r.since.Add(r.Length)
		r.Ended = at
		w.leaves(r, at)
		w.tellAt(at, &protos.Operation{Kind: &protos.Operation_TaskAbsent{
			TaskAbsent: &protos.TaskAbsent{RequestId: r.ID}}})
	}
}

// refill lets requests of a source come until as many wait as shall wait.
func (w *World) refill(s *source) {
	for w.waiting[s.account] < s.backlog {
		w.Ask(fmt.Sprintf("%s-%07d", s.account, s.next), s.account, s.length())
		s.next++
	}
}

// pull lets the idle workers pull, and starts what they are given.
func (w *World) pull() {
	op := &protos.AssignTasks{}
	for _, id := range w.workers {
		if w.running[id] == nil {
			op.Workers = append(op.Workers, &protos.IdleWorker{WorkerId: id})
		}
	}
	result := w.tell(&protos.Operation{Kind: &protos.Operation_AssignTasks{AssignTasks: op}})
	for _, a := range result.GetAssignments() {
		r := w.Requests[a.GetRequestId()]
		r.worker, r.since = a.GetWorkerId(), w.Now
		if r.Started.IsZero() {
			r.Started = w.Now
		}
		w.running[r.worker] = r
		w.waiting[r.Account]--
		w.Runs(r, time.Time{})
	}
}

// Runs says that a request runs, with its work saved up to a time unless that is zero.
func (w *World) Runs(r *Request, saved time.Time) {
	op := &protos.TaskRunning{RequestId: r.ID, WorkerId: r.worker}
	if !saved.IsZero() {
		op.SavedTime = timestamppb.New(saved)
	}
	w.tell(&protos.Operation{Kind: &protos.Operation_TaskRunning{TaskRunning: op}})
}

// stop stops what is to be stopped, which waits for another try, and says whether there was any.
func (w *World) stop() bool {
	result := w.tell(&protos.Operation{Kind: &protos.Operation_GetCancellations{
		GetCancellations: &protos.GetCancellations{}}})
	for _, c := range result.GetCancellations() {
		r := w.Requests[c.GetRequestId()]
		w.leaves(r, w.Now)
		w.waits(r)
	}
	return len(result.GetCancellations()) > 0
}

// leaves takes a request off its worker.
func (w *World) leaves(r *Request, at time.Time) {
	w.used[r.Account] += at.Sub(r.since)
	delete(w.running, r.worker)
	r.worker = ""
}

// waits reports a request as waiting.
func (w *World) waits(r *Request) {
	w.waiting[r.Account]++
	w.tell(&protos.Operation{Kind: &protos.Operation_TaskWaiting{TaskWaiting: &protos.TaskWaiting{
		RequestId: r.ID, AccountId: r.Account, EnqueueTime: timestamppb.New(r.Enqueued)}}})
}

func (w *World) tell(op *protos.Operation) *protos.Result { return w.tellAt(w.Now, op) }

// tellAt runs an operation. An error is a mistake of the world.
func (w *World) tellAt(t time.Time, op *protos.Operation) *protos.Result {
	op.Time = timestamppb.New(t)
	result, err := w.pool.Apply(op, w)
	if err != nil {
		panic(fmt.Sprintf("%v: %v", op, err))
	}
	return result
}

// AddEvent implements scheduler.EventSink.
func (w *World) AddEvent(e *protos.TaskEvent) {
	if p := e.GetPreempted(); p != nil {
		r := w.Requests[e.GetRequestId()]
		r.Preempted++
		r.Lost += p.GetUnsavedWork().AsDuration()
		w.Refunds += scheduler.Quota(p.GetRefund())
	}
	if w.seen != nil {
		w.seen(e)
	}
}
