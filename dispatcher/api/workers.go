package api

import (
	"context"
	"errors"
	"time"

	"connectrpc.com/connect"

	"github.com/quotasched/quotasched/protos/dispatch"
)

// workers implements WorkerService.
type workers struct{ *service }

// Session implements WorkerService.
func (s workers) Session(ctx context.Context,
	stream *connect.BidiStream[dispatch.SessionRequest, dispatch.SessionResponse]) error {
	return s.node.Session(ctx, workerStream{ctx, stream})
}

// Sync implements WorkerService.
func (s workers) Sync(ctx context.Context, r *connect.Request[dispatch.SyncRequest]) (
	*connect.Response[dispatch.SyncResponse], error) {
	o, err := s.node.Sync(ctx, r.Msg.GetReport())
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(&dispatch.SyncResponse{Orders: o}), nil
}

// SendLog implements WorkerService.
func (s workers) SendLog(ctx context.Context, r *connect.Request[dispatch.SendLogRequest]) (
	*connect.Response[dispatch.SendLogResponse], error) {
	answer, err := s.node.SendLog(ctx, r.Msg)
	if err != nil {
		return nil, err
	}
	return connect.NewResponse(answer), nil
}

// workerStream is a node.Stream.
type workerStream struct {
	ctx    context.Context
	stream *connect.BidiStream[dispatch.SessionRequest, dispatch.SessionResponse]
}

// Receive implements node.Stream.
func (s workerStream) Receive() (*dispatch.Report, error) {
	r, err := s.stream.Receive()
	if err != nil {
		return nil, err
	}
	return r.GetReport(), nil
}

// Send implements node.Stream.
func (s workerStream) Send(o *dispatch.Orders) error {
	return within(s.ctx, func() error {
		return s.stream.Send(&dispatch.SessionResponse{Orders: o})
	})
}

// Interrupt implements node.Stream.
func (s workerStream) Interrupt() {
	c := callerOf(s.ctx).controller
	if c == nil {
		return
	}
	if err := c.SetReadDeadline(time.Unix(1, 0)); errors.Is(err, errors.ErrUnsupported) {
		return // the stream ends when its reader does
	}
}
