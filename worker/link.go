package worker

import (
	"context"
	"errors"
	"sync"

	"connectrpc.com/connect"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
)

// A link is a connection to the dispatcher. Send and Receive are called by one goroutine each.
type link interface {
	Send(*dispatch.Report) error
	Receive() (*dispatch.Orders, error)
	// Close ends both.
	Close()
}

// stream is a link over Session.
type stream struct {
	cancel context.CancelFunc
	conn   *connect.BidiStreamForClient[dispatch.SessionRequest, dispatch.SessionResponse]
}

func openStream(ctx context.Context, c dispatchconnect.WorkerServiceClient) link {
	ctx, cancel := context.WithCancel(ctx)
	return &stream{cancel: cancel, conn: c.Session(ctx)}
}

// Send implements link. An error of the server's is Receive's.
func (s *stream) Send(r *dispatch.Report) error {
	return s.conn.Send(&dispatch.SessionRequest{Report: r})
}

// Receive implements link.
func (s *stream) Receive() (*dispatch.Orders, error) {
	r, err := s.conn.Receive()
	if err != nil {
		return nil, err
	}
	return r.GetOrders(), nil
}

// Close implements link.
func (s *stream) Close() {
	s.cancel()
	_ = s.conn.CloseRequest()
	_ = s.conn.CloseResponse() // it ends because its context did
}

// calls is a link over Sync. A report ends the call of the one before, so that what has changed is
// heard at once.
type calls struct {
	client  dispatchconnect.WorkerServiceClient
	ctx     context.Context
	cancel  context.CancelFunc
	answers chan answer
	wg      sync.WaitGroup
	end     context.CancelFunc // of the newest call
}

type answer struct {
	orders *dispatch.Orders
	err    error
}

func openCalls(ctx context.Context, c dispatchconnect.WorkerServiceClient) link {
	ctx, cancel := context.WithCancel(ctx)
	return &calls{client: c, ctx: ctx, cancel: cancel, answers: make(chan answer), end: func() {}}
}

// Send implements link.
func (c *calls) Send(r *dispatch.Report) error {
	c.end()
	ctx, end := context.WithCancel(c.ctx)
	c.end = end
	c.wg.Go(func() {
		defer end()
		response, err := c.client.Sync(ctx, connect.NewRequest(&dispatch.SyncRequest{Report: r}))
		a := answer{err: err}
		if err == nil {
			a.orders = response.Msg.GetOrders()
		} else if ctx.Err() != nil && c.ctx.Err() == nil {
			return // a newer report ended it
		}
		select {
		case c.answers <- a:
		case <-c.ctx.Done():
		}
	})
	return nil
}

// Receive implements link.
func (c *calls) Receive() (*dispatch.Orders, error) {
	select {
	case a := <-c.answers:
		return a.orders, a.err
	case <-c.ctx.Done():
		return nil, context.Cause(c.ctx)
	}
}

// Close implements link.
func (c *calls) Close() {
	c.cancel()
	c.wg.Wait()
}

// noStreams reports whether an error may mean that something on the way allows no streams.
func noStreams(err error) bool {
	switch connect.CodeOf(err) {
	case connect.CodeUnimplemented, connect.CodeInternal, connect.CodeUnknown:
		return !errors.Is(err, context.Canceled)
	}
	return false
}
