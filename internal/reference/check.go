package reference

import (
	"fmt"
	"math/big"
	"time"
	"unicode/utf8"

	"github.com/quotasched/quotasched/scheduler"
)

// largestGrant bounds initial balances, thresholds and caps: 2^60 units.
const largestGrant = 1 << 60

// largestLimit bounds the limits on numbers of tasks.
const largestLimit = 1<<31 - 1

// largestRate is a million workers, in milli-workers.
const largestRate = 1_000_000 * 1000

// checkID returns an error for an empty id, and for one that is not UTF-8.
func checkID(what, id string) error {
	if id == "" || !utf8.ValidString(id) {
		return fmt.Errorf("%w: %s id %q", scheduler.ErrInvalid, what, id)
	}
	return nil
}

// checkTime returns an error unless t is from 1970 to 9999.
func checkTime(what string, t time.Time) error {
	first := time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)
	end := time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	if t.Before(first) || !t.Before(end) {
		return fmt.Errorf("%w: %s time %v", scheduler.ErrInvalid, what, t)
	}
	return nil
}

// checkReason returns an error unless an operator's reason is UTF-8, and t a time.
func checkReason(reason string, t time.Time) error {
	if err := checkTexts("reason", reason); err != nil {
		return err
	}
	return checkTime("order", t)
}

// checkTexts returns an error unless all texts are UTF-8.
func checkTexts(what string, texts ...string) error {
	for _, s := range texts {
		if !utf8.ValidString(s) {
			return fmt.Errorf("%w: %s %q", scheduler.ErrInvalid, what, s)
		}
	}
	return nil
}

// checkRequest returns an error unless r and its tags can be a request.
func checkRequest(r *scheduler.TaskRequest, tags []string) error {
	if r == nil {
		return fmt.Errorf("%w: nil request", scheduler.ErrInvalid)
	}
	if err := checkID("request", string(r.ID)); err != nil {
		return err
	}
	if err := checkTime("enqueue", r.EnqueueTime); err != nil {
		return err
	}
	if r.LostWork < 0 {
		return fmt.Errorf("%w: lost work %v", scheduler.ErrInvalid, r.LostWork)
	}
	if err := checkTexts("account", string(r.Account)); err != nil {
		return err
	}
	if err := checkTexts("label", r.BaseLabels...); err != nil {
		return err
	}
	if err := checkTexts("label", r.ProvisionableLabels...); err != nil {
		return err
	}
	return checkTexts("tag", tags...)
}

// checkConfig returns an error for settings that are out of range.
func checkConfig(c *scheduler.Config) error {
	if c == nil {
		return fmt.Errorf("%w: nil", scheduler.ErrInvalidConfig)
	}
	if c.WorkerExpiration < 0 || c.RequestExpiration < 0 {
		return fmt.Errorf("%w: negative expiration", scheduler.ErrInvalidConfig)
	}
	if c.DemoteThreshold > 0 || c.DemoteThreshold < -largestGrant ||
		c.PromoteThreshold < 0 || c.PromoteThreshold > largestGrant {
		return fmt.Errorf("%w: threshold", scheduler.ErrInvalidConfig)
	}
	for id, ac := range c.Accounts {
		if err := checkID("account", string(id)); err != nil {
			return err
		}
		if err := checkAccountConfig(ac); err != nil {
			return err
		}
	}
	return nil
}

// checkAccountConfig returns an error for settings that are out of range.
func checkAccountConfig(c *scheduler.AccountConfig) error {
	if c == nil {
		return fmt.Errorf("%w: nil account", scheduler.ErrInvalidConfig)
	}
	if c.MaxCharge != 0 && c.MaxCharge < time.Millisecond {
		return fmt.Errorf("%w: MaxCharge %v", scheduler.ErrInvalidConfig, c.MaxCharge)
	}
	for p, rate := range c.ChargeRate {
		if rate < 0 || rate > largestRate {
			return fmt.Errorf("%w: ChargeRate[%d] %v", scheduler.ErrInvalidConfig, p, rate)
		}
		if rate > 0 && c.MaxCharge == 0 {
			return fmt.Errorf("%w: ChargeRate[%d] without MaxCharge", scheduler.ErrInvalidConfig, p)
		}
		limit := new(big.Int).Mul(big.NewInt(int64(rate)), big.NewInt(c.MaxCharge.Milliseconds()))
		if limit.Cmp(big.NewInt(largestGrant)) > 0 {
			return fmt.Errorf("%w: cap[%d] %v", scheduler.ErrInvalidConfig, p, limit)
		}
	}
	for p, rate := range c.ChargeRate {
		if rate > 0 && c.MaxCharge == 0 {
			return fmt.Errorf("%w: ChargeRate[%d] without MaxCharge", scheduler.ErrInvalidConfig, p)
		}
	}
	if c.MaxFanout < 0 || c.MaxFanout > largestLimit {
		return fmt.Errorf("%w: MaxFanout %d", scheduler.ErrInvalidConfig, c.MaxFanout)
	}
	for key, n := range c.PerLabelTaskLimits {
		if n < 0 || n > largestLimit || key == "" || !utf8.ValidString(key) {
			return fmt.Errorf("%w: limit %q: %d", scheduler.ErrInvalidConfig, key, n)
		}
	}
	if !utf8.ValidString(c.Description) {
		return fmt.Errorf("%w: description %q", scheduler.ErrInvalidConfig, c.Description)
	}
	return nil
}
