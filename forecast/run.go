package forecast

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// Run forecasts when requests that wait in a snapshot start. It makes Options.Forks forks of the
// pool, each of which draws a run time for every group of tasks, and goes on until all requests
// asked for have started, or to the horizon. All requests at once cost no more than the one of them
// that starts last.
//
// The same snapshot, run times and options give the same answer, whatever Parallel is.
//
// The error is scheduler.ErrInvalidSnapshot for what no pool could have written; ErrInvalid for
// options out of range, or a request that the snapshot does not have; or that of the context.
func Run(ctx context.Context, snapshot *protos.Pool, t RunTimes,
	o Options) (*protos.Forecast, error) {
	if t == nil {
		return nil, fmt.Errorf("%w: no run times", ErrInvalid)
	}
	p, err := pool.Restore(snapshot)
	if err != nil {
		return nil, err
	}
	options, err := o.withDefaults(snapshot)
	if err != nil {
		return nil, err
	}
	s, err := survey(snapshot, p.Scheduler(), t, options)
	if err != nil {
		return nil, err
	}
	outcomes, err := s.forks(ctx)
	if err != nil {
		return nil, err
	}
	return s.answer(outcomes), nil
}

// forks makes all forks, some at once. Each has its place in what is returned, so that it does not
// matter which is over first.
func (s *scene) forks(ctx context.Context) ([]outcome, error) {
	if s.waiting == 0 {
		_, err := s.fork(ctx, 0) // which checks what it is given
		return nil, err
	}
	outer := ctx
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	outcomes := make([]outcome, s.options.Forks)
	errs := make([]error, s.options.Forks)
	next := make(chan int)
	var workers sync.WaitGroup
	for range s.options.Parallel {
		workers.Go(func() {
			for i := range next {
				outcomes[i], errs[i] = s.fork(ctx, i)
				if errs[i] != nil {
					cancel()
				}
			}
		})
	}
	for i := range s.options.Forks {
		next <- i
	}
	close(next)
	workers.Wait()
	for _, err := range errs {
		if err != nil && (!errors.Is(err, context.Canceled) || outer.Err() != nil) {
			return nil, err
		}
	}
	return outcomes, nil
}

// An outcome is what became of the targets in one fork.
type outcome struct {
	// starts has, for each target, when it started, from the beginning; notStarted if it did not.
	starts []time.Duration
	// doubts has, for each target, a task of unknown run time that had a say in it, if there is one.
	doubts []scheduler.RequestID
	// expired says of each target whether it waited for longer than the pool allows.
	expired    []bool
	operations int
	cutShort   bool
}

// notStarted is later than all starts.
const notStarted = time.Duration(1<<63 - 1)
