package reference_test

import (
	"math"
	"testing"
	"time"

	"github.com/quotasched/quotasched/internal/reference"
	"github.com/quotasched/quotasched/scheduler"
)

// TestConfigsAgree gives both sides settings at the ends of their ranges and beyond.
func TestConfigsAgree(t *testing.T) {
	beyond := math.MaxInt32
	beyond++ // negative where an int has 32 bits: out of range there too
	account := func(c *scheduler.AccountConfig) *scheduler.Config {
		return &scheduler.Config{Accounts: map[scheduler.AccountID]*scheduler.AccountConfig{"a": c}}
	}
	const forever = time.Duration(math.MaxInt64)
	for _, c := range []struct {
		name   string
		config *scheduler.Config
		valid  bool
	}{
		{"nil", nil, false},
		{"zero", &scheduler.Config{}, true},
		{"negative worker expiration", &scheduler.Config{WorkerExpiration: -1}, false},
		{"negative request expiration", &scheduler.Config{RequestExpiration: -1}, false},
		{"negative patience and cover", &scheduler.Config{ProvisionPatience: math.MinInt64,
			BurstCover: math.MinInt64}, true},
		{"endless durations", &scheduler.Config{WorkerExpiration: forever,
			RequestExpiration: forever, ProvisionPatience: forever, BurstCover: forever}, true},
		{"thresholds the wrong way", &scheduler.Config{PromoteThreshold: -1}, false},
		{"thresholds the wrong way", &scheduler.Config{DemoteThreshold: 1}, false},
		{"largest thresholds", &scheduler.Config{PromoteThreshold: 1 << 60,
			DemoteThreshold: -1 << 60}, true},
		{"promotion too high", &scheduler.Config{PromoteThreshold: 1<<60 + 1}, false},
		{"demotion too low", &scheduler.Config{DemoteThreshold: -1<<60 - 1}, false},
		{"account without id", &scheduler.Config{
			Accounts: map[scheduler.AccountID]*scheduler.AccountConfig{"": {}}}, false},
		{"nil account", account(nil), false},
		{"zero account", account(&scheduler.AccountConfig{}), true},
		{"endless charge of nothing", account(&scheduler.AccountConfig{MaxCharge: forever}), true},
		{"rate without a charge", account(&scheduler.AccountConfig{
			ChargeRate: [5]scheduler.Rate{3: 1}}), false},
		{"largest cap", account(&scheduler.AccountConfig{MaxCharge: 1 << 40 * time.Millisecond,
			ChargeRate: [5]scheduler.Rate{1 << 20}}), true},
		{"largest limits", account(&scheduler.AccountConfig{MaxFanout: 1<<31 - 1,
			PerLabelTaskLimits: map[string]int{"x": 1<<31 - 1}}), true},
		{"fanout too large", account(&scheduler.AccountConfig{MaxFanout: beyond}), false},
		{"label limit too large", account(&scheduler.AccountConfig{
			PerLabelTaskLimits: map[string]int{"x": beyond}}), false},
		{"label limit without a key", account(&scheduler.AccountConfig{
			PerLabelTaskLimits: map[string]int{"": 1}}), false},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := reference.NewWithConfig(begin, c.config); (err == nil) != c.valid {
				t.Errorf("reference: %v", err)
			}
			if _, err := scheduler.NewWithConfig(begin, c.config); (err == nil) != c.valid {
				t.Errorf("engine: %v", err)
			}
		})
	}
	for _, at := range []time.Time{{}, time.Unix(-1, 0), time.Unix(253402300800, 0)} {
		if _, err := reference.NewWithConfig(at, &scheduler.Config{}); err == nil {
			t.Errorf("reference: begins at %v", at)
		}
		if _, err := scheduler.NewWithConfig(at, &scheduler.Config{}); err == nil {
			t.Errorf("engine: begins at %v", at)
		}
	}
}
