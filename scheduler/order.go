package scheduler

import (
	"fmt"
	"slices"
	"time"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos"
)

// Order is why and when an operator says something: a reason for people, and the time of its event,
// which is not news.
type Order struct {
	Reason string
	Time   time.Time
}

// cordonsMax is how many workers can be cordoned at once.
const cordonsMax = 100_000

// Configure replaces all settings but the accounts'; fields are the names of those that were given
// values, for the event CONFIGURED. What runs goes on, and no balance moves. It costs O(runs and
// waiting requests).
//
// The errors are ErrInvalid for a reason that is not UTF-8 or a time out of range, and
// ErrInvalidConfig for settings that Validate refuses.
func (s *Scheduler) Configure(c *Config, fields []string, o Order, e EventSink) error {
	s.checkMade()
	defer s.changed()
	if err := o.check(); err != nil {
		return err
	}
	if err := c.Validate(); err != nil {
		return err
	}
	expired := s.config.RequestExpiration > 0
	s.setConfig(c)
	if expires := s.config.RequestExpiration > 0; expires != expired {
		s.listExpiring()
	}
	for _, w := range s.workers { // the order is free: each run has a place of its own
		if w.run != nil {
			s.refile(w.run, func() {})
		}
	}
	s.tellOrder(e, protos.TaskEvent_TYPE_CONFIGURED, o, &protos.TaskEvent{}, fields...)
	return nil
}

// listExpiring makes the list of waiting requests anew, as requests have come to expire, or expire
// no more.
func (s *Scheduler) listExpiring() {
	var waiting []*request
	if s.config.RequestExpiration > 0 {
		for _, r := range s.requests { // the order is free: it is sorted next
			if r.worker == nil {
				waiting = append(waiting, r)
			}
		}
	}
	s.byEnqueued = orderedOf(waiting)
}

// UpdateAccount replaces the settings of an account; fields are the names of those that were given
// values, for the event ACCOUNT_UPDATED. The balance stays, also above a new cap. It costs O(the
// account's runs and lanes).
//
// The errors are ErrInvalid, ErrUnknownAccount, and ErrInvalidConfig for settings that Validate
// refuses.
func (s *Scheduler) UpdateAccount(id AccountID, c *AccountConfig, fields []string, o Order,
	e EventSink) error {
	s.checkMade()
	defer s.changed()
	a, err := s.orderedAccount(id, o)
	if err != nil {
		return err
	}
	if err := c.Validate(); err != nil {
		return fmt.Errorf("account %s: %w", check.Quote(id), err)
	}
	s.configure(a, c.clone())
	s.tellOrder(e, protos.TaskEvent_TYPE_ACCOUNT_UPDATED, o, s.accountEvent(a), fields...)
	return nil
}

// SuspendAccount keeps an account's requests out of passes until ResumeAccount. Its balances earn,
// and its runs go on. The errors are ErrInvalid and ErrUnknownAccount.
func (s *Scheduler) SuspendAccount(id AccountID, o Order, e EventSink) error {
	s.checkMade()
	defer s.changed()
	a, err := s.orderedAccount(id, o)
	if err != nil {
		return err
	}
	s.setSuspended(a, true, o.Reason)
	s.tellOrder(e, protos.TaskEvent_TYPE_ACCOUNT_SUSPENDED, o, s.accountEvent(a))
	return nil
}

// ResumeAccount ends a suspension, if there is one. The errors are ErrInvalid and
// ErrUnknownAccount.
func (s *Scheduler) ResumeAccount(id AccountID, o Order, e EventSink) error {
	s.checkMade()
	defer s.changed()
	a, err := s.orderedAccount(id, o)
	if err != nil {
		return err
	}
	s.setSuspended(a, false, "")
	s.tellOrder(e, protos.TaskEvent_TYPE_ACCOUNT_RESUMED, o, s.accountEvent(a))
	return nil
}

// setSuspended suspends or resumes an account. What it has waiting may match workers that came to
// be idle in between.
func (s *Scheduler) setSuspended(a *account, suspended bool, reason string) {
	if a.suspended && !suspended {
		s.markAllDirty(a)
	}
	a.suspended, a.reason = suspended, reason
}

// orderedAccount returns the account that an order is about.
func (s *Scheduler) orderedAccount(id AccountID, o Order) (*account, error) {
	if err := o.check(); err != nil {
		return nil, err
	}
	return s.knownAccount(id)
}

// CordonWorker keeps a worker, known or not, from being given anything until UncordonWorker. An
// assignment that is held for it waits again, with an event REQUEUED, and the worker is then
// forgotten until its next pull; what it was handed, or runs, goes on. It costs O(log n).
//
// The error is ErrInvalid, also if 100,000 other workers are cordoned.
func (s *Scheduler) CordonWorker(id WorkerID, o Order, e EventSink) error {
	s.checkMade()
	defer s.changed()
	if err := checkCordon(id, o); err != nil {
		return err
	}
	if _, already := s.cordons[id]; !already && len(s.cordons) == cordonsMax {
		return fmt.Errorf("%w: worker %s: %d other workers are cordoned", ErrInvalid,
			check.Quote(id), cordonsMax)
	}
	s.cordons[id] = o.Reason
	w := s.workers[id]
	s.tellOrder(e, protos.TaskEvent_TYPE_WORKER_CORDONED, o, s.workerEvent(id))
	switch {
	case w == nil:
	case w.run == nil:
		s.removeIdle(w)
		w.cordoned = true
	case w.run.stage != Held:
		s.refile(w.run, func() { w.cordoned = true })
	default:
		sink, run := s.sinkFor(e), w.run
		was, req := s.placeOf(sink, run), run.req
		s.refund(run.account(), run)
		s.takeBack(run)
		s.forget(w)
		if sink != nil {
			sink.AddEvent(s.placeEvent(requeued, fromDispatcher, instantOf(o.Time), req, &was))
		}
	}
	return nil
}

// UncordonWorker ends a cordon, if there is one. The error is ErrInvalid.
func (s *Scheduler) UncordonWorker(id WorkerID, o Order, e EventSink) error {
	s.checkMade()
	defer s.changed()
	if err := checkCordon(id, o); err != nil {
		return err
	}
	delete(s.cordons, id)
	if w := s.workers[id]; w != nil && w.cordoned {
		if w.run != nil {
			s.refile(w.run, func() { w.cordoned = false })
		} else {
			w.cordoned = false
			s.addIdle(w)
		}
	}
	s.tellOrder(e, protos.TaskEvent_TYPE_WORKER_UNCORDONED, o, s.workerEvent(id))
	return nil
}

func checkCordon(id WorkerID, o Order) error {
	if err := o.check(); err != nil {
		return err
	}
	return checkID("worker id", string(id))
}

// check returns an error unless the reason is UTF-8, and the time in range.
func (o Order) check() error {
	if err := checkTexts("reason", []string{o.Reason}); err != nil {
		return err
	}
	return checkTime("time", o.Time)
}

// tellOrder gives a sink the event of what an operator said of an account, a worker, or the pool.
func (s *Scheduler) tellOrder(e EventSink, typ protos.TaskEvent_Type, o Order, ev *protos.TaskEvent,
	fields ...string) {
	sink := s.sinkFor(e)
	if sink == nil {
		return
	}
	ev.Type, ev.Category, ev.Time = typ, fromDispatcher, timestamp(instantOf(o.Time))
	fields = slices.Clone(fields)
	slices.Sort(fields)
	ev.Details = &protos.TaskEvent_Order_{Order: &protos.TaskEvent_Order{
		Reason: o.Reason, Fields: slices.Compact(fields)}}
	sink.AddEvent(ev)
}

// accountEvent returns the beginning of an event about an account that exists.
func (s *Scheduler) accountEvent(a *account) *protos.TaskEvent {
	return &protos.TaskEvent{AccountId: string(a.id), AccountValid: true,
		AccountBalance: a.balance.units()}
}

// workerEvent returns the beginning of an event about a worker, known or not.
func (s *Scheduler) workerEvent(id WorkerID) *protos.TaskEvent {
	ev := &protos.TaskEvent{WorkerId: string(id)}
	if w := s.workers[id]; w != nil {
		ev.WorkerLabels = s.eventNames(w.class.set)
	}
	return ev
}
