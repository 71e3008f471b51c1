package reference

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// Pool is the naive reconciler over a naive scheduler.
type Pool struct {
	// Scheduler is what the pool decides with.
	Scheduler *Scheduler

	workerQueueTimeout time.Duration
	entries            map[scheduler.WorkerID]*entry
	// aborts has, for each worker, the tasks that must stop there.
	aborts map[scheduler.WorkerID]map[scheduler.RequestID]abort
	// errors has what went wrong with tasks that cannot run.
	errors map[scheduler.RequestID]string
	// expired has the requests that waited for too long, each with its enqueue time.
	expired map[scheduler.RequestID]time.Time
}

// abort is a preempted task that must stop.
type abort struct {
	// since is the time of the call in which it was preempted.
	since time.Time
	// lost is the work that the request has lost to preemption in all its tries.
	lost time.Duration
}

// entry is a task to assign to a worker until the worker acknowledges it.
type entry struct {
	request scheduler.RequestID
	// since is the time of the call that made it.
	since     time.Time
	handedOut bool
}

// defaultWorkerQueueTimeout is how old an entry gets if nothing else is set.
const defaultWorkerQueueTimeout = 10 * time.Minute

// NewPool returns a pool at time t. A timeout of 0 means 10 minutes.
func NewPool(t time.Time, c *scheduler.Config, workerQueueTimeout time.Duration) (*Pool, error) {
	s, err := NewWithConfig(t, c)
	if err != nil {
		return nil, err
	}
	if workerQueueTimeout < 0 {
		return nil, fmt.Errorf("%w: timeout %v", scheduler.ErrInvalid, workerQueueTimeout)
	}
	if workerQueueTimeout == 0 {
		workerQueueTimeout = defaultWorkerQueueTimeout
	}
	p := &Pool{Scheduler: s, workerQueueTimeout: workerQueueTimeout}
	p.clear()
	return p, nil
}

// clear forgets what the reconciler has to tell.
func (p *Pool) clear() {
	p.entries = map[scheduler.WorkerID]*entry{}
	p.aborts = map[scheduler.WorkerID]map[scheduler.RequestID]abort{}
	p.errors = map[scheduler.RequestID]string{}
	p.expired = map[scheduler.RequestID]time.Time{}
}

// errOperation is an operation that says nothing.
var errOperation = errors.New("invalid operation")

// Apply runs one operation. One that returns an error has changed nothing.
func (p *Pool) Apply(op *protos.Operation, e scheduler.EventSink) (*protos.Result, error) {
	if op.GetTime().CheckValid() != nil {
		return nil, fmt.Errorf("%w: time %v", errOperation, op.GetTime())
	}
	t := op.GetTime().AsTime()
	if err := checkTime("operation", t); err != nil {
		return nil, err
	}
	var err error
	result := &protos.Result{}
	switch k := op.GetKind().(type) {
	case *protos.Operation_AddAccount:
		err = p.addAccount(k.AddAccount)
	case *protos.Operation_DeleteAccount:
		err = p.Scheduler.DeleteAccount(scheduler.AccountID(k.DeleteAccount.GetAccountId()))
	case *protos.Operation_ResetBalance:
		err = p.Scheduler.ResetBalance(scheduler.AccountID(k.ResetBalance.GetAccountId()))
	case *protos.Operation_TaskWaiting:
		err = p.taskWaiting(k.TaskWaiting, t, e)
	case *protos.Operation_TaskRunning:
		err = p.taskRunning(k.TaskRunning, t, e)
	case *protos.Operation_TaskAbsent:
		err = p.taskAbsent(scheduler.RequestID(k.TaskAbsent.GetRequestId()), t, e)
	case *protos.Operation_AddTaskError:
		err = p.addTaskError(k.AddTaskError)
	case *protos.Operation_AssignTasks:
		result.Assignments = p.pull(k.AssignTasks.GetWorkers(), t, e)
	case *protos.Operation_GetCancellations:
		result.Cancellations = p.cancellations()
	case *protos.Operation_WorkerGone:
		err = p.workerGone(scheduler.WorkerID(k.WorkerGone.GetWorkerId()), t, e)
	default:
		err = p.applyOrder(op, t, e)
	}
	if err != nil {
		return nil, err
	}
	return result, nil
}

func (p *Pool) addAccount(a *protos.AddAccount) error {
	var balance scheduler.Balance
	if n := len(a.GetBalance()); n != 0 && n != len(balance) {
		return fmt.Errorf("%w: balance of %d numbers", scheduler.ErrInvalid, n)
	}
	for p, q := range a.GetBalance() {
		balance[p] = scheduler.Quota(q)
	}
	c, err := readAccountConfig(a.GetConfig())
	if err != nil {
		return err
	}
	return p.Scheduler.AddAccount(scheduler.AccountID(a.GetAccountId()), c, balance)
}

// addTaskError notes that a task cannot run. A second error replaces the message.
func (p *Pool) addTaskError(news *protos.AddTaskError) error {
	id := scheduler.RequestID(news.GetRequestId())
	if err := checkID("request", string(id)); err != nil {
		return err
	}
	p.errors[id] = strings.ToValidUTF8(news.GetMessage(), "\uFFFD")
	return nil
}

// ToProto returns the canonical snapshot of the scheduler and of the reconciler.
func (p *Pool) ToProto() *protos.Pool {
	return &protos.Pool{Scheduler: p.Scheduler.ToProto(), Reconciler: p.reconcilerProto()}
}

// Hash returns the SHA-256 sum of the deterministically marshalled snapshot.
func (p *Pool) Hash() [32]byte { return hash(p.ToProto()) }
