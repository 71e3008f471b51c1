package promises_test

import (
	"context"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/internal/promises"
	"github.com/quotasched/quotasched/internal/reference"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/reconciler"
	"github.com/quotasched/quotasched/scheduler"
)

// makers are the implementations that the promises are held against.
var makers = map[string]promises.Maker{
	"reference": func(t time.Time, c *scheduler.Config) (promises.Pool, error) {
		return reference.NewPool(t, c, 0)
	},
	"engine": func(t time.Time, c *scheduler.Config) (promises.Pool, error) {
		s, err := scheduler.NewWithConfig(t, c)
		return &enginePool{s, reconciler.New()}, err
	},
}

// enginePool is a scheduler and its reconciler.
type enginePool struct {
	s     *scheduler.Scheduler
	state *reconciler.State
}

func (p *enginePool) Apply(op *protos.Operation, e scheduler.EventSink) (*protos.Result, error) {
	return reconciler.Apply(context.Background(), p.state, p.s, op, e)
}

func (p *enginePool) ToProto() *protos.Pool {
	return &protos.Pool{Scheduler: p.s.ToProto(), Reconciler: p.state.ToProto()}
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
