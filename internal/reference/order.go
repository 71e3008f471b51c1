package reference

import (
	"fmt"
	"slices"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// cordonsMax is how many workers can be cordoned at once.
const cordonsMax = 100_000

// Order is why and when an operator says something.
type Order = scheduler.Order

// Configure replaces the settings that are no account's own; fields are the names of those that
// were given values. No balance moves.
func (s *Scheduler) Configure(c *scheduler.Config, fields []string, o Order,
	e scheduler.EventSink) error {
	if err := checkReason(o.Reason, o.Time); err != nil {
		return err
	}
	if err := checkConfig(c); err != nil {
		return err
	}
	s.config = *c
	s.config.Accounts = nil
	s.order(e, protos.TaskEvent_TYPE_CONFIGURED, o, happening{}, fields...)
	return nil
}

// UpdateAccount replaces the settings of an account; fields are the names of those that were given
// values. The balance stays.
func (s *Scheduler) UpdateAccount(id scheduler.AccountID, c *scheduler.AccountConfig,
	fields []string, o Order, e scheduler.EventSink) error {
	if err := checkReason(o.Reason, o.Time); err != nil {
		return err
	}
	if err := s.checkAccount(id); err != nil {
		return err
	}
	if err := checkAccountConfig(c); err != nil {
		return err
	}
	s.accounts[id].config = cloneAccountConfig(c)
	s.order(e, protos.TaskEvent_TYPE_ACCOUNT_UPDATED, o, happening{account: id}, fields...)
	return nil
}

// SuspendAccount keeps the requests of an account out of passes.
func (s *Scheduler) SuspendAccount(id scheduler.AccountID, o Order, e scheduler.EventSink) error {
	if err := checkReason(o.Reason, o.Time); err != nil {
		return err
	}
	if err := s.checkAccount(id); err != nil {
		return err
	}
	s.accounts[id].suspension = &o.Reason
	s.order(e, protos.TaskEvent_TYPE_ACCOUNT_SUSPENDED, o, happening{account: id})
	return nil
}

// ResumeAccount ends a suspension, if there is one.
func (s *Scheduler) ResumeAccount(id scheduler.AccountID, o Order, e scheduler.EventSink) error {
	if err := checkReason(o.Reason, o.Time); err != nil {
		return err
	}
	if err := s.checkAccount(id); err != nil {
		return err
	}
	s.accounts[id].suspension = nil
	s.order(e, protos.TaskEvent_TYPE_ACCOUNT_RESUMED, o, happening{account: id})
	return nil
}

// CordonWorker keeps a worker, known or not, from being given anything. An assignment that is held
// for it is taken back, and the worker is then forgotten until its next pull; other runs go on.
func (s *Scheduler) CordonWorker(id scheduler.WorkerID, o Order, e scheduler.EventSink) error {
	if err := checkReason(o.Reason, o.Time); err != nil {
		return err
	}
	if err := checkID("worker", string(id)); err != nil {
		return err
	}
	if _, already := s.cordons[id]; !already && len(s.cordons) == cordonsMax {
		return fmt.Errorf("%w: %d workers are cordoned", scheduler.ErrInvalid, cordonsMax)
	}
	s.cordons[id] = o.Reason
	w := s.workerNamed(id)
	s.order(e, protos.TaskEvent_TYPE_WORKER_CORDONED, o, happening{worker: w})
	if w.run != nil && w.run.stage == scheduler.Held {
		cost := s.costNow(w.run)
		r := s.takeOff(w)
		s.giveBack(r)
		s.waitAgain(r)
		delete(s.workers, id)
		s.emit(e, happening{kind: protos.TaskEvent_TYPE_REQUEUED, time: o.Time, request: r.request,
			worker: w, cost: &cost})
	}
	return nil
}

// UncordonWorker ends a cordon, if there is one.
func (s *Scheduler) UncordonWorker(id scheduler.WorkerID, o Order, e scheduler.EventSink) error {
	if err := checkReason(o.Reason, o.Time); err != nil {
		return err
	}
	if err := checkID("worker", string(id)); err != nil {
		return err
	}
	delete(s.cordons, id)
	s.order(e, protos.TaskEvent_TYPE_WORKER_UNCORDONED, o, happening{worker: s.workerNamed(id)})
	return nil
}

// cordoned says whether a worker is to be given nothing.
func (s *Scheduler) cordoned(w *worker) bool {
	_, there := s.cordons[w.id]
	return there
}

// workerNamed returns a known worker, or one that has just an id.
func (s *Scheduler) workerNamed(id scheduler.WorkerID) *worker {
	if w := s.workers[id]; w != nil {
		return w
	}
	return &worker{id: id}
}

// order emits the event of what an operator said.
func (s *Scheduler) order(e scheduler.EventSink, kind protos.TaskEvent_Type, o Order, h happening,
	fields ...string) {
	h.kind, h.time = kind, o.Time
	h.order = &protos.TaskEvent_Order{Reason: o.Reason,
		Fields: slices.Compact(slices.Sorted(slices.Values(fields)))}
	s.emit(e, h)
}
