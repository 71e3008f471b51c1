package simulator

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// Policy says who has what quota: what people try out in a simulator.
type Policy struct {
	// Accounts are the accounts of the pool. Requests of other accounts are free.
	Accounts map[scheduler.AccountID]Account
	// Scheduler has the pool's other settings; its Accounts must be empty.
	Scheduler scheduler.Config
	// NoRetry lets a task end that is preempted, or whose worker dies. Otherwise the dispatcher
	// reports that it waits again, and it runs from its beginning.
	NoRetry bool
}

// Account is an account at the start of a run.
type Account struct {
	// Config has its settings.
	Config scheduler.AccountConfig
	// Balance is what it has at the start.
	Balance scheduler.Balance
}

// Shares are equal quotas for a number of accounts.
type Shares struct {
	// Level is where the accounts earn.
	Level scheduler.Priority
	// Rate is what each of them earns.
	Rate scheduler.Rate
	// MaxCharge caps each balance at what Rate earns in that time. Accounts start with that much.
	MaxCharge time.Duration
	// DisableFreeTasks keeps the accounts' requests out of the free bucket.
	DisableFreeTasks bool
}

// EqualRate returns the rate that shares the time of a number of workers among a number of
// accounts, rounded down to the milli-worker, and at least one.
func EqualRate(workers, accounts int) scheduler.Rate {
	return max(1, scheduler.Rate(1000*workers/max(accounts, 1)))
}

// Accounts returns an account with this share, and a full balance, for each id.
func (s Shares) Accounts(ids []scheduler.AccountID) map[scheduler.AccountID]Account {
	var a Account
	a.Config.ChargeRate[s.Level] = s.Rate
	a.Config.MaxCharge = s.MaxCharge
	a.Config.DisableFreeTasks = s.DisableFreeTasks
	a.Balance = fullBalance(&a.Config)
	accounts := make(map[scheduler.AccountID]Account, len(ids))
	for _, id := range ids {
		accounts[id] = a
	}
	return accounts
}

// fullBalance is the cap of each level: one milli-worker earns one unit in a millisecond.
func fullBalance(c *scheduler.AccountConfig) scheduler.Balance {
	var b scheduler.Balance
	for p, rate := range c.ChargeRate {
		b[p] = scheduler.Quota(int64(rate) * c.MaxCharge.Milliseconds())
	}
	return b
}

// validate returns nil, or an error that names the setting that is out of range.
func (p *Policy) validate() error {
	if len(p.Scheduler.Accounts) > 0 {
		return fmt.Errorf("%w: accounts belong in Policy.Accounts", ErrSetup)
	}
	if err := p.Scheduler.Validate(); err != nil {
		return fmt.Errorf("%w: %w", ErrSetup, err)
	}
	for _, id := range p.accountIDs() {
		a := p.Accounts[id]
		if err := a.Config.Validate(); err != nil {
			return fmt.Errorf("%w: account %q: %w", ErrSetup, id, err)
		}
	}
	return nil
}

// accountIDs returns the ids of the accounts, in order.
func (p *Policy) accountIDs() []scheduler.AccountID {
	return slices.Sorted(maps.Keys(p.Accounts))
}
