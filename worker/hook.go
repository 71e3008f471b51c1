package worker

import (
	"context"
	"fmt"
	"time"

	"github.com/quotasched/quotasched/protos/dispatch"
)

// A Hook does something around a task. Hooks run one after the other, in the order of the
// configuration. Any of its functions may be nil.
type Hook struct {
	Name string
	// Timeout bounds each function; 0 means a minute.
	Timeout time.Duration
	// Prestart runs before the task starts, provisioning for example. If it fails, the task does not
	// start. A stop ends its context.
	Prestart func(ctx context.Context, run *dispatch.Run) error
	// Poststart runs when the task runs.
	Poststart func(ctx context.Context, run *dispatch.Run) error
	// Stop runs when the task is to be stopped, before its stop signal.
	Stop func(ctx context.Context, run *dispatch.Run) error
	// Exited runs when the task has ended, before its end is told.
	Exited func(ctx context.Context, run *dispatch.Run) error
}

// hookTimeout is how long a hook may take that does not say.
const hookTimeout = time.Minute

// call calls a hook's function, if it has it. One that does not return in time is left alone, and
// fails; a panic is an error.
func (h *Hook) call(ctx context.Context, what string,
	f func(context.Context, *dispatch.Run) error, run *dispatch.Run) error {
	if f == nil {
		return nil
	}
	timeout := h.Timeout
	if timeout <= 0 {
		timeout = hookTimeout
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	done := make(chan error, 1)
	go func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("panic: %v", p)
			}
		}()
		done <- f(ctx, run)
	}()
	var err error
	select {
	case err = <-done:
	case <-ctx.Done():
		err = context.Cause(ctx)
	}
	if err != nil {
		return fmt.Errorf("hook %s, %s: %w", h.Name, what, err)
	}
	return nil
}
