package api

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"time"

	"github.com/quotasched/quotasched/dispatcher/access"
)

// An Authorizer says who a caller is. access.Policy and access.File are ones.
type Authorizer interface {
	Identify(c access.Credentials, now time.Time) (*access.Identity, error)
	// Changed is closed when the next answers may be other ones for the same credentials; nil if that
	// never happens. Streams of callers that lost their rights end then.
	Changed() <-chan struct{}
}

// Local is the Authorizer of a server without authentication, which serves this machine alone.
type Local struct{}

// Identify implements Authorizer.
func (Local) Identify(access.Credentials, time.Time) (*access.Identity, error) {
	return access.Everybody(), nil
}

// Changed implements Authorizer.
func (Local) Changed() <-chan struct{} { return nil }

// A caller is what HTTP says of who calls.
type caller struct {
	credentials access.Credentials
	controller  *http.ResponseController
	patience    time.Duration // how long it may take to read one message of a stream
}

// receiveTimeout is how long the first message of a call may take to arrive.
const receiveTimeout = time.Minute

// received ends the deadline of the first message.
func (c caller) received() {
	if c.controller != nil {
		_ = c.controller.SetReadDeadline(time.Time{})
	}
}

// bodyReadAhead is how much of a body of HTTP/2 is read at once, if it is there: a report.
const bodyReadAhead = 512

// A bufferedBody is a body of HTTP/2. Each look into one is a message to whom serves the
// connection, and connect-go looks twice for each message of a stream: how long it is, and what it
// says.
type bufferedBody struct {
	*bufio.Reader
	io.Closer
}

type callerKey struct{}

// withCaller makes what HTTP says of a caller known to the handlers behind it.
func withCaller(patience time.Duration, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c := caller{credentials: credentialsOf(r), controller: http.NewResponseController(w),
			patience: patience}
		// An error says that the connection has no deadlines, as in tests.
		_ = c.controller.SetReadDeadline(time.Now().Add(receiveTimeout))
		if r.ProtoMajor == 2 {
			r.Body = bufferedBody{bufio.NewReaderSize(r.Body, bodyReadAhead), r.Body}
		}
		next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), callerKey{}, c)))
	})
}

func credentialsOf(r *http.Request) (c access.Credentials) {
	if r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		c.Certificate = r.TLS.VerifiedChains[0][0]
	}
	scheme, token, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if strings.EqualFold(scheme, "Bearer") {
		c.Token = strings.TrimSpace(token)
	}
	return c
}

func callerOf(ctx context.Context) caller {
	c, _ := ctx.Value(callerKey{}).(caller)
	return c
}

type identityKey struct{}

// identityOf returns who calls; the interceptor has found out.
func identityOf(ctx context.Context) *access.Identity {
	i, _ := ctx.Value(identityKey{}).(*access.Identity)
	return i
}

// callerName returns the name of who calls.
func callerName(ctx context.Context) string { return identityOf(ctx).Name() }
