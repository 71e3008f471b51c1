package api

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/quotasched/quotasched/dispatcher/access"
)

// recheckEvery is how often it is asked whether the caller of a stream may still do what it does,
// though the policy is the same: tokens and certificates expire.
const recheckEvery = 30 * time.Second

// A permit is what the caller of a stream, or of a call that waits, was let in for.
type permit struct {
	actions atomic.Pointer[[]access.Action]
}

// grant says what the caller does from now on.
func (p *permit) grant(actions []access.Action) { p.actions.Store(&actions) }

// recheck returns a context that ends when the caller may not do any more what it does, with the
// reason as its cause. stop ends the watch, and returns the reason, or the error of the stream if
// there is none.
func (g *guard) recheck(ctx context.Context, p *permit) (
	watched context.Context, stop func(error) error) {
	watched, cancel := context.WithCancelCause(ctx)
	done := make(chan struct{})
	go func() {
		defer close(done)
		timer := time.NewTicker(recheckEvery)
		defer timer.Stop()
		for {
			changed := g.authorizer.Changed()
			if err := g.mayStill(ctx, p); err != nil {
				cancel(err)
				return
			}
			select {
			case <-changed:
			case <-timer.C:
			case <-watched.Done():
				return
			}
		}
	}()
	return watched, func(err error) error {
		cancel(nil)
		<-done
		if why := context.Cause(watched); errors.Is(why, access.ErrDenied) ||
			errors.Is(why, access.ErrUnauthenticated) {
			return why
		}
		return err
	}
}

// mayStill returns nil if the caller may do what it was let in for.
func (g *guard) mayStill(ctx context.Context, p *permit) error {
	i, err := g.identify(ctx)
	if err != nil {
		return err
	}
	if actions := p.actions.Load(); actions != nil {
		return mayAll(i, *actions)
	}
	return nil
}

func mayAll(i *access.Identity, actions []access.Action) error {
	for _, a := range actions {
		if err := i.May(a); err != nil {
			return err
		}
	}
	return nil
}
