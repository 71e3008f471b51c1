package client

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"errors"
	"fmt"
	mathrand "math/rand/v2"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
	"time"

	"connectrpc.com/connect"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"
)

// The pauses between the tries of a call.
const (
	firstPause  = 50 * time.Millisecond
	longestWait = 2 * time.Second
	pauseGrowth = 1.6
)

// caller is the interceptor that makes calls: it chooses the server, says who calls, and tries
// again.
type caller struct {
	config   Config
	route    *route
	answered atomic.Bool // a server has answered at least once
}

func newCaller(c Config, r *route) *caller {
	if c.Timeout == 0 {
		c.Timeout = defaultTimeout
	}
	if c.TryTimeout == 0 {
		c.TryTimeout = defaultTryTimeout
	}
	if c.Patience == 0 {
		c.Patience = defaultPatience
	}
	return &caller{config: c, route: r}
}

// try is one try of a call.
type try struct {
	server *url.URL
	err    error
	slow   bool // the server did not answer in time, and there is time for another try
}

// WrapUnary makes a call.
func (c *caller) WrapUnary(next connect.UnaryFunc) connect.UnaryFunc {
	return func(ctx context.Context, request connect.AnyRequest) (connect.AnyResponse, error) {
		c.sign(request.Header())
		if isSync(request.Spec()) { // the worker repeats it as it likes
			response, t := c.once(ctx, request, next)
			c.learn(&t)
			return response, t.err
		}
		if _, has := ctx.Deadline(); !has {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, c.config.Timeout)
			defer cancel()
		}
		return c.repeat(ctx, request, next)
	}
}

// repeat tries a call until it succeeds, is refused, or its time is up.
func (c *caller) repeat(ctx context.Context, request connect.AnyRequest,
	next connect.UnaryFunc) (connect.AnyResponse, error) {
	id := giveRequestID(request.Any())
	repeatable := id != "" || isRead(request.Spec())
	begin := time.Now()
	for n := 0; ; n++ {
		tryCtx, cancel := context.WithTimeout(ctx, c.config.TryTimeout)
		response, t := c.once(tryCtx, request, next)
		t.slow = tryCtx.Err() != nil && ctx.Err() == nil
		cancel()
		if t.err == nil {
			return response, nil
		}
		moved := c.learn(&t)
		again := moved || errors.Is(t.err, syscall.ECONNREFUSED) || repeatable && (t.slow ||
			connect.CodeOf(t.err) == connect.CodeUnavailable)
		if !again || isHopeless(t.err) ||
			!c.answered.Load() && time.Since(begin) > c.config.Patience && !t.slow {
			return nil, c.final(&t, id)
		}
		if moved && n == 0 {
			continue
		}
		select {
		case <-ctx.Done():
			return nil, c.final(&t, id)
		case <-time.After(pause(n)):
		}
	}
}

// once sends a call to one server.
func (c *caller) once(ctx context.Context, request connect.AnyRequest,
	next connect.UnaryFunc) (connect.AnyResponse, try) {
	t := try{server: c.route.server()}
	response, err := next(context.WithValue(ctx, serverKey{}, t.server), request)
	if err == nil || connect.IsWireError(err) {
		c.answered.Store(true)
	}
	if isBroken(err) && ctx.Err() == nil {
		err = connect.NewError(connect.CodeUnavailable, withoutCode(err))
	}
	t.err = err
	return response, t
}

// isBroken says whether the connection broke, as when a server ends in the middle of a call. To
// connect-go such a call was cancelled, as it is when its context ends.
func isBroken(err error) bool {
	return errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}

// isHopeless says whether a server and this client will never understand each other.
func isHopeless(err error) bool {
	return errors.As(err, new(*tls.CertificateVerificationError)) ||
		errors.As(err, new(tls.AlertError)) || errors.As(err, new(tls.RecordHeaderError))
}

// learn takes what a failed try says of the servers, and reports whether it names another leader.
func (c *caller) learn(t *try) bool {
	if t.err == nil {
		return false
	}
	if e, ok := errors.AsType[*connect.Error](t.err); ok {
		leader := e.Meta().Get(LeaderHeader)
		if leader != "" && c.route.follow(t.server, leader) {
			return true
		}
	}
	if t.slow || connect.CodeOf(t.err) == connect.CodeUnavailable {
		c.route.failed(t.server)
	}
	return false
}

// final is the error of a call whose last try failed so.
func (c *caller) final(t *try, id string) error {
	code := connect.CodeOf(t.err)
	unknown := id != "" && (code == connect.CodeUnavailable || code == connect.CodeDeadlineExceeded)
	switch {
	case !c.answered.Load() && code == connect.CodeUnavailable:
		return connect.NewError(code, fmt.Errorf("no server answers at %s: %w", t.server, cause(t.err)))
	case unknown:
		return connect.NewError(code, fmt.Errorf("%w; it is not known whether the change was made: "+
			"repeat it with the request id %s", withoutCode(t.err), id))
	}
	return t.err
}

// cause is what went wrong below HTTP, if it is known.
func cause(err error) error {
	if errors.Is(err, syscall.ECONNREFUSED) {
		return syscall.ECONNREFUSED
	}
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return withoutCode(err)
}

// withoutCode takes the code off an error, which the error around it has.
func withoutCode(err error) error {
	if e, ok := errors.AsType[*connect.Error](err); ok && e.Unwrap() != nil {
		return e.Unwrap()
	}
	return err
}

// pause returns how long to wait after try n, with chance in it, so that callers do not march in
// step.
func pause(n int) time.Duration {
	d := float64(firstPause)
	for range n {
		d = min(d*pauseGrowth, float64(longestWait))
	}
	return time.Duration(d/2 + d/2*mathrand.Float64())
}

// giveRequestID gives a request an id if it takes one and has none. It returns the id, or "".
func giveRequestID(message any) string {
	m, ok := message.(proto.Message)
	if !ok {
		return ""
	}
	r := m.ProtoReflect()
	field := r.Descriptor().Fields().ByName("request_id")
	if field == nil {
		return ""
	}
	if r.Get(field).String() == "" {
		r.Set(field, protoreflect.ValueOfString(rand.Text()))
	}
	return r.Get(field).String()
}

// isRead says whether a method only looks.
func isRead(spec connect.Spec) bool {
	name := spec.Procedure[strings.LastIndexByte(spec.Procedure, '/')+1:]
	for _, verb := range []string{"Get", "List", "Inspect", "Explain", "Forecast"} {
		if strings.HasPrefix(name, verb) {
			return true
		}
	}
	return false
}

func isSync(spec connect.Spec) bool {
	return strings.HasSuffix(spec.Procedure, "WorkerService/Sync")
}

// sign says who calls.
func (c *caller) sign(header interface{ Set(name, value string) }) {
	if c.config.Token != "" {
		header.Set("Authorization", "Bearer "+c.config.Token)
	}
}

// WrapStreamingClient opens a stream to the server of the day.
func (c *caller) WrapStreamingClient(next connect.StreamingClientFunc) connect.StreamingClientFunc {
	return func(ctx context.Context, spec connect.Spec) connect.StreamingClientConn {
		server := c.route.server()
		conn := next(context.WithValue(ctx, serverKey{}, server), spec)
		c.sign(conn.RequestHeader())
		return &learning{StreamingClientConn: conn, caller: c, server: server}
	}
}

// WrapStreamingHandler is for servers.
func (c *caller) WrapStreamingHandler(
	next connect.StreamingHandlerFunc) connect.StreamingHandlerFunc {
	return next
}

// learning is a stream whose error says something of the servers.
type learning struct {
	connect.StreamingClientConn
	caller *caller
	server *url.URL
}

// Receive receives a message.
func (l *learning) Receive(message any) error {
	err := l.StreamingClientConn.Receive(message)
	if err != nil {
		l.caller.learn(&try{server: l.server, err: err})
	}
	return err
}
