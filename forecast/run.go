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

// Run forecasts when requests of a snapshot start, if they wait, and when they are complete. It
// makes Options.Forks forks of the pool, each of which draws a run time for every group of tasks,
// and arrivals, if there is a record of them, and goes on until all requests asked for are
// complete, or to the horizon. All requests at once cost no more than the one of them that is
// complete last.
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
	answer := s.answer(outcomes)
	if options.Calibration != nil {
		options.Calibration.Correct(answer)
	}
	answer.Caveats = s.caveats(answer)
	return answer, nil
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
	targets    []targetOutcome
	operations int
	cutShort   bool
}

// A targetOutcome is what became of one target.
type targetOutcome struct {
	// start and end are when it started and when it was complete, from the beginning; notStarted
	// if it was not.
	start, end time.Duration
	// doubt is a task of unknown run time that had a say in the start; empty if there is none.
	doubt scheduler.RequestID
	// preempted is true if it was preempted, expired if it waited for longer than the pool allows,
	// and over if nothing more becomes of it.
	preempted, expired, over bool
}

// notStarted is later than all starts and ends.
const notStarted = time.Duration(1<<63 - 1)
