package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/dispatcher/access"
	"github.com/quotasched/quotasched/dispatcher/node"
	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos/dispatch"
	dc "github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
)

// An Observer is told of calls, for metrics.
type Observer interface {
	// Called is told of each call and stream that ended; code is "ok" or that of its error.
	Called(method, code string, took time.Duration)
}

// callMax is how long a call may take, streams and calls that wait on purpose apart.
const callMax = time.Minute

// A guard stands before every method: it says who calls, whether they may, and whether they ask for
// too much; and it gives errors their codes.
type guard struct {
	authorizer Authorizer
	limits     *limits
	observer   Observer
	logger     *slog.Logger
	leaderURL  func() string
	rechecks   rechecks
}

var _ connect.Interceptor = (*guard)(nil)

// WrapUnary implements connect.Interceptor.
func (g *guard) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, r connect.AnyRequest) (connect.AnyResponse, error) {
		begin := time.Now()
		ctx, cancel := context.WithTimeout(ctx, callMax)
		defer cancel()
		var answer connect.AnyResponse
		err := g.call(ctx, r.Spec().Procedure, r.Any(), func(ctx context.Context) (err error) {
			answer, err = next(ctx, r)
			return err
		})
		err = g.ended(r.Spec().Procedure, begin, err)
		if err != nil {
			return nil, err
		}
		return answer, nil
	}
}

// call lets a message to a method pass, in the name of who sends it, or returns why not.
func (g *guard) call(ctx context.Context, procedure string, message any,
	next func(context.Context) error) error {
	callerOf(ctx).received()
	identity, err := g.identify(ctx)
	if err != nil {
		return err
	}
	done, err := g.limits.begin(identity)
	if err != nil {
		return err
	}
	defer done()
	actions, err := g.allow(identity, procedure, message)
	if err != nil {
		return err
	}
	ctx = context.WithValue(ctx, identityKey{}, identity)
	if procedure != dc.WorkerServiceSyncProcedure {
		return next(ctx)
	}
	p := &permit{} // it waits for long
	p.grant(actions)
	ctx, stop := g.recheck(ctx, p)
	return stop(next(ctx))
}

// WrapStreamingHandler implements connect.Interceptor.
func (g *guard) WrapStreamingHandler(
	next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return func(ctx context.Context, conn connect.StreamingHandlerConn) error {
		begin := time.Now()
		return g.ended(conn.Spec().Procedure, begin, g.stream(ctx, conn, next))
	}
}

func (g *guard) stream(ctx context.Context, conn connect.StreamingHandlerConn,
	next connect.StreamingHandlerFunc) error {
	identity, err := g.identify(ctx)
	if err != nil {
		return err
	}
	done, err := g.limits.begin(identity)
	if err != nil {
		return err
	}
	defer done()
	guarded := &guardedConn{StreamingHandlerConn: conn, ctx: ctx, guard: g}
	ctx, stop := g.recheck(context.WithValue(ctx, identityKey{}, identity), &guarded.permit)
	return stop(next(ctx, guarded))
}

// WrapStreamingClient implements connect.Interceptor; there are no clients here.
func (g *guard) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return next
}

func (g *guard) identify(ctx context.Context) (*access.Identity, error) {
	return g.authorizer.Identify(callerOf(ctx).credentials, time.Now())
}

// allow returns what an identity does with this message to a method, or an error if it may not, or
// if the message makes no sense.
func (g *guard) allow(i *access.Identity, procedure string, message any) ([]access.Action, error) {
	m, ok := message.(proto.Message)
	needs := rules[procedure]
	if !ok || needs == nil {
		return nil, fmt.Errorf("%w: nobody may call %s", access.ErrDenied, procedure)
	}
	actions := needs(m)
	if err := mayAll(i, actions); err != nil {
		return nil, err
	}
	return actions, check(m)
}

// check refuses a message that could be accepted in no state.
func check(m proto.Message) error {
	switch r := m.(type) {
	case interface{ GetReport() *dispatch.Report }:
		if r.GetReport() == nil {
			return invalid("report: there is none")
		}
		m = r.GetReport()
	case *dispatch.FollowEventsRequest:
		if r.GetPool() == "" {
			return nil
		}
	}
	return state.Check(m)
}

// ended gives an error its code, and tells who observes.
func (g *guard) ended(procedure string, begin time.Time, err error) error {
	told := connectError(err)
	code := "ok"
	if told != nil {
		code = connect.CodeOf(told).String()
	}
	g.observer.Called(procedure, code, time.Since(begin))
	var c *connect.Error
	if !errors.As(told, &c) {
		return told
	}
	switch {
	case errors.Is(err, node.ErrNotLeader):
		if url := g.leaderURL(); url != "" {
			c.Meta().Set(LeaderHeader, url)
		}
	case c.Code() == connect.CodePermissionDenied || c.Code() == connect.CodeUnauthenticated:
		g.logger.Warn("refused", "method", procedure, "error", err)
	case c.Code() == connect.CodeInternal:
		g.logger.Error("a call failed", "method", procedure, "error", err)
	}
	return c
}

// A guardedConn asks for each message of a stream whether its sender may send it.
type guardedConn struct {
	connect.StreamingHandlerConn
	ctx   context.Context
	guard *guard
	begun bool // a message has come
	// permit is for what the newest message asks.
	permit permit
}

// Receive implements connect.StreamingHandlerConn.
func (c *guardedConn) Receive(message any) error {
	if err := c.StreamingHandlerConn.Receive(message); err != nil {
		return err
	}
	if !c.begun { // later on Interrupt has the deadline
		callerOf(c.ctx).received()
		c.begun = true
	}
	identity, err := c.guard.identify(c.ctx)
	if err != nil {
		return err
	}
	actions, err := c.guard.allow(identity, c.Spec().Procedure, message)
	if err != nil {
		return err
	}
	c.permit.grant(actions)
	return nil
}
