package script

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// config starts over with an empty pool that has these settings.
func (p *pool) config(c *command) error {
	settings := &scheduler.Config{}
	var err error
	if settings.DisablePreemption, err = c.off("preemption"); err != nil {
		return err
	}
	if err := c.durations(settings); err != nil {
		return err
	}
	if settings.PromoteThreshold, err = c.amount("promote"); err != nil {
		return err
	}
	if settings.DemoteThreshold, err = c.amount("demote"); err != nil {
		return err
	}
	timeout, err := c.duration("queue-timeout")
	if err != nil {
		return err
	}
	start, err := c.time("t", p.at)
	if err != nil {
		return err
	}
	if len(c.words) == 1 && c.words[0] == "nil" {
		c.words, settings = nil, nil
	}
	return p.start(start, settings, timeout)
}

// durations takes the settings that are durations.
func (c *command) durations(settings *scheduler.Config) error {
	for _, d := range []struct {
		key string
		to  *time.Duration
	}{
		{"worker-expiration", &settings.WorkerExpiration},
		{"request-expiration", &settings.RequestExpiration},
		{"patience", &settings.ProvisionPatience},
		{"burst-cover", &settings.BurstCover},
	} {
		var err error
		if *d.to, err = c.duration(d.key); err != nil {
			return err
		}
	}
	return nil
}

// account adds or replaces an account.
func (p *pool) account(c *command) error {
	id, err := c.word("the account")
	if err != nil {
		return err
	}
	settings, err := c.accountConfig()
	if err != nil {
		return err
	}
	balance, err := c.vector("balance", microsPerSecond)
	if err != nil {
		return err
	}
	if err := c.checkUsed(); err != nil {
		return err
	}
	if p.layer == Reconciler {
		return p.apply(&protos.Operation{Kind: &protos.Operation_AddAccount{
			AddAccount: &protos.AddAccount{
				AccountId: id, Config: settings, Balance: balance[:],
			},
		}}, p.at)
	}
	var initial scheduler.Balance
	for i, q := range balance {
		initial[i] = scheduler.Quota(q)
	}
	return p.s.AddAccount(scheduler.AccountID(id), accountConfig(settings), initial)
}

// accountConfig takes the settings of an account; nil if the script says nil.
func (c *command) accountConfig() (*protos.AccountConfig, error) {
	if len(c.words) == 1 && c.words[0] == "nil" {
		c.words = nil
		return nil, nil
	}
	a := &protos.AccountConfig{}
	rate, err := c.vector("rate", millisPerWorker)
	if err != nil {
		return nil, err
	}
	a.ChargeRate = rate[:]
	maxCharge, err := c.duration("cap")
	if err != nil {
		return nil, err
	}
	if maxCharge != 0 {
		a.MaxCharge = durationpb.New(maxCharge)
	}
	fanout, err := c.integer("fanout")
	if err != nil {
		return nil, err
	}
	a.MaxFanout = int64(fanout)
	if a.DisableFreeTasks, err = c.off("free"); err != nil {
		return nil, err
	}
	if a.Description, _ = c.arg("description"); a.Description != "" {
		if a.Description, err = unquote(a.Description); err != nil {
			return nil, err
		}
	}
	limits, err := c.list("limits")
	if err != nil {
		return nil, err
	}
	for _, limit := range limits {
		// The number follows the last colon, so that a key may have colons and be quoted whole.
		i := strings.LastIndexByte(limit, ':')
		n, err := strconv.ParseInt(limit[i+1:], 10, 64)
		if i < 0 || err != nil {
			return nil, scriptError("a limit is KEY:NUMBER, not %s", limit)
		}
		if a.PerLabelTaskLimits == nil {
			a.PerLabelTaskLimits = map[string]int64{}
		}
		a.PerLabelTaskLimits[limit[:i]] = n
	}
	return a, nil
}

// accountConfig returns the settings as the scheduler takes them, without checking them: what is
// wrong with them is for the scheduler to say.
func accountConfig(p *protos.AccountConfig) *scheduler.AccountConfig {
	if p == nil {
		return nil
	}
	a := &scheduler.AccountConfig{
		MaxCharge:        p.GetMaxCharge().AsDuration(),
		MaxFanout:        int(p.MaxFanout),
		DisableFreeTasks: p.DisableFreeTasks,
		Description:      p.Description,
	}
	for i, r := range p.ChargeRate {
		a.ChargeRate[i] = scheduler.Rate(r)
	}
	for _, key := range slices.Sorted(maps.Keys(p.PerLabelTaskLimits)) {
		if a.PerLabelTaskLimits == nil {
			a.PerLabelTaskLimits = map[string]int{}
		}
		a.PerLabelTaskLimits[key] = int(p.PerLabelTaskLimits[key])
	}
	return a
}

// deleteAccount deletes an account.
func (p *pool) deleteAccount(c *command) error {
	id, err := c.word("the account")
	if err != nil {
		return err
	}
	if p.layer == Reconciler {
		return p.apply(&protos.Operation{Kind: &protos.Operation_DeleteAccount{
			DeleteAccount: &protos.DeleteAccount{AccountId: id},
		}}, p.at)
	}
	return p.s.DeleteAccount(scheduler.AccountID(id))
}

// resetBalance sets an account's balance to zero.
func (p *pool) resetBalance(c *command) error {
	id, err := c.word("the account")
	if err != nil {
		return err
	}
	if p.layer == Reconciler {
		return p.apply(&protos.Operation{Kind: &protos.Operation_ResetBalance{
			ResetBalance: &protos.ResetBalance{AccountId: id},
		}}, p.at)
	}
	return p.s.ResetBalance(scheduler.AccountID(id))
}
