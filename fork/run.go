package fork

import (
	"context"
	"errors"
	"time"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// ErrInvalid is wrapped by all errors about what a fork is asked: its text says what is wrong.
var ErrInvalid = errors.New("invalid fork")

// Options say how far a fork goes, and who listens. One of Until and MaxOperations must be set, as
// a request that its account can never pay for waits forever.
type Options struct {
	// Until is the last time at which there may be a tick; the zero time is none.
	Until time.Time
	// MaxOperations ends the fork before the first tick at which this many operations have been
	// made; 0 is no limit.
	MaxOperations int
	// Stop ends the fork if it returns true. It is asked after each tick; nil never stops.
	Stop func() bool
	// Observe is told what happens, in order; nil for nobody.
	Observe func(Happening)
	// Events is told the pool's events; nil for nobody.
	Events scheduler.EventSink
}

// Reason says why a fork ended.
type Reason int

const (
	// Done means that nothing waits, runs or is still to arrive.
	Done Reason = iota + 1
	// UntilReached means that the next tick would have been after Options.Until.
	UntilReached
	// BudgetSpent means that Options.MaxOperations were made.
	BudgetSpent
	// Stopped means that Options.Stop said so.
	Stopped
	// Canceled means that the context ended; so does the error.
	Canceled
)

// String returns the reason, such as "budget spent".
func (r Reason) String() string {
	names := [...]string{"invalid reason", "done", "until reached", "budget spent", "stopped",
		"canceled"}
	if r < 0 || int(r) >= len(names) {
		r = 0
	}
	return names[r]
}

// Result is where a fork ended.
type Result struct {
	// Pool is the pool as it is then.
	Pool *pool.Pool
	// Begin is when the fork began.
	Begin time.Time
	// Time is the time of the last tick; that of Begin if there was none.
	Time time.Time
	// Operations is how many were made.
	Operations int
	// Reason is why it ended.
	Reason Reason
}

// Run restores a pool from a snapshot, which it does not change, and goes on with it in a world.
//
// The error is scheduler.ErrInvalidSnapshot for what no pool could have written, ErrInvalid for a
// world or options that cannot be, both before anything is made, or that of the context or,
// wrapping ErrInvalid, of what World.More returned, with the result up to then.
func Run(ctx context.Context, snapshot *protos.Pool, w *World, o Options) (*Result, error) {
	p, err := pool.Restore(snapshot)
	if err != nil {
		return nil, err
	}
	if err := checkInput(snapshot, w, &o); err != nil {
		return nil, err
	}
	r := newRunner(p, w, &o)
	r.check = newArrivalCheck(snapshot, beginOf(snapshot, w))
	if err := r.check.check(w.Arrivals); err != nil {
		return nil, err
	}
	if err := r.takeOver(ctx, snapshot); err != nil {
		return nil, err
	}
	reason, err := r.loop(ctx)
	result := &Result{
		Pool:       p,
		Begin:      r.begin,
		Time:       r.at(max(r.last, r.begin.Sub(r.base))),
		Operations: r.operations,
		Reason:     reason,
	}
	return result, err
}

// loop makes one tick after the other.
func (r *runner) loop(ctx context.Context) (Reason, error) {
	for {
		if err := r.fetch(); err != nil {
			return 0, err
		}
		next, ok := r.nextTick()
		switch {
		case !ok:
			return Done, nil
		case !r.options.Until.IsZero() && r.at(next).After(r.options.Until):
			return UntilReached, nil
		case r.options.MaxOperations > 0 && r.operations >= r.options.MaxOperations:
			return BudgetSpent, nil
		case ctx.Err() != nil:
			return Canceled, ctx.Err()
		}
		if err := r.tick(ctx, next); err != nil {
			return 0, err
		}
		if r.options.Stop != nil && r.options.Stop() {
			return Stopped, nil
		}
	}
}
