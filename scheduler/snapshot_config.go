package scheduler

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/internal/check"
	"github.com/quotasched/quotasched/protos"
)

// This file takes settings to the wire and back.

// ConfigToProto returns settings as the wire has them, without the accounts.
func ConfigToProto(c *Config) *protos.Config {
	p := &protos.Config{
		DisablePreemption: c.DisablePreemption,
		WorkerExpiration:  durationOrNil(c.WorkerExpiration),
		RequestExpiration: durationOrNil(c.RequestExpiration),
		ProvisionPatience: durationOrNil(c.ProvisionPatience),
		BurstCover:        durationOrNil(c.BurstCover),
		PromoteThreshold:  int64(c.PromoteThreshold),
		DemoteThreshold:   int64(c.DemoteThreshold),
		OwedAfter:         durationOrNil(c.OwedAfter),
	}
	if c.MaxLostWork != ([NumPriorities]time.Duration{}) {
		for _, d := range c.MaxLostWork {
			p.MaxLostWork = append(p.MaxLostWork, durationpb.New(d))
		}
	}
	return p
}

// AccountConfigToProto returns the settings of an account as the wire has them.
func AccountConfigToProto(c *AccountConfig) *protos.AccountConfig {
	p := &protos.AccountConfig{
		ChargeRate:       make([]int64, NumPriorities),
		MaxCharge:        durationOrNil(c.MaxCharge),
		MaxFanout:        int64(c.MaxFanout),
		DisableFreeTasks: c.DisableFreeTasks,
		Description:      c.Description,
		SafeAfter:        durationOrNil(c.SafeAfter),
	}
	for i, r := range c.ChargeRate {
		p.ChargeRate[i] = int64(r)
	}
	if len(c.PerLabelTaskLimits) > 0 {
		p.PerLabelTaskLimits = make(map[string]int64, len(c.PerLabelTaskLimits))
		for key, n := range c.PerLabelTaskLimits { // the order is free: a map again
			p.PerLabelTaskLimits[key] = int64(n)
		}
	}
	return p
}

func durationOrNil(d time.Duration) *durationpb.Duration {
	if d == 0 {
		return nil
	}
	return durationpb.New(d)
}

// ConfigFromProto returns settings from the wire, without accounts. The error is ErrInvalidConfig.
func ConfigFromProto(p *protos.Config) (*Config, error) {
	if p == nil {
		return nil, fmt.Errorf("%w: missing", ErrInvalidConfig)
	}
	c := &Config{
		DisablePreemption: p.GetDisablePreemption(),
		PromoteThreshold:  Quota(p.GetPromoteThreshold()),
		DemoteThreshold:   Quota(p.GetDemoteThreshold()),
	}
	for _, d := range []struct {
		field string
		from  *durationpb.Duration
		to    *time.Duration
	}{
		{"worker_expiration", p.GetWorkerExpiration(), &c.WorkerExpiration},
		{"request_expiration", p.GetRequestExpiration(), &c.RequestExpiration},
		{"provision_patience", p.GetProvisionPatience(), &c.ProvisionPatience},
		{"burst_cover", p.GetBurstCover(), &c.BurstCover},
		{"owed_after", p.GetOwedAfter(), &c.OwedAfter},
	} {
		var err error
		if *d.to, err = readDuration(d.field, d.from); err != nil {
			return nil, err
		}
	}
	if n := len(p.GetMaxLostWork()); n != 0 && n != NumPriorities {
		return nil, fmt.Errorf("%w: max_lost_work has %d durations instead of %d, or none",
			ErrInvalidConfig, n, NumPriorities)
	}
	for i, d := range p.GetMaxLostWork() {
		var err error
		c.MaxLostWork[i], err = readDuration(fmt.Sprintf("max_lost_work[%d]", i), d)
		if err != nil {
			return nil, err
		}
	}
	return c, c.Validate()
}

// AccountConfigFromProto returns the settings of an account from the wire. The error is
// ErrInvalidConfig. It accepts all settings that a snapshot or a record can have, among them a rate
// without a MaxCharge, which Validate refuses; charge rates that are missing are 0.
func AccountConfigFromProto(p *protos.AccountConfig) (*AccountConfig, error) {
	if p == nil {
		return nil, fmt.Errorf("%w: nil account config", ErrInvalidConfig)
	}
	c := &AccountConfig{
		DisableFreeTasks: p.GetDisableFreeTasks(),
		Description:      p.GetDescription(),
	}
	var err error
	if c.MaxFanout, err = readLimit("max_fanout", p.GetMaxFanout()); err != nil {
		return nil, err
	}
	if len(p.GetChargeRate()) > NumPriorities {
		return nil, fmt.Errorf("%w: charge_rate has %d numbers, more than %d", ErrInvalidConfig,
			len(p.GetChargeRate()), NumPriorities)
	}
	for i, r := range p.GetChargeRate() {
		c.ChargeRate[i] = Rate(r)
	}
	if c.MaxCharge, err = readDuration("max_charge", p.GetMaxCharge()); err != nil {
		return nil, err
	}
	if c.SafeAfter, err = readDuration("safe_after", p.GetSafeAfter()); err != nil {
		return nil, err
	}
	for _, key := range sortedKeys(p.GetPerLabelTaskLimits()) {
		if c.PerLabelTaskLimits == nil {
			c.PerLabelTaskLimits = map[string]int{}
		}
		field := fmt.Sprintf("per_label_task_limits[%s]", check.Quote(key))
		c.PerLabelTaskLimits[key], err = readLimit(field, p.GetPerLabelTaskLimits()[key])
		if err != nil {
			return nil, err
		}
	}
	return c, c.checkRecorded()
}

func readDuration(field string, d *durationpb.Duration) (time.Duration, error) {
	if d == nil {
		return 0, nil
	}
	v, ok := check.Duration(d)
	if !ok {
		return 0, fmt.Errorf("%w: %s of %d s and %d ns is not a duration of up to 292 years",
			ErrInvalidConfig, field, d.GetSeconds(), d.GetNanos())
	}
	return v, nil
}

func readLimit(field string, n int64) (int, error) {
	if n < 0 || n > maxLimit {
		return 0, fmt.Errorf("%w: %s %d is not from 0 to 2^31-1", ErrInvalidConfig, field, n)
	}
	return int(n), nil
}
