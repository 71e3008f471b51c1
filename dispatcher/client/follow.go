package client

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"connectrpc.com/connect"

	"github.com/quotasched/quotasched/protos/dispatch"
)

const (
	// quietMax is how long a stream of events may say nothing: it says that all is well at least
	// every 30 s.
	quietMax = 90 * time.Second
	// breaksMax is how many breaks in a row without any message between them end a stream.
	breaksMax = 20
)

// Follow yields the events that a request asks for, each once, and goes on after a break where it
// was. It ends when all events that there are were yielded, if the request does not follow them;
// with ctx's error; or with the server's, such as OUT_OF_RANGE for events that are not kept any
// more.
func (c *Client) Follow(ctx context.Context,
	r *dispatch.FollowEventsRequest) iter.Seq2[*dispatch.Event, error] {
	return func(yield func(*dispatch.Event, error) bool) {
		resume := resumption{ctx: ctx}
		for {
			err := c.followOnce(ctx, r, func(e *dispatch.Event) bool {
				resume.heard()
				return yield(e, nil)
			})
			if errors.Is(err, errEnough) || err == nil && !r.Follow {
				return
			}
			if err = resume.wait(err); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

// errEnough says that whoever reads a stream wants no more.
var errEnough = errors.New("enough")

// followOnce reads one stream of events to its end. The request is moved on as it goes.
func (c *Client) followOnce(ctx context.Context, r *dispatch.FollowEventsRequest,
	take func(*dispatch.Event) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	quiet := time.AfterFunc(quietMax, cancel)
	defer quiet.Stop()
	stream, err := c.Events.FollowEvents(ctx, connect.NewRequest(r))
	if err != nil {
		return err
	}
	defer stream.Close()
	for stream.Receive() {
		quiet.Reset(quietMax)
		for _, e := range stream.Msg().Events {
			if !after(e.Position, r.After) {
				continue
			}
			r.After = e.Position
			if !take(e) {
				return errEnough
			}
		}
	}
	return stream.Err()
}

// after says whether a position comes after another one, which may be unset.
func after(p, other *dispatch.Position) bool {
	return other == nil || p.GetIndex() > other.Index ||
		p.GetIndex() == other.Index && p.GetN() > other.N
}

// Watch yields each of the tasks as it is now, and again whenever its state changes, until all have
// ended. It goes on after a break.
func (c *Client) Watch(ctx context.Context, pool string,
	ids []string) iter.Seq2[*dispatch.Task, error] {
	return func(yield func(*dispatch.Task, error) bool) {
		resume := resumption{ctx: ctx}
		open := slices.Clone(ids)
		for len(open) > 0 {
			err := c.watchOnce(ctx, &dispatch.WatchTasksRequest{Pool: pool, Ids: open},
				func(t *dispatch.Task) bool {
					resume.heard()
					if Ended(t.State) {
						open = slices.DeleteFunc(slices.Clone(open), func(id string) bool { return id == t.Id })
					}
					return yield(t, nil)
				})
			if errors.Is(err, errEnough) || len(open) == 0 {
				return
			}
			if err = resume.wait(err); err != nil {
				yield(nil, err)
				return
			}
		}
	}
}

func (c *Client) watchOnce(ctx context.Context, r *dispatch.WatchTasksRequest,
	take func(*dispatch.Task) bool) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	stream, err := c.Tasks.WatchTasks(ctx, connect.NewRequest(r))
	if err != nil {
		return err
	}
	defer stream.Close()
	for stream.Receive() {
		if !take(stream.Msg().Task) {
			return errEnough
		}
	}
	return stream.Err()
}

// Ended says whether a task in this state has ended.
func Ended(s dispatch.Task_State) bool { return s >= dispatch.Task_STATE_SUCCEEDED }

// resumption says whether a stream that broke off is opened again, and waits before.
type resumption struct {
	ctx    context.Context
	breaks int // in a row, without a message between them
}

// heard notes that the stream works.
func (r *resumption) heard() { r.breaks = 0 }

// wait waits before the stream is opened again. It returns an error if it is not to be.
func (r *resumption) wait(err error) error {
	if r.ctx.Err() != nil {
		return r.ctx.Err()
	}
	switch connect.CodeOf(err) {
	case connect.CodeUnavailable, connect.CodeResourceExhausted, connect.CodeCanceled,
		connect.CodeUnknown, connect.CodeInternal:
	default:
		if err != nil {
			return err
		}
	}
	if r.breaks++; r.breaks > breaksMax {
		return fmt.Errorf("the stream broke off %d times without a message: %w", r.breaks,
			cmp.Or(err, io.ErrUnexpectedEOF))
	}
	select {
	case <-r.ctx.Done():
		return r.ctx.Err()
	case <-time.After(pause(r.breaks - 1)):
		return nil
	}
}
