package main

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/quotasched/quotasched/dispatcher"
	"github.com/quotasched/quotasched/dispatcher/access"
	"github.com/quotasched/quotasched/dispatcher/log/peers"
	"github.com/quotasched/quotasched/dispatcher/log/raftlog"
	"github.com/quotasched/quotasched/internal/cli"
)

// serverFlags are the flags of a server.
type serverFlags struct {
	config    dispatcher.Config
	bootstrap string
	tls       dispatcher.TLS
	peerTLS   peers.Files
	policy    string
	logFormat string
	logLevel  string
}

func newServerCommand(a *app) *cobra.Command {
	f := &serverFlags{}
	c := &cobra.Command{
		Use:   "server",
		Short: "Serve pools: a node of a cluster, or a whole system by itself",
		Long: `Serve pools. With nothing but --data-dir it is a whole system, for this machine alone:
one node, everything on one port, everybody may do everything. With --auth it is known
who calls; then it may serve other machines, too, and needs --tls-cert and --tls-key.

It prints "ready: URL" on standard output when it may serve, and logs to standard error.
SIGTERM ends it after a snapshot, with exit code 0. SIGHUP reads the policy file again; if
that is wrong, the old policy stays. Certificates are read again when they change.`,
		Example: `  qsched server --data-dir /var/lib/qsched
  qsched server --data-dir /var/lib/qsched --auth policy.yaml --tls-cert n1.pem \
    --tls-key n1-key.pem --tls-client-ca ca.pem --listen 10.0.0.1:7878
  qsched server --data-dir n1 --node-id n1 --listen 127.0.0.1:7001 --peer-listen 127.0.0.1:8001 \
    --bootstrap n1=127.0.0.1:8001,n2=127.0.0.1:8002,n3=127.0.0.1:8003`,
		Args: cli.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			return a.serve(c.Context(), f)
		},
	}
	f.register(c)
	return c
}

func (f *serverFlags) register(c *cobra.Command) {
	flags := c.Flags()
	flags.SortFlags = false
	flags.StringVar(&f.config.DataDir, "data-dir", "",
		"`DIR` of the node's files, made if it is missing; "+
			"required")
	flags.StringVar(&f.config.Listen, "listen", "127.0.0.1:7878", "`HOST:PORT` for all clients")
	flags.StringVar(&f.config.URL, "url", "", "where clients reach this node (default as --listen)")
	flags.StringVar(&f.policy, "auth", "", "policy `FILE` that says who may do what")
	flags.StringVar(&f.tls.Certificate, "tls-cert", "", "`FILE` with the certificate for clients")
	flags.StringVar(&f.tls.Key, "tls-key", "", "`FILE` with its key")
	flags.StringVar(&f.tls.ClientAuthority, "tls-client-ca", "",
		"`FILE` with the authorities of clients' "+
			"certificates")
	flags.StringVar(&f.config.NodeID, "node-id", "n1", "the node's id")
	flags.StringVar(&f.config.PeerListen, "peer-listen", "",
		"`HOST:PORT` for the other nodes (default "+
			"there are none)")
	flags.StringVar(&f.config.PeerAdvertise, "peer-advertise", "",
		"`HOST:PORT` at which the other nodes "+
			"reach this one (default as --peer-listen)")
	flags.StringVar(&f.bootstrap, "bootstrap", "", "first members of a new cluster, as "+
		"`ID=HOST:PORT,…`, the same on each of them")
	flags.StringVar(&f.peerTLS.Certificate, "peer-cert", "",
		"`FILE` with the certificate for other nodes")
	flags.StringVar(&f.peerTLS.Key, "peer-key", "", "`FILE` with its key")
	flags.StringVar(&f.peerTLS.Authority, "peer-ca", "",
		"`FILE` with the authorities of other nodes' "+
			"certificates")
	flags.IntVar(&f.config.SessionsMax, "sessions-max", 20_000, "how many workers may have a session "+
		"with this node")
	flags.IntVar(&f.config.ConnectionsMax, "connections-max", 30_000,
		"how many connections clients may have; beyond it health and metrics are served")
	flags.Int64Var(&f.config.EventBytes, "event-bytes", 1<<30, "bytes of events that are kept")
	durationVar(flags, &f.config.EventAge, "event-age", 32*24*time.Hour, "how long events are kept")
	flags.Int64Var(&f.config.JournalBytes, "journal-bytes", 1<<30, "bytes of pools' journals that "+
		"are kept")
	durationVar(flags, &f.config.JournalAge, "journal-age", 32*24*time.Hour, "how long journals are "+
		"kept")
	flags.StringVar(&f.config.TraceEndpoint, "trace-endpoint", "",
		"`URL` that spans are sent to, as OTLP "+
			"over HTTP (default none)")
	flags.StringVar(&f.logFormat, "log-format", "text", "text or json")
	flags.StringVar(&f.logLevel, "log-level", "info", "debug, info, warn or error")
}

// complete returns the configuration that the flags say.
func (f *serverFlags) complete(stderr io.Writer) (dispatcher.Config, error) {
	c := f.config
	if c.DataDir == "" {
		return c, cli.Usagef("--data-dir is missing")
	}
	var err error
	if c.Logger, err = f.logger(stderr); err != nil {
		return c, err
	}
	if c.Bootstrap, err = parseBootstrap(f.bootstrap); err != nil {
		return c, err
	}
	if f.tls != (dispatcher.TLS{}) {
		c.TLS = &f.tls
	}
	if f.peerTLS != (peers.Files{}) {
		c.PeerTLS = &f.peerTLS
	}
	return c, nil
}

// parseBootstrap reads ID=HOST:PORT,….
func parseBootstrap(text string) ([]raftlog.Address, error) {
	if text == "" {
		return nil, nil
	}
	var all []raftlog.Address
	for one := range strings.SplitSeq(text, ",") {
		id, address, found := strings.Cut(one, "=")
		if !found || id == "" || address == "" {
			return nil, cli.Usagef("--bootstrap: %q is not ID=HOST:PORT", one)
		}
		all = append(all, raftlog.Address{ID: id, Address: address})
	}
	return all, nil
}

// logger returns the logger that the flags say.
func (f *serverFlags) logger(out io.Writer) (*slog.Logger, error) {
	var level slog.Level
	if err := level.UnmarshalText([]byte(f.logLevel)); err != nil {
		return nil, cli.Usagef("--log-level %q is none of debug, info, warn, error", f.logLevel)
	}
	options := &slog.HandlerOptions{Level: level}
	switch f.logFormat {
	case "text":
		return slog.New(slog.NewTextHandler(out, options)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(out, options)), nil
	}
	return nil, cli.Usagef("--log-format %q is neither text nor json", f.logFormat)
}

// serve runs a node until ctx ends.
func (a *app) serve(ctx context.Context, f *serverFlags) error {
	c, err := f.complete(a.err)
	if err != nil {
		return err
	}
	c.OnReady = func(url string) { fmt.Fprintf(a.out, "ready: %s\n", url) }
	if f.policy != "" {
		file, err := access.Open(f.policy)
		if err != nil {
			return fmt.Errorf("--auth: %w", err)
		}
		c.Authorizer = file
		stop := onHangup(func() { reload(c.Logger, f.policy, file) })
		defer stop()
	}
	return dispatcher.Run(ctx, c)
}

// reload reads the policy again.
func reload(logger *slog.Logger, path string, file *access.File) {
	if err := file.Reload(); err != nil {
		logger.Error("the new policy is wrong, the old one stays", "file", path, "error", err)
		return
	}
	logger.Info("the policy was read again", "file", path)
}

// onHangup does something at each SIGHUP, until stop is called, which waits for its end.
func onHangup(do func()) (stop func()) {
	signals, end, ended := make(chan os.Signal, 1), make(chan struct{}), make(chan struct{})
	signal.Notify(signals, syscall.SIGHUP)
	go func() {
		defer close(ended)
		for {
			select {
			case <-signals:
				do()
			case <-end:
				return
			}
		}
	}()
	return func() {
		signal.Stop(signals)
		close(end)
		<-ended
	}
}
