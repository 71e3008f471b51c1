package promises_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/internal/promises"
	"github.com/quotasched/quotasched/internal/reference"
	"github.com/quotasched/quotasched/scheduler"
)

// makers are the implementations that the promises are held against.
var makers = map[string]promises.Maker{
	"reference": func(t time.Time, c *scheduler.Config) (promises.Pool, error) {
		return reference.NewPool(t, c, 0)
	},
}

// onAll runs a scenario on every implementation.
func onAll(t *testing.T, scenario func(t *testing.T, make promises.Maker)) {
	for name, make := range makers {
		t.Run(name, func(t *testing.T) { scenario(t, make) })
	}
}

// newWorld returns a world, or ends the test.
func newWorld(t require.TestingT, make promises.Maker, c *scheduler.Config,
	workers int) *promises.World {
	w, err := promises.NewWorld(make, c, workers)
	require.NoError(t, err)
	return w
}

// atLevel is an account that earns so many workers at one level, saved up for at most a time.
func atLevel(p scheduler.Priority, workers float64, saved time.Duration) *scheduler.AccountConfig {
	c := &scheduler.AccountConfig{MaxCharge: saved}
	c.ChargeRate[p] = scheduler.Workers(workers)
	return c
}

// around returns lengths that vary by a quarter around a mean.
func around(mean time.Duration, seed uint64) func() time.Duration {
	d := rand.New(rand.NewPCG(seed, 1))
	return func() time.Duration {
		return (mean*3/4 + time.Duration(d.Int64N(int64(mean/2)))).Truncate(time.Millisecond)
	}
}

// split lets account A in k parts, and B with the rest of the fleet, always have requests, and
// returns how many workers A had on average, and which part of the time was lost.
func split(t require.TestingT, make promises.Maker, c *scheduler.Config, workers int, rate float64,
	k int, length, saved, span time.Duration, seed uint64) (had, lost float64) {
	w := newWorld(t, make, c, workers)
	w.Heartbeat = max(time.Minute, length/20)
	w.Tick = max(time.Second, length/200)
	for i := range k {
		id := fmt.Sprintf("a%02d", i)
		w.Account(id, atLevel(0, rate/float64(k), saved))
		w.Always(id, 1+int(rate)/k, around(length, seed+uint64(i)))
	}
	w.Account("b", atLevel(0, float64(workers)-rate, saved))
	w.Always("b", workers/5+1, around(length, seed+1000))
	w.RunFor(span)
	for i := range k {
		had += w.Used(fmt.Sprintf("a%02d", i)).Seconds()
	}
	return had / span.Seconds(), w.Lost().Seconds() / (float64(workers) * span.Seconds())
}

func TestSplitProbe(t *testing.T) {
	for _, c := range []struct {
		k             int
		length, saved time.Duration
	}{{1, 20 * time.Minute, time.Hour}, {50, 20 * time.Minute, time.Hour}, {50, 4 * time.Hour, 24 * time.Hour}} {
		for _, limit := range []time.Duration{0, -1} {
			begin := time.Now()
			cfg := &scheduler.Config{}
			for p := range cfg.MaxLostWork {
				cfg.MaxLostWork[p] = limit
			}
			had, lost := split(t, makers["reference"], cfg, 100, 20, c.k, c.length, c.saved, 20*max(c.length, c.saved), 1)
			t.Logf("k %d length %v cap %v limit %v: A had %.2f workers, %.2f%% lost; took %v", c.k, c.length, c.saved, limit, had, 100*lost, time.Since(begin))
		}
	}
}
