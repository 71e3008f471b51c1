package api

import (
	"cmp"
	"fmt"
	"log/slog"
	"net/http"
	"time"

	"connectrpc.com/connect"
	"connectrpc.com/grpchealth"
	"connectrpc.com/grpcreflect"

	"github.com/quotasched/quotasched/dispatcher/access"
	"github.com/quotasched/quotasched/dispatcher/node"
	"github.com/quotasched/quotasched/dispatcher/swarming"
	dc "github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
)

// MessageBytesMax is how long a message may be.
const MessageBytesMax = 4 << 20

// Config is what the handler is made of.
type Config struct {
	Node   *node.Node
	Events Events
	// Journals are those of this node.
	Journals Journals
	// Authorizer says who calls. With Local, callers must be on this machine.
	Authorizer Authorizer
	Observer   Observer
	Logger     *slog.Logger
	// Ready returns nil if this node may serve.
	Ready func() error
	// Metrics serves /metrics.
	Metrics http.Handler
	// SendTimeout is how long the reader of a stream may take for one message; 0 means 10 s. Then it
	// is cut off.
	SendTimeout time.Duration
	// Interceptors stand before the guard, such as one that traces.
	Interceptors []connect.Interceptor
}

const (
	sendTimeout = 10 * time.Second
	// compressMinBytes is from where on an answer is compressed, for a client that can take it. For
	// less, it is most of what the answer costs, and saves no packet.
	compressMinBytes = 4 << 10
)

// services are the services that reflection and the health service know.
var services = []string{
	dc.TaskServiceName, dc.WorkerServiceName, dc.AdminServiceName, dc.ViewServiceName,
	dc.EventServiceName, dc.ClusterServiceName, swarmingName,
}

// NewHandler returns what a node serves on its one port: the services over gRPC, gRPC-Web and
// Connect, Swarming's over pRPC as well, health, reflection, /healthz, /readyz and /metrics.
func NewHandler(c Config) http.Handler {
	g := &guard{authorizer: c.Authorizer, limits: &limits{used: map[string]*used{}},
		observer: c.Observer, logger: c.Logger, leaderURL: c.Node.LeaderURL,
		rechecks: rechecks{changed: c.Authorizer.Changed, guests: map[*guest]bool{}}}
	options := []connect.HandlerOption{
		connect.WithReadMaxBytes(MessageBytesMax),
		connect.WithCompressMinBytes(compressMinBytes),
		connect.WithInterceptors(append(c.Interceptors, g)...),
		connect.WithRecover(g.recovered),
		connect.WithHandlerOptions(jsonCodecs...),
	}
	s := &service{node: c.Node, events: c.Events, journals: c.Journals}
	mux := http.NewServeMux()
	mux.Handle(dc.NewTaskServiceHandler(tasks{s}, options...))
	mux.Handle(dc.NewWorkerServiceHandler(workers{s}, options...))
	mux.Handle(dc.NewAdminServiceHandler(admin{s}, options...))
	mux.Handle(dc.NewViewServiceHandler(view{s}, options...))
	mux.Handle(dc.NewEventServiceHandler(events{s}, options...))
	mux.Handle(dc.NewClusterServiceHandler(cluster{s}, options...))
	g.handleSwarming(mux, swarming.New(c.Node, callerName, c.Logger), options)
	small := connect.WithReadMaxBytes(64 << 10)
	mux.Handle(grpchealth.NewHandler(health{c.Ready}, small))
	reflector := grpcreflect.NewStaticReflector(services...)
	path, handler := grpcreflect.NewHandlerV1(reflector, small)
	mux.Handle(path, g.known(handler))
	path, handler = grpcreflect.NewHandlerV1Alpha(reflector, small)
	mux.Handle(path, g.known(handler))
	mux.Handle("GET /metrics", g.known(c.Metrics))
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "alive")
	})
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, _ *http.Request) {
		if err := c.Ready(); err != nil {
			http.Error(w, err.Error(), http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "ready")
	})
	all := withCaller(cmp.Or(c.SendTimeout, sendTimeout), redirectJSON(mux))
	if _, local := c.Authorizer.(Local); local {
		all = onlyLocal(all)
	}
	return all
}

// known lets everybody in who is known.
func (g *guard) known(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, err := g.identify(r.Context()); err != nil {
			g.logger.Warn("refused", "path", r.URL.Path, "error", err)
			http.Error(w, err.Error(), http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

var _ Authorizer = (*access.File)(nil)
