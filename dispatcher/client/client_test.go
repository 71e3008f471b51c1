package client_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/internal/freeport"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
)

// fake is a server whose answers a test gives.
type fake struct {
	dispatchconnect.UnimplementedTaskServiceHandler
	dispatchconnect.UnimplementedViewServiceHandler
	dispatchconnect.UnimplementedEventServiceHandler
	dispatchconnect.UnimplementedClusterServiceHandler

	mu       sync.Mutex
	requests []string // the request ids, tokens or page tokens that were sent
	submit   func(n int) error
	follow   func(n int, r *dispatch.FollowEventsRequest, s *connect.ServerStream[dispatch.FollowEventsResponse]) error
	watch    func(n int, r *dispatch.WatchTasksRequest, s *connect.ServerStream[dispatch.WatchTasksResponse]) error
}

// note keeps what was sent and returns how many calls there were before.
func (f *fake) note(text string) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.requests = append(f.requests, text)
	return len(f.requests) - 1
}

func (f *fake) noted() []string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]string(nil), f.requests...)
}

func (f *fake) SubmitTasks(_ context.Context, r *connect.Request[dispatch.SubmitTasksRequest]) (*connect.Response[dispatch.SubmitTasksResponse], error) {
	if err := f.submit(f.note(r.Header().Get("Authorization") + " " + r.Msg.RequestId)); err != nil {
		return nil, err
	}
	return connect.NewResponse(&dispatch.SubmitTasksResponse{Ids: []string{"id"}}), nil
}

func (f *fake) AddMember(context.Context, *connect.Request[dispatch.AddMemberRequest]) (*connect.Response[dispatch.AddMemberResponse], error) {
	f.note("add")
	return nil, connect.NewError(connect.CodeUnavailable, errors.New("later"))
}

func (f *fake) ListWorkers(_ context.Context, r *connect.Request[dispatch.ListWorkersRequest]) (*connect.Response[dispatch.ListWorkersResponse], error) {
	switch f.note(r.Msg.PageToken) {
	case 0:
		return connect.NewResponse(&dispatch.ListWorkersResponse{NextPageToken: "2",
			Workers: []*dispatch.WorkerView{{Worker: "a/0"}, {Worker: "a/1"}}}), nil
	case 1:
		return connect.NewResponse(&dispatch.ListWorkersResponse{NextPageToken: "3"}), nil
	}
	return connect.NewResponse(&dispatch.ListWorkersResponse{Workers: []*dispatch.WorkerView{{Worker: "b/0"}}}), nil
}

func (f *fake) FollowEvents(_ context.Context, r *connect.Request[dispatch.FollowEventsRequest], s *connect.ServerStream[dispatch.FollowEventsResponse]) error {
	return f.follow(f.note(fmt.Sprint(r.Msg.After.GetIndex(), ".", r.Msg.After.GetN())), r.Msg, s)
}

func (f *fake) WatchTasks(_ context.Context, r *connect.Request[dispatch.WatchTasksRequest], s *connect.ServerStream[dispatch.WatchTasksResponse]) error {
	return f.watch(f.note(fmt.Sprint(r.Msg.Ids)), r.Msg, s)
}

// serve starts the fake and returns its URL.
func (f *fake) serve(t *testing.T) string {
	mux := http.NewServeMux()
	mux.Handle(dispatchconnect.NewTaskServiceHandler(f))
	mux.Handle(dispatchconnect.NewViewServiceHandler(f))
	mux.Handle(dispatchconnect.NewEventServiceHandler(f))
	mux.Handle(dispatchconnect.NewClusterServiceHandler(f))
	s := httptest.NewUnstartedServer(mux)
	s.Config.Protocols = &http.Protocols{}
	s.Config.Protocols.SetHTTP1(true)
	s.Config.Protocols.SetUnencryptedHTTP2(true)
	s.Start()
	t.Cleanup(s.Close)
	return s.URL
}

func open(t *testing.T, c client.Config) *client.Client {
	t.Helper()
	out, err := client.New(c)
	require.NoError(t, err)
	t.Cleanup(out.Close)
	return out
}

func submit(c *client.Client, ctx context.Context) ([]string, error) {
	r, err := c.Tasks.SubmitTasks(ctx, connect.NewRequest(&dispatch.SubmitTasksRequest{Pool: "lab"}))
	if err != nil {
		return nil, err
	}
	return r.Msg.Ids, nil
}

func unavailable(leader string) error {
	err := connect.NewError(connect.CodeUnavailable, errors.New("not now"))
	if leader != "" {
		err.Meta().Set(client.LeaderHeader, leader)
	}
	return err
}

// A server that ends in the middle of a call resets its connection: the call is repeated.
func TestACallSurvivesItsConnection(t *testing.T) {
	f := &fake{submit: func(int) error { return nil }}
	mux := http.NewServeMux()
	mux.Handle(dispatchconnect.NewTaskServiceHandler(f))
	var calls atomic.Int64
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if calls.Add(1) > 2 {
			mux.ServeHTTP(w, r)
			return
		}
		c, _, err := http.NewResponseController(w).Hijack()
		if err == nil {
			err = c.(*net.TCPConn).SetLinger(0)
		}
		if err := errors.Join(err, c.Close()); err != nil {
			t.Error(err)
		}
	}))
	t.Cleanup(s.Close)
	c := open(t, client.Config{Servers: []string{s.URL}})
	ids, err := submit(c, t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"id"}, ids)
	require.EqualValues(t, 3, calls.Load())
}

// A readListener counts what its connections are sent: reads with which anything came.
type readListener struct {
	net.Listener
	reads atomic.Int64
}

func (l *readListener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	return &readConn{c, l}, err
}

type readConn struct {
	net.Conn
	listener *readListener
}

func (c *readConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	if n > 1 { // the server asks for a byte to learn of the end of a connection
		c.listener.reads.Add(1)
	}
	return n, err
}

// What a call sends comes in one piece: a second one is a write and a read more for each call.
func TestACallIsOnePacket(t *testing.T) {
	f := &fake{submit: func(int) error { return nil }}
	mux := http.NewServeMux()
	mux.Handle(dispatchconnect.NewTaskServiceHandler(f))
	s := httptest.NewUnstartedServer(mux)
	l := &readListener{Listener: s.Listener}
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	c := open(t, client.Config{Servers: []string{s.URL}})
	const calls = 100
	for range calls {
		_, err := submit(c, t.Context())
		require.NoError(t, err)
	}
	require.LessOrEqual(t, l.reads.Load(), int64(calls+calls/10))
}

func TestAChangeIsRepeatedWithOneRequestID(t *testing.T) {
	f := &fake{submit: func(n int) error {
		if n < 3 {
			return unavailable("")
		}
		return nil
	}}
	c := open(t, client.Config{Servers: []string{f.serve(t)}, Token: "secret"})
	ids, err := submit(c, t.Context())
	require.NoError(t, err)
	require.Equal(t, []string{"id"}, ids)
	sent := f.noted()
	require.Len(t, sent, 4)
	require.Regexp(t, `^Bearer secret [A-Z2-7]{26}$`, sent[0])
	for _, s := range sent {
		require.Equal(t, sent[0], s)
	}
	_, err = submit(c, t.Context())
	require.NoError(t, err)
	require.NotEqual(t, sent[0], f.noted()[4], "another call has another id")
}

func TestTheLeaderIsFollowedAndLeft(t *testing.T) {
	leader, follower := &fake{}, &fake{}
	gone := false
	leader.submit = func(int) error {
		if gone {
			return unavailable("")
		}
		return nil
	}
	url := leader.serve(t)
	follower.submit = func(int) error {
		if gone {
			return nil // it leads itself now
		}
		return unavailable(url)
	}
	c := open(t, client.Config{Servers: []string{follower.serve(t)}})
	for range 3 {
		_, err := submit(c, t.Context())
		require.NoError(t, err)
	}
	require.Len(t, follower.noted(), 1, "the leader is remembered")
	require.Len(t, leader.noted(), 3)
	gone = true
	_, err := submit(c, t.Context())
	require.NoError(t, err)
	require.Len(t, follower.noted(), 2)
}

func TestOtherServersAreTried(t *testing.T) {
	f := &fake{submit: func(int) error { return nil }}
	c := open(t, client.Config{Servers: []string{"http://" + freeport.ForTest(t), f.serve(t)}})
	_, err := submit(c, t.Context())
	require.NoError(t, err)
}

func TestErrorsOfCalls(t *testing.T) {
	f := &fake{submit: func(int) error {
		return connect.NewError(connect.CodeInvalidArgument, errors.New("no such pool"))
	}}
	c := open(t, client.Config{Servers: []string{f.serve(t)}})
	_, err := submit(c, t.Context())
	require.EqualError(t, err, "invalid_argument: no such pool")
	require.Len(t, f.noted(), 1, "a refusal is final")

	_, err = c.Cluster.AddMember(t.Context(), connect.NewRequest(&dispatch.AddMemberRequest{}))
	require.EqualError(t, err, "unavailable: later")
	require.Len(t, f.noted(), 2, "a change without a request id is made once")

	c = open(t, client.Config{Servers: []string{"http://" + freeport.ForTest(t)}, Patience: time.Millisecond})
	_, err = submit(c, t.Context())
	require.ErrorContains(t, err, "no server answers at http://127.0.0.1:")
	require.Equal(t, connect.CodeUnavailable, connect.CodeOf(err))

	ctx, cancel := context.WithTimeout(t.Context(), 120*time.Millisecond)
	defer cancel()
	f = &fake{submit: func(int) error { return unavailable("") }}
	c = open(t, client.Config{Servers: []string{f.serve(t)}})
	_, err = submit(c, ctx)
	require.ErrorContains(t, err, "it is not known whether the change was made: repeat it with the request id ")
	require.Greater(t, len(f.noted()), 1)
}

func TestASlowServerIsTriedAgain(t *testing.T) {
	release := make(chan struct{})
	f := &fake{submit: func(n int) error {
		if n == 0 {
			<-release
		}
		return nil
	}}
	c := open(t, client.Config{Servers: []string{f.serve(t)}, TryTimeout: 200 * time.Millisecond})
	_, err := submit(c, t.Context())
	close(release)
	require.NoError(t, err)
	require.Len(t, f.noted(), 2)
}

func TestConfigsThatAreRefused(t *testing.T) {
	for _, c := range []struct {
		config client.Config
		want   string
	}{
		{client.Config{}, "no server is named"},
		{client.Config{Servers: []string{"localhost:7878"}}, `"localhost:7878" is not a server's URL`},
		{client.Config{Servers: []string{"http://u:p@h"}}, "has more than a scheme"},
		{client.Config{Servers: []string{"http://h", "https://h"}}, "not both http or both https"},
		{client.Config{Servers: []string{"http://example.org"}, Token: "x"}, "sent in the clear"},
		{client.Config{Servers: []string{"http://h"}, Timeout: -1}, "negative"},
	} {
		_, err := client.New(c.config)
		require.ErrorContains(t, err, c.want)
		if c.config.Token != "" {
			require.NotContains(t, err.Error(), "x:")
		}
	}
}

func TestPagesAreGoneThrough(t *testing.T) {
	f := &fake{}
	c := open(t, client.Config{Servers: []string{f.serve(t)}})
	var names []string
	for w, err := range c.AllWorkers(t.Context(), "lab") {
		require.NoError(t, err)
		names = append(names, w.Worker)
	}
	require.Equal(t, []string{"a/0", "a/1", "b/0"}, names)
	require.Equal(t, []string{"", "2", "3"}, f.noted())
}

func event(index uint64, n uint32) *dispatch.Event {
	return &dispatch.Event{Position: &dispatch.Position{Index: index, N: n}}
}

func TestEventsGoOnAfterABreak(t *testing.T) {
	f := &fake{follow: func(n int, _ *dispatch.FollowEventsRequest, s *connect.ServerStream[dispatch.FollowEventsResponse]) error {
		switch n {
		case 0:
			_ = s.Send(&dispatch.FollowEventsResponse{Events: []*dispatch.Event{event(1, 0), event(1, 1)}})
			return unavailable("")
		case 1: // repeats one
			_ = s.Send(&dispatch.FollowEventsResponse{Events: []*dispatch.Event{event(1, 1), event(2, 0)}})
			return connect.NewError(connect.CodeResourceExhausted, errors.New("too slow"))
		}
		return connect.NewError(connect.CodeOutOfRange, errors.New("the oldest is 9.0"))
	}}
	c := open(t, client.Config{Servers: []string{f.serve(t)}})
	var got []string
	for e, err := range c.Follow(t.Context(), &dispatch.FollowEventsRequest{Pool: "lab", Follow: true}) {
		if err != nil {
			got = append(got, err.Error())
			continue
		}
		got = append(got, fmt.Sprint(e.Position.Index, ".", e.Position.N))
	}
	require.Equal(t, []string{"1.0", "1.1", "2.0", "out_of_range: the oldest is 9.0"}, got)
	require.Equal(t, []string{"0.0", "1.1", "2.0"}, f.noted())
}

func TestAWatchGoesOnWithWhatHasNotEnded(t *testing.T) {
	running, done := dispatch.Task_STATE_RUNNING, dispatch.Task_STATE_SUCCEEDED
	f := &fake{watch: func(n int, _ *dispatch.WatchTasksRequest, s *connect.ServerStream[dispatch.WatchTasksResponse]) error {
		if n == 0 {
			_ = s.Send(&dispatch.WatchTasksResponse{Task: &dispatch.Task{Id: "a", State: done}})
			_ = s.Send(&dispatch.WatchTasksResponse{Task: &dispatch.Task{Id: "b", State: running}})
			return unavailable("")
		}
		return s.Send(&dispatch.WatchTasksResponse{Task: &dispatch.Task{Id: "b", State: done}})
	}}
	c := open(t, client.Config{Servers: []string{f.serve(t)}})
	var got []string
	for task, err := range c.Watch(t.Context(), "lab", []string{"a", "b"}) {
		require.NoError(t, err)
		got = append(got, task.Id+" "+task.State.String())
	}
	require.Equal(t, []string{"a STATE_SUCCEEDED", "b STATE_RUNNING", "b STATE_SUCCEEDED"}, got)
	require.Equal(t, []string{"[a b]", "[b]"}, f.noted())
}
