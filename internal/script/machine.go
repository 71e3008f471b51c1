package script

import (
	"fmt"
	"time"

	"github.com/quotasched/quotasched/internal/reference"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/reconciler"
	"github.com/quotasched/quotasched/scheduler"
)

// start makes the pool an empty one with these settings. A timeout of 0 is the default.
func (p *pool) start(at time.Time, settings *scheduler.Config, timeout time.Duration) error {
	if p.onReference {
		return p.startReference(at, settings, timeout)
	}
	s, err := scheduler.NewWithConfig(at, settings)
	if err != nil {
		return err
	}
	p.s = s
	if p.layer == Reconciler {
		var options []reconciler.Option
		if timeout != 0 {
			options = append(options, reconciler.WithWorkerQueueTimeout(timeout))
		}
		p.r = reconciler.New(options...)
	}
	return nil
}

func (p *pool) startReference(at time.Time, settings *scheduler.Config,
	timeout time.Duration) error {
	naive, err := reference.NewPool(at, settings, timeout)
	if err != nil {
		return err
	}
	p.s = naive.Scheduler
	if p.layer == Reconciler {
		p.naive = naive
	}
	return nil
}

// engine returns the scheduler, to look at. For the reference, which has no views, it is one that
// goes on from the reference's snapshot.
func (p *pool) engine() *scheduler.Scheduler {
	if s, ok := p.s.(*scheduler.Scheduler); ok {
		return s
	}
	s, err := scheduler.Restore(p.s.ToProto())
	if err != nil {
		panic(fmt.Sprintf("the reference's snapshot is refused: %v", err))
	}
	return s
}

// reconcilerProto returns the snapshot of the reconciler; nil for a scheduler alone.
func (p *pool) reconcilerProto() *protos.Reconciler {
	switch {
	case p.r != nil:
		return p.r.ToProto()
	case p.naive != nil:
		return p.naive.ToProto().GetReconciler()
	}
	return nil
}
