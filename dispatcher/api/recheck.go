package api

import (
	"context"
	"errors"
	"maps"
	"slices"
	"sync"
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

// Rechecks ask again and again whether callers may still do what they do. One goroutine asks for
// all of them, while there are any: ten thousand workers have ten thousand streams.
type rechecks struct {
	changed func() <-chan struct{} // closed when the answers may be other ones

	mu     sync.Mutex
	guests map[*guest]bool
	none   chan struct{} // closed when none is left
}

// A guest is a stream, or a call that waits. It ends when its caller may not go on.
type guest struct {
	may func() error
	end context.CancelCauseFunc
}

// check ends what may not go on.
func (g *guest) check() {
	if err := g.may(); err != nil {
		g.end(err)
	}
}

// add has one rechecked from now on.
func (r *rechecks) add(one *guest) {
	r.mu.Lock()
	r.guests[one] = true
	if len(r.guests) == 1 {
		r.none = make(chan struct{})
		go r.run(r.none)
	}
	r.mu.Unlock()
	one.check() // the answer may have changed between it was let in and now
}

func (r *rechecks) remove(one *guest) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if delete(r.guests, one); len(r.guests) == 0 {
		close(r.none)
	}
}

func (r *rechecks) run(none <-chan struct{}) {
	ticker := time.NewTicker(recheckEvery)
	defer ticker.Stop()
	for {
		changed := r.changed()
		r.mu.Lock()
		all := slices.Collect(maps.Keys(r.guests))
		r.mu.Unlock()
		for _, one := range all {
			one.check()
		}
		select {
		case <-changed:
		case <-ticker.C:
		case <-none:
			return
		}
	}
}

// recheck returns a context that ends when the caller may not do any more what it does, with the
// reason as its cause; and a function that ends the rechecks, and returns the reason, or the error
// of the stream if there is none.
func (g *guard) recheck(ctx context.Context, p *permit) (context.Context, func(error) error) {
	ctx, cancel := context.WithCancelCause(ctx)
	one := &guest{may: func() error { return g.mayStill(ctx, p) }, end: cancel}
	g.rechecks.add(one)
	return ctx, func(err error) error {
		g.rechecks.remove(one)
		cancel(nil)
		if why := context.Cause(ctx); errors.Is(why, access.ErrDenied) ||
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
