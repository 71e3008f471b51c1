// Package client calls the services of a dispatcher for commands and programs.
//
// A [Client] knows one or several servers of a cluster. A call goes to the leader: a server that
// does not lead says who does, and the client goes there. A call that ends with UNAVAILABLE, or
// whose server does not answer, is repeated with growing pauses until it succeeds, is refused, or
// its time is up. A change has one request_id in all of its tries, so that it is made once; one
// that ends with UNAVAILABLE or DEADLINE_EXCEEDED after all may have been made or not.
//
// Streams are not repeated by themselves: [Client.Follow] and [Client.Watch] go on after a break,
// and whoever opens another stream does so anew. What a stream's server says of the leader is
// followed by the next call.
package client

import (
	"bytes"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"connectrpc.com/connect"

	"github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
)

// Config is how to reach a dispatcher.
type Config struct {
	// Servers are the URLs of one or several servers of a cluster, such as http://127.0.0.1:7878.
	Servers []string
	// Token says who calls; empty if a certificate or nothing does.
	Token string
	// TLS is for servers whose URL begins with https; nil means the system's authorities and no
	// client certificate.
	TLS *tls.Config
	// Timeout is how long a call without a deadline may take, with all of its tries; 0 means 30 s.
	Timeout time.Duration
	// TryTimeout is how long one try may take, if there is time for another; 0 means 10 s.
	TryTimeout time.Duration
	// Patience is how long a call is repeated while no server has ever answered; 0 means 1 s.
	Patience time.Duration
	// Interceptors see each try of a call.
	Interceptors []connect.Interceptor
}

const (
	defaultTimeout    = 30 * time.Second
	defaultTryTimeout = 10 * time.Second
	defaultPatience   = time.Second

	// pingAfter and pingWithin find connections that are dead without having been closed.
	pingAfter  = 15 * time.Second
	pingWithin = 15 * time.Second
	// idleMax connections for calls are kept at most, and idleFor: less than the server does.
	idleMax, idleFor = 256, time.Minute
	// messageBytesMax bounds an answer: a page of 1,000 tasks with their payloads.
	messageBytesMax = 32 << 20
)

// Client calls the services of a dispatcher. It may be used from any goroutine.
type Client struct {
	Tasks   dispatchconnect.TaskServiceClient
	Workers dispatchconnect.WorkerServiceClient
	Admin   dispatchconnect.AdminServiceClient
	View    dispatchconnect.ViewServiceClient
	Events  dispatchconnect.EventServiceClient
	Cluster dispatchconnect.ClusterServiceClient

	// Streams share connections of HTTP/2. A call has one of HTTP/1.1 for as long as it lasts, which
	// costs both ends about half as much.
	streams, calls *http.Transport
	route          *route
}

// New returns a client. It does not connect before the first call.
func New(c Config) (*Client, error) {
	if c.Timeout < 0 || c.TryTimeout < 0 || c.Patience < 0 {
		return nil, errors.New("a time-out is negative")
	}
	r, err := newRoute(c.Servers)
	if err != nil {
		return nil, err
	}
	if c.Token != "" && r.servers[0].Scheme != "https" && !isLoopback(r.servers[0]) {
		return nil, fmt.Errorf("a token would be sent in the clear to %s: use https", r.servers[0])
	}
	out := &Client{route: r, streams: newTransport(c), calls: newTransport(c)}
	out.streams.HTTP2 = &http.HTTP2Config{SendPingTimeout: pingAfter, PingTimeout: pingWithin}
	out.streams.Protocols.SetHTTP2(true)
	out.streams.Protocols.SetUnencryptedHTTP2(true)
	out.calls.Protocols.SetHTTP1(true)
	out.calls.MaxIdleConnsPerHost, out.calls.IdleConnTimeout = idleMax, idleFor
	web := &routed{
		streams: &http.Client{Transport: out.streams, CheckRedirect: noRedirects},
		calls:   &http.Client{Transport: out.calls, CheckRedirect: noRedirects},
	}
	options := []connect.ClientOption{
		connect.WithReadMaxBytes(messageBytesMax),
		connect.WithInterceptors(append([]connect.Interceptor{newCaller(c, r)}, c.Interceptors...)...),
	}
	out.Tasks = dispatchconnect.NewTaskServiceClient(web, placeholder, options...)
	out.Workers = dispatchconnect.NewWorkerServiceClient(web, placeholder, options...)
	out.Admin = dispatchconnect.NewAdminServiceClient(web, placeholder, options...)
	out.View = dispatchconnect.NewViewServiceClient(web, placeholder, options...)
	out.Events = dispatchconnect.NewEventServiceClient(web, placeholder, options...)
	out.Cluster = dispatchconnect.NewClusterServiceClient(web, placeholder, options...)
	return out, nil
}

func newTransport(c Config) *http.Transport {
	return &http.Transport{Proxy: http.ProxyFromEnvironment, TLSClientConfig: c.TLS.Clone(),
		Protocols: &http.Protocols{}}
}

// Close closes idle connections.
func (c *Client) Close() {
	c.streams.CloseIdleConnections()
	c.calls.CloseIdleConnections()
}

// placeholder stands in requests where the server's URL will be.
const placeholder = "http://server.invalid"

// noRedirects keeps HTTP's own redirections from being followed: this package follows the leader.
func noRedirects(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// routed sends each request to the server that its context names.
type routed struct{ streams, calls *http.Client }

// Do sends a request.
func (r *routed) Do(request *http.Request) (*http.Response, error) {
	server, ok := request.Context().Value(serverKey{}).(*url.URL)
	if !ok {
		return nil, errors.New("no server was chosen for the call")
	}
	u := *server
	u.Path = strings.TrimRight(server.Path, "/") + request.URL.Path
	request.URL = &u
	request.Host = server.Host
	if strings.HasPrefix(request.Header.Get("Content-Type"), "application/connect+") {
		return r.streams.Do(request)
	}
	if err := inMemory(request); err != nil {
		return nil, err
	}
	return r.calls.Do(request)
}

// inMemory replaces the body of a call by its bytes. So net/http sends it together with the
// headers; what it does not know to be in memory it sends in a packet of its own, at the cost of
// one more write and one more read for each call.
func inMemory(request *http.Request) error {
	if request.Body == nil || request.ContentLength <= 0 {
		return nil
	}
	b := make([]byte, request.ContentLength)
	_, err := io.ReadFull(request.Body, b)
	if err := errors.Join(err, request.Body.Close()); err != nil {
		return fmt.Errorf("a call's message cannot be read: %w", err)
	}
	request.GetBody = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(b)), nil }
	request.Body, err = request.GetBody()
	return err
}

// isLoopback says whether a URL names this machine.
func isLoopback(u *url.URL) bool {
	host := u.Hostname()
	return host == "localhost" || host == "::1" || strings.HasPrefix(host, "127.")
}
