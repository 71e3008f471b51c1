package scheduler

import (
	"fmt"
	"maps"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/quotasched/quotasched/internal/check"
)

// AccountID names an account. The empty id is no account.
type AccountID string

// Defaults of Config, which its zero values mean.
const (
	DefaultWorkerExpiration        = 5 * time.Minute
	DefaultProvisionPatience       = 10 * time.Minute
	DefaultBurstCover              = 10 * time.Minute
	DefaultOwedAfter               = 10 * time.Minute
	DefaultMaxLostWork             = 10 * time.Minute
	DefaultPromoteThreshold  Quota = 600_000_000
	DefaultDemoteThreshold   Quota = -600_000_000
)

// maxLimit bounds the limits on numbers of tasks.
const maxLimit = 1<<31 - 1

// AccountConfig holds the settings of one account. The zero value is an account that earns nothing
// and whose requests are free.
type AccountConfig struct {
	// ChargeRate is what the account earns at each level, from 0 to 1,000,000 workers. A rate above
	// 0 needs a MaxCharge.
	ChargeRate [NumPriorities]Rate
	// MaxCharge caps each balance at what ChargeRate earns in that time. It is 0 or at least 1 ms,
	// and counts in whole milliseconds; rate × MaxCharge is at most 2^60 units.
	MaxCharge time.Duration
	// MaxFanout is the number of paid tasks that may run at once for one set of labels (base and
	// provisionable together); 0 means no limit.
	MaxFanout int
	// PerLabelTaskLimits has, for a label key, the number of tasks, free ones included, that may
	// run at once on workers with the same label "key:value" (or exactly "key"); 0 means no limit.
	PerLabelTaskLimits map[string]int
	// DisableFreeTasks keeps the account's requests out of the free bucket.
	DisableFreeTasks bool
	// Description is for people.
	Description string
	// SafeAfter is how much work may be at stake in a run of the account that is preempted; 0 means
	// as Config.MaxLostWork says, negative that nothing protects its runs. It counts in whole
	// milliseconds.
	SafeAfter time.Duration
}

// Config holds the settings of a scheduler. The zero value is valid.
type Config struct {
	// Accounts are the accounts to begin with, each with balances of zero.
	Accounts map[AccountID]*AccountConfig
	// DisablePreemption keeps requests from taking the workers of running tasks.
	DisablePreemption bool
	// WorkerExpiration is how long an idle worker is kept without news of it; 0 means 5 minutes.
	WorkerExpiration time.Duration
	// RequestExpiration is how long after its enqueue time, which is the caller's, a waiting
	// request leaves; 0 means never.
	RequestExpiration time.Duration
	// ProvisionPatience is how long a request leaves provisioned workers to younger requests while
	// it finds none for itself; 0 means 10 minutes, negative means endlessly.
	ProvisionPatience time.Duration
	// BurstCover is how long each run beyond the account's rate must be payable when it starts; 0
	// means 10 minutes, negative means that any positive balance starts any number of runs. It
	// counts in whole milliseconds.
	BurstCover time.Duration
	// OwedAfter is how long a request of an account with a full bucket, which runs less than its
	// rate, waits at most for the worker of a free task; 0 means 10 minutes, negative means that it
	// waits until nothing protects that task.
	OwedAfter time.Duration
	// MaxLostWork is how much work may be at stake in a run that a request at each level preempts; 0
	// means 10 minutes, negative means that there is no limit. It counts in whole milliseconds.
	MaxLostWork [NumPriorities]time.Duration
	// PromoteThreshold is the balance above which tasks are promoted; not negative, 0 means +600
	// worker-seconds.
	PromoteThreshold Quota
	// DemoteThreshold is the balance below which tasks are demoted; not positive, 0 means -600
	// worker-seconds.
	DemoteThreshold Quota
}

// Validate returns nil, or an error (ErrInvalidConfig) that names the field that is out of range.
func (c *Config) Validate() error {
	if c == nil {
		return fmt.Errorf("%w: nil", ErrInvalidConfig)
	}
	for _, d := range []struct {
		name  string
		value time.Duration
	}{
		{"WorkerExpiration", c.WorkerExpiration},
		{"RequestExpiration", c.RequestExpiration},
	} {
		if d.value < 0 {
			return fmt.Errorf("%w: %s %v is negative", ErrInvalidConfig, d.name, d.value)
		}
	}
	if c.PromoteThreshold < 0 || c.PromoteThreshold > maxInitialQuota {
		return fmt.Errorf("%w: PromoteThreshold %d is not from 0 to 2^60", ErrInvalidConfig,
			int64(c.PromoteThreshold))
	}
	if c.DemoteThreshold > 0 || c.DemoteThreshold < -maxInitialQuota {
		return fmt.Errorf("%w: DemoteThreshold %d is not from -2^60 to 0", ErrInvalidConfig,
			int64(c.DemoteThreshold))
	}
	for _, id := range slices.Sorted(maps.Keys(c.Accounts)) {
		if err := checkID("account id", string(id)); err != nil {
			return fmt.Errorf("%w: %w", ErrInvalidConfig, err)
		}
		if err := c.Accounts[id].Validate(); err != nil {
			return fmt.Errorf("account %s: %w", check.Quote(id), err)
		}
	}
	return nil
}

// Validate returns nil, or an error (ErrInvalidConfig) that names the field that is out of range.
func (c *AccountConfig) Validate() error {
	if err := c.checkRecorded(); err != nil {
		return err
	}
	for p, r := range c.ChargeRate {
		if r > 0 && c.MaxCharge == 0 {
			return fmt.Errorf("%w: ChargeRate[%d] of %s workers without a MaxCharge earns nothing",
				ErrInvalidConfig, p, r)
		}
	}
	return nil
}

// checkRecorded is Validate for settings of a snapshot or a record, which may have a rate without
// a MaxCharge: earlier versions accepted it, and nothing else depends on it.
func (c *AccountConfig) checkRecorded() error {
	if c == nil {
		return fmt.Errorf("%w: nil account config", ErrInvalidConfig)
	}
	if c.MaxCharge != 0 && c.MaxCharge < time.Millisecond {
		return fmt.Errorf("%w: MaxCharge %v is neither 0 nor at least 1ms", ErrInvalidConfig,
			c.MaxCharge)
	}
	for p, r := range c.ChargeRate {
		if r < 0 || r > maxRate {
			return fmt.Errorf("%w: ChargeRate[%d] of %s workers is not from 0 to 1000000",
				ErrInvalidConfig, p, r)
		}
		if r > 0 && c.MaxCharge.Milliseconds() > int64(maxInitialQuota)/int64(r) {
			return fmt.Errorf("%w: ChargeRate[%d] of %s workers × MaxCharge %v is above 2^60 units",
				ErrInvalidConfig, p, r, c.MaxCharge)
		}
	}
	if c.MaxFanout < 0 || c.MaxFanout > maxLimit {
		return fmt.Errorf("%w: MaxFanout %d is not from 0 to 2^31-1", ErrInvalidConfig, c.MaxFanout)
	}
	for _, key := range slices.Sorted(maps.Keys(c.PerLabelTaskLimits)) {
		if key == "" || !utf8.ValidString(key) {
			return fmt.Errorf("%w: PerLabelTaskLimits has the key %s", ErrInvalidConfig,
				check.Quote(key))
		}
		if n := c.PerLabelTaskLimits[key]; n < 0 || n > maxLimit {
			return fmt.Errorf("%w: PerLabelTaskLimits[%s] %d is not from 0 to 2^31-1",
				ErrInvalidConfig, check.Quote(key), n)
		}
	}
	if !utf8.ValidString(c.Description) {
		return fmt.Errorf("%w: Description is not UTF-8", ErrInvalidConfig)
	}
	return nil
}

// clone returns a copy that shares nothing with c.
func (c *AccountConfig) clone() *AccountConfig {
	d := *c
	d.PerLabelTaskLimits = maps.Clone(c.PerLabelTaskLimits)
	return &d
}

// clone returns a copy, without the accounts, that shares nothing with c.
func (c *Config) clone() *Config {
	d := *c
	d.Accounts = nil
	return &d
}

// orDefault returns d, or def if d is zero.
func orDefault[T time.Duration | Quota](d, def T) T {
	if d == 0 {
		return def
	}
	return d
}
