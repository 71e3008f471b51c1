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
	// now is the newest time given to UpdateTime.
	now time.Time
	// config has no accounts in it: those are in accounts.
	config   scheduler.Config
	accounts map[scheduler.AccountID]*account
	// waiting and the runs of workers hold each known request exactly once.
	waiting map[scheduler.RequestID]*request
	workers map[scheduler.WorkerID]*worker
	// expired are the requests that left by expiration and were not yet taken.
	expired map[scheduler.RequestID]bool
}

// account is an account with what it has at each level, as of the last update.
type account struct {
	config  scheduler.AccountConfig
	balance scheduler.Balance
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
		config:   *c,
		accounts: map[scheduler.AccountID]*account{},
		waiting:  map[scheduler.RequestID]*request{},
		workers:  map[scheduler.WorkerID]*worker{},
		expired:  map[scheduler.RequestID]bool{},
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

// AddAccount makes an account, or replaces the settings and the balance of one. Runs stay as they
// are.
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
	s.accounts[id] = &account{config: cloneAccountConfig(c), balance: initial}
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

// ResetBalance sets an account's balance to zero at every level.
func (s *Scheduler) ResetBalance(id scheduler.AccountID) error {
	if err := s.checkAccount(id); err != nil {
		return err
	}
	s.accounts[id].balance = scheduler.Balance{}
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

// TakeExpired returns the requests that expired since the last call, in order of id.
func (s *Scheduler) TakeExpired() []scheduler.RequestID {
	ids := slices.Sorted(maps.Keys(s.expired))
	s.expired = map[scheduler.RequestID]bool{}
	return ids
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
