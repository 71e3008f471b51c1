package reference

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// Pool is the naive reconciler over a naive scheduler.
type Pool struct {
	// Scheduler is what the pool decides with.
	Scheduler *Scheduler

	workerQueueTimeout time.Duration
	entries            map[scheduler.WorkerID]*entry
	// aborts has, for each worker, the tasks that must stop there, each with the time of the call
	// in which it was preempted.
	aborts  map[scheduler.WorkerID]map[scheduler.RequestID]time.Time
	errors  map[scheduler.RequestID]*taskError
	expired map[scheduler.RequestID]bool
}

// entry is a task to assign to a worker until the worker acknowledges it.
type entry struct {
	request scheduler.RequestID
	// since is the time of the call that made it.
	since     time.Time
	handedOut bool
}

// taskError is what went wrong with a task, and the worker that it was last known to run on.
type taskError struct {
	message string
	worker  scheduler.WorkerID
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
	return &Pool{
		Scheduler:          s,
		workerQueueTimeout: workerQueueTimeout,
		entries:            map[scheduler.WorkerID]*entry{},
		aborts:             map[scheduler.WorkerID]map[scheduler.RequestID]time.Time{},
		errors:             map[scheduler.RequestID]*taskError{},
		expired:            map[scheduler.RequestID]bool{},
	}, nil
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
		err = p.taskRunning(scheduler.RequestID(k.TaskRunning.GetRequestId()),
			scheduler.WorkerID(k.TaskRunning.GetWorkerId()), t, e)
	case *protos.Operation_TaskAbsent:
		err = p.taskAbsent(scheduler.RequestID(k.TaskAbsent.GetRequestId()), t, e)
	case *protos.Operation_AddTaskError:
		err = p.addTaskError(k.AddTaskError)
	case *protos.Operation_AssignTasks:
		result.Assignments = p.pull(k.AssignTasks.GetWorkers(), t, e)
	case *protos.Operation_GetCancellations:
		result.Cancellations = p.cancellations()
	default:
		err = fmt.Errorf("%w: no kind", errOperation)
	}
	if err != nil {
		return nil, err
	}
	return result, nil
}

func (p *Pool) addAccount(a *protos.AddAccount) error {
	if a.GetConfig() == nil {
		return fmt.Errorf("%w: nil account", scheduler.ErrInvalidConfig)
	}
	var balance scheduler.Balance
	if err := fiveNumbers(balance[:], a.GetBalance()); err != nil && len(a.GetBalance()) > 0 {
		return err
	}
	c := &scheduler.AccountConfig{
		MaxFanout:        int(a.GetConfig().GetMaxFanout()),
		DisableFreeTasks: a.GetConfig().GetDisableFreeTasks(),
		Description:      a.GetConfig().GetDescription(),
	}
	if err := fiveNumbers(c.ChargeRate[:], a.GetConfig().GetChargeRate()); err != nil {
		return err
	}
	if d := a.GetConfig().GetMaxCharge(); d != nil {
		c.MaxCharge = d.AsDuration()
		if d.CheckValid() != nil || !equalDurations(d, durationpb.New(c.MaxCharge)) {
			return fmt.Errorf("%w: max_charge %v", scheduler.ErrInvalidConfig, d)
		}
	}
	for key, n := range a.GetConfig().GetPerLabelTaskLimits() {
		if c.PerLabelTaskLimits == nil {
			c.PerLabelTaskLimits = map[string]int{}
		}
		c.PerLabelTaskLimits[key] = int(n)
	}
	return p.Scheduler.AddAccount(scheduler.AccountID(a.GetAccountId()), c, balance)
}

func equalDurations(a, b *durationpb.Duration) bool {
	return a.GetSeconds() == b.GetSeconds() && a.GetNanos() == b.GetNanos()
}

// fiveNumbers copies exactly five numbers.
func fiveNumbers[T ~int64](to []T, from []int64) error {
	if len(from) != len(to) {
		return fmt.Errorf("%w: %d numbers instead of %d", scheduler.ErrInvalid, len(from), len(to))
	}
	for i, n := range from {
		to[i] = T(n)
	}
	return nil
}

// addTaskError notes that a task cannot run. A second error replaces the message.
func (p *Pool) addTaskError(news *protos.AddTaskError) error {
	id := scheduler.RequestID(news.GetRequestId())
	if err := checkID("request", string(id)); err != nil {
		return err
	}
	e := &taskError{message: strings.ToValidUTF8(news.GetMessage(), "\uFFFD")}
	for w, entry := range p.entries {
		if entry.request == id && entry.handedOut {
			e.worker = w
		}
	}
	p.errors[id] = e
	return nil
}

// ToProto returns the canonical snapshot of the scheduler and of the reconciler.
func (p *Pool) ToProto() *protos.Pool {
	return &protos.Pool{Scheduler: p.Scheduler.ToProto(), Reconciler: p.reconcilerProto()}
}

// Hash returns the SHA-256 sum of the deterministically marshalled snapshot.
func (p *Pool) Hash() [32]byte { return hash(p.ToProto()) }
