package api

import (
	"context"
	"errors"
	"os"
	"strconv"
	"time"

	"connectrpc.com/connect"

	"github.com/quotasched/quotasched/dispatcher/node"
	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// A service answers calls that the guard has let in.
type service struct {
	node     *node.Node
	events   Events
	journals Journals
}

// propose has a command applied in the caller's name. The headers of the answer say as of which
// entry it is.
func propose[A any](ctx context.Context, s *service, c *replica.Command,
	answer func(*replica.CommandOutcome) *A) (*connect.Response[A], error) {
	c.Identity = identityOf(ctx).Name()
	outcome, index, err := s.node.Propose(ctx, c)
	if err != nil {
		return nil, err
	}
	if outcome.GetCode() != 0 {
		return nil, &state.Refusal{Code: outcome.GetCode(), Text: outcome.GetError()}
	}
	a := answer(outcome)
	if a == nil {
		a = new(A)
	}
	r := connect.NewResponse(a)
	r.Header().Set(IndexHeader, strconv.FormatUint(index, 10))
	return r, nil
}

// nothing is the answer of commands that have none.
func nothing[A any](*replica.CommandOutcome) *A { return nil }

// read answers from the state.
func read[A any](ctx context.Context, s *service, o *dispatch.ReadOptions,
	answer func(*state.Machine) (*A, error)) (*connect.Response[A], error) {
	var a *A
	var refused error
	as, err := s.node.Read(ctx, o, func(m *state.Machine) { a, refused = answer(m) })
	if err == nil {
		err = refused
	}
	if err != nil {
		return nil, err
	}
	r := connect.NewResponse(a)
	r.Header().Set(IndexHeader, strconv.FormatUint(as.Index, 10))
	r.Header().Set(TimeHeader, as.Time.UTC().Format(time.RFC3339Nano))
	return r, nil
}

// within sends a message of a stream, or gives up on a reader that does not read: its stream is
// cut.
func within(ctx context.Context, send func() error) error {
	c := callerOf(ctx).controller
	if c == nil {
		return send()
	}
	// A deadline that is set before and taken back after each message would be two messages more to
	// whom HTTP/2 has serve the connection. An error says that it has no deadlines: then the reader's
	// own must do.
	late := time.AfterFunc(callerOf(ctx).patience, func() { _ = c.SetWriteDeadline(time.Unix(1, 0)) })
	err := send()
	if !late.Stop() || errors.Is(err, os.ErrDeadlineExceeded) {
		return node.ErrSlow
	}
	return err
}
