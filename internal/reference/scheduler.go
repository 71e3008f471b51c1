package reference

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// Scheduler is the naive quota scheduler. Its methods are those of scheduler.Scheduler, and mean
// the same.
type Scheduler struct {
	// now is the newest time given to UpdateTime, and called the last one, which may be older.
	now, called time.Time
	// config has no accounts in it: those are in accounts.
	config   scheduler.Config
	accounts map[scheduler.AccountID]*account
	// waiting and the runs of workers hold each known request exactly once.
	waiting map[scheduler.RequestID]*request
	workers map[scheduler.WorkerID]*worker
	// cordons are the workers that get nothing, known or not, each with the operator's reason.
	cordons map[scheduler.WorkerID]string
	// expired are the requests that left by expiration and were not yet taken, each with its
	// enqueue time.
	expired map[scheduler.RequestID]time.Time
}

// account is an account with what it has at each level, as of the last update.
type account struct {
	config  scheduler.AccountConfig
	balance scheduler.Balance
	// suspension is the operator's reason; nil if the account is not suspended.
	suspension *string
	// ended are its paid runs that ended by news since the last update.
	ended []endedRun
}

// endedRun is a run that has yet to pay at its level from the last update to its end, which is in
// milliseconds since 1970.
type endedRun struct {
	level scheduler.Priority
	end   int64
}

// New returns a scheduler without accounts at time t, which must be from 1970 to 9999.
func New(t time.Time) *Scheduler {
	s, err := NewWithConfig(t, &scheduler.Config{})
	if err != nil {
		panic(err)
	}
	return s
}

// NewWithConfig returns a scheduler with the accounts of c, which begin with nothing.
func NewWithConfig(t time.Time, c *scheduler.Config) (*Scheduler, error) {
	if err := checkTime("start", t); err != nil {
		return nil, err
	}
	if err := checkConfig(c); err != nil {
		return nil, err
	}
	s := &Scheduler{
		now:      t.UTC(),
		called:   t.UTC(),
		config:   *c,
		accounts: map[scheduler.AccountID]*account{},
		waiting:  map[scheduler.RequestID]*request{},
		workers:  map[scheduler.WorkerID]*worker{},
		cordons:  map[scheduler.WorkerID]string{},
		expired:  map[scheduler.RequestID]time.Time{},
	}
	s.config.Accounts = nil
	for id, ac := range c.Accounts {
		s.accounts[id] = &account{config: cloneAccountConfig(ac)}
	}
	return s, nil
}

func cloneAccountConfig(c *scheduler.AccountConfig) scheduler.AccountConfig {
	d := *c
	d.PerLabelTaskLimits = maps.Clone(c.PerLabelTaskLimits)
	return d
}

// AddAccount makes an account, or replaces the settings and the balance of one. Its runs, and its
// suspension, stay as they are; what its ended runs have yet to pay is forgotten.
func (s *Scheduler) AddAccount(id scheduler.AccountID, c *scheduler.AccountConfig,
	initial scheduler.Balance) error {
	if err := checkID("account", string(id)); err != nil {
		return err
	}
	if err := checkAccountConfig(c); err != nil {
		return err
	}
	for p, q := range initial {
		if q > largestGrant || q < -largestGrant {
			return fmt.Errorf("%w: balance[%d] of account %q", scheduler.ErrInvalid, p, id)
		}
	}
	a := &account{config: cloneAccountConfig(c), balance: initial}
	if old := s.accounts[id]; old != nil {
		a.suspension = old.suspension
	}
	s.accounts[id] = a
	return nil
}

// DeleteAccount ends an account. Its runs go on as free ones that have cost nothing.
func (s *Scheduler) DeleteAccount(id scheduler.AccountID) error {
	if err := s.checkAccount(id); err != nil {
		return err
	}
	delete(s.accounts, id)
	for _, w := range s.workers {
		if w.run != nil && w.run.request.account == id {
			w.run.level = scheduler.FreeBucket
			w.run.cost = scheduler.Balance{}
			w.run.preemptionCost = scheduler.Balance{}
			w.run.paidSince = s.accountingNow()
		}
	}
	return nil
}

// ResetBalance sets an account's balance to zero at every level. What its ended runs have yet to
// pay is forgotten.
func (s *Scheduler) ResetBalance(id scheduler.AccountID) error {
	if err := s.checkAccount(id); err != nil {
		return err
	}
	s.accounts[id].balance = scheduler.Balance{}
	s.accounts[id].ended = nil
	return nil
}

// checkAccount returns an error unless id is a known account.
func (s *Scheduler) checkAccount(id scheduler.AccountID) error {
	if err := checkID("account", string(id)); err != nil {
		return err
	}
	if s.accounts[id] == nil {
		return fmt.Errorf("%w: %q", scheduler.ErrUnknownAccount, id)
	}
	return nil
}

// IsAssigned says whether r is on w, at any stage.
func (s *Scheduler) IsAssigned(r scheduler.RequestID, w scheduler.WorkerID) bool {
	wk := s.workers[w]
	return wk != nil && wk.run != nil && wk.run.request.id == r
}

// TakeExpiredTries returns the requests that expired since the last call, in order of id.
func (s *Scheduler) TakeExpiredTries() (list []scheduler.Expired) {
	for _, id := range slices.Sorted(maps.Keys(s.expired)) {
		list = append(list, scheduler.Expired{Request: id, EnqueueTime: s.expired[id]})
	}
	s.expired = map[scheduler.RequestID]time.Time{}
	return list
}

// Counts says how many requests and workers there are.
func (s *Scheduler) Counts() scheduler.Counts {
	c := scheduler.Counts{Waiting: len(s.waiting), Cordoned: len(s.cordons)}
	for _, w := range s.workers {
		if w.run == nil {
			c.Idle++
		} else {
			c.Running[w.run.level]++
		}
	}
	return c
}

// find returns a known request, and its worker unless it waits; nil for an unknown one.
func (s *Scheduler) find(id scheduler.RequestID) (*request, *worker) {
	if r := s.waiting[id]; r != nil {
		return r, nil
	}
	for _, w := range s.workers {
		if w.run != nil && w.run.request.id == id {
			return w.run.request, w
		}
	}
	return nil, nil
}
