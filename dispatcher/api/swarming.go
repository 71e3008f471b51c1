package api

import (
	"context"
	"errors"
	"net/http"
	"time"

	"connectrpc.com/connect"
	"go.chromium.org/luci/grpc/prpc"
	"go.chromium.org/luci/server/router"
	pluginpb "go.chromium.org/luci/swarming/proto/plugin"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/dispatcher/access"
	"github.com/quotasched/quotasched/dispatcher/swarming"
)

// swarmingName is the service by which LUCI Swarming asks for decisions, and below are its methods.
const (
	swarmingName           = "swarming.v1.ExternalScheduler"
	assignTasksMethod      = "/" + swarmingName + "/AssignTasks"
	notifyTasksMethod      = "/" + swarmingName + "/NotifyTasks"
	getCancellationsMethod = "/" + swarmingName + "/GetCancellations"
	getCallbacksMethod     = "/" + swarmingName + "/GetCallbacks"
)

// deciding needs the role of a worker of the pool: Swarming speaks for all of its workers.
func deciding(m proto.Message) []access.Action {
	named, _ := m.(interface{ GetSchedulerId() string })
	pool := ""
	if named != nil {
		pool = named.GetSchedulerId()
	}
	return []access.Action{{Right: access.Work, Pool: pool}}
}

// handleSwarming serves Swarming over pRPC, which it speaks, and over gRPC and Connect.
func (g *guard) handleSwarming(mux *http.ServeMux, s *swarming.Service,
	options []connect.HandlerOption) {
	mux.Handle(assignTasksMethod, unary(assignTasksMethod, s.AssignTasks, options))
	mux.Handle(notifyTasksMethod, unary(notifyTasksMethod, s.NotifyTasks, options))
	mux.Handle(getCancellationsMethod, unary(getCancellationsMethod, s.GetCancellations, options))
	mux.Handle(getCallbacksMethod, unary(getCallbacksMethod, s.GetCallbacks, options))

	server := &prpc.Server{MaxRequestSize: MessageBytesMax, UnaryServerInterceptor: g.overPRPC}
	pluginpb.RegisterExternalSchedulerServer(server, s)
	routes := router.New()
	server.InstallHandlers(routes, nil)
	mux.Handle("/prpc/", routes)
}

// unary is the handler of a method of a service that does not know of Connect.
func unary[Q, A any](method string, f func(context.Context, *Q) (*A, error),
	options []connect.HandlerOption) http.Handler {
	return connect.NewUnaryHandler(method,
		func(ctx context.Context, r *connect.Request[Q]) (*connect.Response[A], error) {
			a, err := f(ctx, r.Msg)
			if err != nil {
				return nil, err
			}
			return connect.NewResponse(a), nil
		}, options...)
}

// overPRPC guards a call over pRPC as any other.
func (g *guard) overPRPC(ctx context.Context, r any, info *grpc.UnaryServerInfo,
	next grpc.UnaryHandler) (answer any, err error) {
	begin := time.Now()
	ctx, cancel := context.WithTimeout(ctx, callMax)
	defer cancel()
	err = g.recovering(ctx, info.FullMethod, func() error {
		return g.call(ctx, info.FullMethod, r, func(ctx context.Context) (err error) {
			answer, err = next(ctx, r)
			return err
		})
	})
	err = g.ended(info.FullMethod, begin, err)
	var told *connect.Error
	if !errors.As(err, &told) {
		return answer, err
	}
	if leader := told.Meta().Get(LeaderHeader); leader != "" {
		// An error says that the transport is not pRPC's.
		_ = grpc.SetHeader(ctx, metadata.Pairs(LeaderHeader, leader))
	}
	return nil, status.Error(codes.Code(told.Code()), told.Message())
}

// recovering makes an error of a panic, as connect does for its handlers.
func (g *guard) recovering(ctx context.Context, method string, f func() error) (err error) {
	defer func() {
		if panicked := recover(); panicked != nil {
			err = g.recovered(ctx, connect.Spec{Procedure: method}, nil, panicked)
		}
	}()
	return f()
}
