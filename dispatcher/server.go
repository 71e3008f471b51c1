package dispatcher

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"connectrpc.com/connect"

	"github.com/quotasched/quotasched/dispatcher/api"
	"github.com/quotasched/quotasched/dispatcher/internal/failpoint"
	"github.com/quotasched/quotasched/dispatcher/log/peers"
	"github.com/quotasched/quotasched/dispatcher/log/raftlog"
	"github.com/quotasched/quotasched/dispatcher/metrics"
	"github.com/quotasched/quotasched/dispatcher/node"
	"github.com/quotasched/quotasched/protos/replica/replicaconnect"
)

const (
	// endTimeout is how long handing over the lead, or sending the last spans, may take at the end,
	// and callsTimeout how long calls may that are under way.
	endTimeout, callsTimeout = 10 * time.Second, 3 * time.Second
	readyEvery               = 20 * time.Millisecond
	// ballastBytes are never touched, and so take no memory. But the garbage collector waits until
	// there is as much garbage as they and the state are. A node with little in its state makes
	// garbage with each call, and would collect it many times a second.
	ballastBytes = 128 << 20
)

// Run runs a node until its context ends. Then it hands over the lead, if there are other nodes,
// takes a snapshot, closes its files and returns nil. It returns an error if the node cannot start,
// or cannot go on.
func Run(ctx context.Context, c Config) error {
	c = c.withDefaults()
	if err := c.check(); err != nil {
		return err
	}
	s := &server{config: c, ballast: make([]byte, ballastBytes)}
	defer runtime.KeepAlive(s.ballast)
	if err := s.open(); err != nil {
		return errors.Join(err, s.close())
	}
	err := s.serve(ctx)
	return errors.Join(err, s.end(), s.close())
}

// A server is a running node with all its parts.
type server struct {
	config   Config
	listener *connections
	files    *certificates // nil without TLS
	events   *eventFiles
	journals *journalFiles
	node     *node.Node
	log      *raftlog.Log
	peers    *nodePeers
	metrics  *metrics.Metrics
	traces   *traces

	public, private *http.Server
	running         sync.WaitGroup
	cancel          context.CancelFunc
	ballast         []byte
}

// open opens the parts: first what fails for the simplest reasons.
func (s *server) open() error {
	c := s.config
	var err error
	if c.TLS != nil {
		if s.files, err = loadCertificates(*c.TLS, c.Logger); err != nil {
			return fmt.Errorf("TLS: %w", err)
		}
	}
	if s.traces, err = openTraces(c.TraceEndpoint); err != nil {
		return fmt.Errorf("traces: %w", err)
	}
	listener, err := net.Listen("tcp", c.Listen)
	if err != nil {
		return err
	}
	s.listener = limitConnections(listener, c.ConnectionsMax)
	if s.events, err = openEvents(c); err != nil {
		return err
	}
	if s.journals, err = openJournals(c); err != nil {
		return err
	}
	s.metrics = metrics.New()
	s.node = node.New(node.Config{ID: c.NodeID, URL: c.url(s.listener.Addr()), Events: s.events,
		Dir: c.DataDir, Recorder: s.journals, Observer: s.metrics, Logger: c.Logger,
		SessionsMax: c.SessionsMax, Hooks: *c.hooks})
	s.journals.node, s.events.complete = s.node, s.node.AwaitEvents
	failpoints, err := failpoint.FromEnvironment()
	if err != nil {
		return err
	}
	options := raftlog.Options{Dir: filepath.Join(c.DataDir, "log"), NodeID: c.NodeID,
		Bootstrap: c.Bootstrap, Advertise: c.PeerAdvertise, Logger: c.Logger,
		SegmentBytes: c.SegmentBytes, SnapshotEntries: c.SnapshotEntries, KeepEntries: c.KeepEntries,
		Failpoints: failpoints}
	if c.PeerListen != "" {
		options.Peers = &peers.Options{Listen: c.PeerListen, TLS: c.PeerTLS, Logger: c.Logger}
	}
	if s.log, err = raftlog.Open(options, s.node.Machine()); err != nil {
		return err
	}
	s.peers = newNodePeers(s.log.DialNode)
	s.node.Attach(s.log, s.peers)
	s.metrics.Watch(s.node, metrics.Files{EventBytes: s.events.bytes, JournalBytes: s.journals.Bytes,
		JournalCuts: s.journals.Cuts})
	s.metrics.WatchRaft()
	return nil
}

// serve serves until the context ends or something fails.
func (s *server) serve(ctx context.Context) error {
	var life context.Context
	life, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	failed := make(chan error, 1)
	s.running.Go(func() { s.node.Run(life) })
	s.running.Go(func() { s.events.fill(life, s.sources, s.config.Logger) })
	if l := s.log.NodeListener(); l != nil {
		s.private = s.privateServer(life)
		s.running.Go(func() {
			// It ends before this node does if the log stops; then the node stays, and says why.
			if err := s.private.Serve(l); life.Err() == nil {
				s.config.Logger.Error("calls between nodes have ended", "error", err)
			}
		})
	}
	s.public = s.publicServer(life)
	s.running.Go(func() { failed <- s.listen() })
	if err := s.awaitReady(ctx, failed); err != nil {
		return err
	}
	select {
	case <-ctx.Done():
		return nil
	case err := <-failed:
		return err
	}
}

// sources are where missing events can come from. They are not known while this node does not know
// who leads.
func (s *server) sources() (sources map[string]source, known bool) {
	status := s.log.Status()
	sources = map[string]source{}
	for _, m := range status.Members {
		if m.ID != s.config.NodeID {
			sources[m.ID] = s.peers.source(m.ID)
		}
	}
	return sources, status.LeaderID != "" && len(status.Members) > 0
}

func (s *server) listen() error {
	if s.config.TLS != nil {
		return s.public.ServeTLS(s.listener, "", "")
	}
	return s.public.Serve(s.listener)
}

// awaitReady calls OnReady when the node may serve.
func (s *server) awaitReady(ctx context.Context, failed <-chan error) error {
	ticker := time.NewTicker(readyEvery)
	defer ticker.Stop()
	for s.node.Ready() != nil {
		select {
		case <-ticker.C:
		case err := <-failed:
			return err
		case <-ctx.Done():
			return nil
		}
	}
	s.config.OnNode(s.node)
	s.config.OnReady(s.config.url(s.listener.Addr()))
	return nil
}

// publicServer serves clients.
func (s *server) publicServer(life context.Context) *http.Server {
	c := s.config
	authorizer := c.Authorizer
	if authorizer == nil {
		authorizer = api.Local{}
		c.Logger.Info("without authentication: only this machine is served", "listen", c.Listen)
	}
	var interceptors []connect.Interceptor
	if i := s.traces.interceptor; i != nil {
		interceptors = append(interceptors, i)
	}
	h := s.newHTTPServer(life, s.listener.onFew(api.NewHandler(api.Config{
		Node: s.node, Events: s.events, Journals: s.journals, Authorizer: authorizer,
		Observer: s.metrics, Logger: c.Logger, Ready: s.node.Ready, Metrics: s.metrics.Handler(),
		Interceptors: interceptors,
	})))
	h.ConnContext = withConnection
	if s.files != nil {
		h.TLSConfig = s.files.base()
	}
	return h
}

// privateServer serves the other nodes, on connections that have said which node they are of.
func (s *server) privateServer(life context.Context) *http.Server {
	mux := http.NewServeMux()
	mux.Handle(replicaconnect.NewNodeServiceHandler(nodeService{node: s.node, events: s.events},
		connect.WithReadMaxBytes(nodeBytesMax)))
	return s.newHTTPServer(life, mux)
}

// newHTTPServer returns a server whose requests end with the context, with bounds on what a
// connection may do.
func (s *server) newHTTPServer(life context.Context, h http.Handler) *http.Server {
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	protocols.SetHTTP2(true)
	protocols.SetUnencryptedHTTP2(true)
	return &http.Server{
		Handler:           h,
		ErrorLog:          slog.NewLogLogger(s.config.Logger.Handler(), slog.LevelDebug),
		Protocols:         protocols,
		BaseContext:       func(net.Listener) context.Context { return life },
		ReadHeaderTimeout: 10 * time.Second,
		IdleTimeout:       2 * time.Minute,
		MaxHeaderBytes:    64 << 10,
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: 1000,
			// A connection whose other end is gone is found by these.
			SendPingTimeout:  30 * time.Second,
			PingTimeout:      15 * time.Second,
			WriteByteTimeout: 30 * time.Second,
		},
	}
}

// end ends what serve has begun: first the lead, so that another node takes over, then the calls.
func (s *server) end() error {
	behind := s.node.Ready()
	s.handOver()
	s.cancel()
	s.endCalls()
	s.running.Wait()
	if behind != nil {
		s.config.Logger.Warn("no snapshot is taken at the end", "reason", behind)
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.log.Snapshot(ctx); err != nil {
		return fmt.Errorf("a snapshot at the end: %w", err)
	}
	return nil
}

func (s *server) handOver() {
	status := s.log.Status()
	if !status.Leading || len(status.Members) < 2 {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), endTimeout)
	defer cancel()
	if err := s.log.Transfer(ctx, ""); err != nil {
		s.config.Logger.Warn("the lead was not handed over", "error", err)
	}
}

func (s *server) endCalls() {
	ctx, cancel := context.WithTimeout(context.Background(), callsTimeout)
	defer cancel()
	for _, h := range []*http.Server{s.public, s.private} {
		if h == nil {
			continue
		}
		if err := h.Shutdown(ctx); err != nil {
			s.config.Logger.Warn("calls were cut off", "error", err)
			h.Close() // what it could say is said
		}
	}
}

// close closes the parts that are open.
func (s *server) close() error {
	var errs []error
	if s.peers != nil {
		s.peers.close()
	}
	if s.log != nil {
		errs = append(errs, s.log.Close())
	}
	if s.node != nil {
		s.node.AwaitEvents()
	}
	if s.events != nil {
		errs = append(errs, s.events.Close())
	}
	if s.journals != nil {
		errs = append(errs, s.journals.Close())
	}
	if s.listener != nil {
		s.listener.Close() // the server has closed it, if there was one
	}
	if s.traces != nil {
		errs = append(errs, s.traces.close())
	}
	return errors.Join(errs...)
}
