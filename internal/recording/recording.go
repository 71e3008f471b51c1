// Package recording has operations of a simulated dispatcher on a pool, and random ones, for tests
// of everything that works on records.
package recording

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/experiment"
)

// Recording is an empty pool and its operations.
type Recording struct {
	// Start and Config are those of an empty pool.
	Start  time.Time
	Config *scheduler.Config
	// Operations are the operations of the run, in order.
	Operations []*protos.Operation
}

// Pool returns the pool before the first operation.
func (r *Recording) Pool() *pool.Pool {
	p, err := pool.New(r.Start, r.Config)
	if err != nil {
		panic(err)
	}
	return p
}

// Opened returns the pool after the operations on accounts with which the recording begins, and
// how many these are.
func (r *Recording) Opened() (*pool.Pool, int) {
	p, n := r.Pool(), 0
	for n < len(r.Operations) && r.Operations[n].GetAddAccount() != nil {
		p.Step(context.Background(), r.Operations[n])
		n++
	}
	return p, n
}

// tape is a simulated pool that is recorded.
type tape struct {
	simulator.Pool
	recording *Recording
}

func (t *tape) Apply(ctx context.Context, op *protos.Operation,
	e scheduler.EventSink) (*protos.Result, error) {
	t.recording.Operations = append(t.recording.Operations, proto.CloneOf(op))
	return t.Pool.Apply(ctx, op, e)
}

// newPool returns a maker whose first pool is recorded.
func (r *Recording) newPool(start time.Time, c *scheduler.Config) (simulator.Pool, error) {
	p, err := simulator.NewPool(start, c)
	if r.Config != nil || err != nil {
		return p, err
	}
	r.Start, r.Config = start, c
	return &tape{p, r}, nil
}

// Example records the run of a policy of an example experiment, with overrides as for
// experiment.Parse.
func Example(file, policy string, sets ...string) (*Recording, error) {
	_, here, _, _ := runtime.Caller(0)
	path := filepath.Join(filepath.Dir(here), "..", "..", "examples", "experiments", file)
	ctx := context.Background()
	e, err := experiment.Load(ctx, experiment.LoadOptions{Path: path, Only: []string{policy},
		Sets: append([]string{"seeds=1"}, sets...)})
	if err != nil {
		return nil, err
	}
	r := &Recording{}
	_, err = e.Run(ctx, experiment.RunOptions{Parallel: 1, SkipChecks: true, NewPool: r.newPool})
	if err == nil && r.Config == nil {
		err = fmt.Errorf("%s: nothing was recorded", file)
	}
	return r, err
}
