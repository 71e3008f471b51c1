package history

import (
	"maps"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/fork"
	"github.com/quotasched/quotasched/lifecycle"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// A Recorder follows the steps of a pool. Make one with New. It is not safe for concurrent use.
type Recorder struct {
	history  History
	follower *lifecycle.Follower
	// requests has the newest request of each id.
	requests map[scheduler.RequestID]*Request
	workers  map[scheduler.WorkerID]*Worker
	// open counts the requests that wait or run.
	open int
	// lastTick is the time of the last assign_tasks, and openThen whether anything waited or ran.
	lastTick time.Time
	openThen bool
}

// New returns a recorder that begins with a snapshot. The error is that of pool.Restore, and it
// costs as much.
func New(snapshot *protos.Pool) (*Recorder, error) {
	p, err := pool.Restore(snapshot)
	if err != nil {
		return nil, err
	}
	begin := fork.Begin(snapshot)
	r := &Recorder{
		history: History{Begin: begin, End: begin,
			WorkerExpiration: scheduler.DefaultWorkerExpiration},
		follower: lifecycle.New(snapshot),
		requests: map[scheduler.RequestID]*Request{},
		workers:  map[scheduler.WorkerID]*Worker{},
	}
	if d := p.Scheduler().Config().WorkerExpiration; d != 0 {
		r.history.WorkerExpiration = d
	}
	r.takeOver(p.Scheduler(), begin)
	return r, nil
}

// takeOver notes what a scheduler has.
func (r *Recorder) takeOver(s *scheduler.Scheduler, begin time.Time) {
	var all []scheduler.TaskRequest
	runs := map[scheduler.RequestID]scheduler.Worker{}
	for request := range s.Waiting() {
		all = append(all, request)
	}
	for w := range s.Workers() {
		r.workers[w.ID] = &Worker{ID: w.ID, Labels: w.Labels, Constant: w.Labels, First: begin,
			Last: w.ConfirmedTime, Busy: w.Run != nil}
		if w.Run == nil {
			continue
		}
		request, _ := s.Request(w.Run.Request)
		all = append(all, request)
		runs[request.ID] = w
	}
	slices.SortFunc(all, func(a, b scheduler.TaskRequest) int {
		if order := a.EnqueueTime.Compare(b.EnqueueTime); order != 0 {
			return order
		}
		if a.ID < b.ID {
			return -1
		}
		return 1
	})
	for _, content := range all {
		q := r.add(content, begin)
		if w, ok := runs[content.ID]; ok {
			begun, _ := r.follower.Request(content.ID)
			q.Runs = append(q.Runs,
				Run{Worker: w.ID, Assigned: w.Run.StartTime, Start: begun.Start})
		}
	}
}

// add adds a request that was not known.
func (r *Recorder) add(content scheduler.TaskRequest, at time.Time) *Request {
	content.ConfirmedTime, content.Blocked, content.Worker = time.Time{}, false, ""
	q := &Request{Content: content, Arrived: at, Step: r.history.Steps,
		Reused: r.requests[content.ID] != nil}
	r.requests[content.ID] = q
	r.history.Requests = append(r.history.Requests, q)
	r.open++
	return q
}

// Step notes an operation and its outcome. It keeps nothing of either. Operations that were refused
// changed nothing, and count as steps.
func (r *Recorder) Step(op *protos.Operation, outcome *protos.Outcome) {
	r.history.Steps++
	at := op.GetTime().AsTime()
	refused := outcome.GetError() != ""
	r.account(op, at, refused)
	if refused {
		return
	}
	if at.After(r.history.End) {
		r.history.End = at
	}
	if k, ok := op.GetKind().(*protos.Operation_AssignTasks); ok {
		r.tick(at)
		for _, w := range k.AssignTasks.GetWorkers() {
			r.heardPull(w, at)
		}
	}
	for _, c := range r.follower.Step(op, outcome) {
		r.changed(op, &c)
	}
	switch k := op.GetKind().(type) {
	case *protos.Operation_TaskRunning:
		r.heard(scheduler.WorkerID(k.TaskRunning.GetWorkerId()), at)
	case *protos.Operation_AddTaskError:
		r.history.Errors++
	}
}

// account notes an operation on an account.
func (r *Recorder) account(op *protos.Operation, at time.Time, refused bool) {
	a := AccountOperation{Step: r.history.Steps, Time: at, Refused: refused}
	switch k := op.GetKind().(type) {
	case *protos.Operation_AddAccount:
		a.Kind, a.Account = "add_account", scheduler.AccountID(k.AddAccount.GetAccountId())
	case *protos.Operation_DeleteAccount:
		a.Kind, a.Account = "delete_account", scheduler.AccountID(k.DeleteAccount.GetAccountId())
	case *protos.Operation_ResetBalance:
		a.Kind, a.Account = "reset_balance", scheduler.AccountID(k.ResetBalance.GetAccountId())
	case *protos.Operation_UpdateAccount:
		a.Kind, a.Account = "update_account", scheduler.AccountID(k.UpdateAccount.GetAccountId())
	case *protos.Operation_SuspendAccount, *protos.Operation_ResumeAccount,
		*protos.Operation_Configure, *protos.Operation_CordonWorker,
		*protos.Operation_UncordonWorker, *protos.Operation_Wipe:
		if !refused {
			r.history.Orders = append(r.history.Orders, Order{r.history.Steps, proto.CloneOf(op)})
		}
		return
	default:
		return
	}
	r.history.Accounts = append(r.history.Accounts, a)
}

// tick notes the time between two calls of assign_tasks.
func (r *Recorder) tick(at time.Time) {
	gap := at.Sub(r.lastTick)
	switch h := &r.history; {
	case r.lastTick.IsZero():
	case gap <= 0:
		r.openThen = r.openThen || r.open > 0
		return
	default:
		if h.TickMin == 0 || gap < h.TickMin {
			h.TickMin = gap
		}
		if r.openThen {
			h.HeartbeatMax = max(h.HeartbeatMax, gap)
		}
	}
	r.lastTick, r.openThen = at, r.open > 0
}

// History returns what was seen so far. It costs O(n log n) in workers; the requests in it are the
// recorder's own, and change with further steps.
func (r *Recorder) History() *History {
	h := r.history
	h.Workers = make([]*Worker, 0, len(r.workers))
	for _, id := range slices.Sorted(maps.Keys(r.workers)) {
		h.Workers = append(h.Workers, r.workers[id])
	}
	h.Requests = slices.Clip(h.Requests)
	return &h
}
