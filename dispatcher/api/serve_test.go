package api

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/log"
	"github.com/quotasched/quotasched/dispatcher/metrics"
	"github.com/quotasched/quotasched/dispatcher/node"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
	dc "github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
	"github.com/quotasched/quotasched/protos/replica"
)

// A served is a cluster whose nodes serve over HTTP, each with a port of its own.
type served struct {
	log  *log.Memory
	urls []string
	logs []log.Log
	byID sync.Map // the URLs, by id of the node
}

// serve starts nodes with a pool "lab", which has the account "web".
func serve(t *testing.T, authorizer Authorizer, ids ...string) *served {
	return serveWith(t, func(c *Config) { c.Authorizer = authorizer }, ids...)
}

// serveWith starts nodes whose configurations were tuned.
func serveWith(t *testing.T, tune func(*Config), ids ...string) *served {
	s := &served{log: log.NewMemory(ids...)}
	var last *node.Node
	var nodes []*node.Node
	for _, id := range ids {
		h := httptest.NewUnstartedServer(nil)
		h.Config.Protocols = new(http.Protocols)
		h.Config.Protocols.SetHTTP1(true)
		h.Config.Protocols.SetUnencryptedHTTP2(true)
		url := "http://" + h.Listener.Addr().String()
		s.byID.Store(id, url)
		m, logger := metrics.New(), slog.New(slog.NewTextHandler(io.Discard, nil))
		n := node.New(node.Config{ID: id, URL: url, Events: noEvents{}, Observer: m, Logger: logger,
			SessionsMax: 100})
		l, err := s.log.Open(id, n.Machine())
		require.NoError(t, err)
		n.Attach(l, s)
		m.Watch(n, metrics.Files{EventBytes: func() int64 { return 0 }, JournalBytes: func() int64 { return 0 },
			JournalCuts: func() uint64 { return 0 }})
		ctx, cancel := context.WithCancel(context.Background())
		var running sync.WaitGroup
		running.Go(func() { n.Run(ctx) })
		config := Config{Node: n, Events: noEvents{}, Authorizer: Local{}, Observer: m, Logger: logger,
			Ready: n.Ready, Metrics: m.Handler()}
		tune(&config)
		h.Config.Handler = NewHandler(config)
		h.Start()
		t.Cleanup(func() {
			cancel()
			running.Wait()
			h.Close()
			require.NoError(t, l.Close())
		})
		s.urls, s.logs, nodes, last = append(s.urls, url), append(s.logs, l), append(nodes, n), n
	}
	require.NotNil(t, last)
	s.prepare(t, nodes)
	return s
}

// prepare makes the pool, by the node that leads.
func (s *served) prepare(t *testing.T, nodes []*node.Node) {
	for _, c := range []*replica.Command{
		{Kind: &replica.Command_CreatePool{CreatePool: &dispatch.CreatePoolRequest{Pool: "lab"}}},
		{Kind: &replica.Command_CreatePool{CreatePool: &dispatch.CreatePoolRequest{Pool: "other"}}},
		{Kind: &replica.Command_SetAccount{SetAccount: &dispatch.SetAccountRequest{Pool: "lab",
			AccountId: "web", Settings: &dispatch.AccountSettings{Config: &protos.AccountConfig{}}}}},
	} {
		require.Eventually(t, func() bool {
			for _, n := range nodes {
				outcome, _, err := n.Propose(context.Background(), c)
				if err == nil {
					require.Zero(t, outcome.GetCode(), outcome.GetError())
					return true
				}
			}
			return false
		}, 5*time.Second, time.Millisecond)
	}
}

// Exchange implements node.Peers: what it says is where the other node is.
func (s *served) Exchange(_ context.Context, m log.Member, _ *replica.NodeState) (*replica.NodeState,
	error) {
	if url, known := s.byID.Load(m.ID); known {
		return &replica.NodeState{NodeId: m.ID, Url: url.(string)}, nil
	}
	return nil, errors.New("no such node")
}

// noEvents keeps no events.
type noEvents struct{}

func (noEvents) Append(uint64, []*dispatch.Event, [][]byte) error { return nil }
func (noEvents) Reach(uint64, uint64) error                       { return nil }
func (noEvents) Whole() error                                     { return nil }
func (noEvents) Sync() error                                      { return nil }
func (noEvents) Follow(context.Context, Following, func([]*dispatch.Event) error) error {
	return nil
}

var h2 = func() *http.Client {
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	return &http.Client{Transport: &http.Transport{Protocols: p}}
}()

// A call is one over HTTP with JSON.
type call struct {
	procedure string
	streams   bool
	body      string
	token     string
}

// do makes a call, and returns the code of its error, or "ok".
func (s *served) do(t *testing.T, c call) string {
	t.Helper()
	body, kind := []byte(c.body), "application/json"
	if c.streams {
		kind = "application/connect+json"
		body = append(binary.BigEndian.AppendUint32([]byte{0}, uint32(len(body))), body...)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, s.urls[0]+c.procedure,
		bytes.NewReader(body))
	require.NoError(t, err)
	r.Header.Set("Content-Type", kind)
	if c.token != "" {
		r.Header.Set("Authorization", "Bearer "+c.token)
	}
	answer, err := h2.Do(r)
	require.NoError(t, err)
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	if c.streams && answer.StatusCode == http.StatusOK {
		return streamCode(t, text)
	}
	var e struct{ Code string }
	require.NoError(t, json.Unmarshal(text, &e), "%s", text)
	if answer.StatusCode == http.StatusOK {
		return "ok"
	}
	return e.Code
}

// streamCode returns the code in the last message of a stream.
func streamCode(t *testing.T, text []byte) string {
	t.Helper()
	for len(text) >= 5 {
		n := int(binary.BigEndian.Uint32(text[1:5]))
		if text[0]&2 == 0 {
			text = text[5+n:]
			continue
		}
		var end struct{ Error struct{ Code string } }
		require.NoError(t, json.Unmarshal(text[5:5+n], &end))
		if end.Error.Code == "" {
			return "ok"
		}
		return end.Error.Code
	}
	return "no end"
}

func TestServicesOverAllProtocols(t *testing.T) {
	s := serve(t, Local{}, "a")
	for name, options := range map[string][]connect.ClientOption{
		"gRPC": {connect.WithGRPC()}, "gRPC-Web": {connect.WithGRPCWeb()}, "Connect": nil,
		"JSON": {connect.WithProtoJSON()},
	} {
		t.Run(name, func(t *testing.T) {
			tasks := dc.NewTaskServiceClient(h2, s.urls[0], options...)
			made, err := tasks.SubmitTasks(t.Context(), connect.NewRequest(&dispatch.SubmitTasksRequest{
				Pool: "lab", Tasks: []*dispatch.TaskSpec{{AccountId: "web",
					Payload: &dispatch.TaskSpec_Opaque{Opaque: []byte("x")}}}}))
			require.NoError(t, err)
			require.NotEmpty(t, made.Header().Get(IndexHeader))
			id := made.Msg.GetIds()[0]
			watch, err := tasks.WatchTasks(t.Context(), connect.NewRequest(&dispatch.WatchTasksRequest{
				Pool: "lab", Ids: []string{id}}))
			require.NoError(t, err)
			require.True(t, watch.Receive(), watch.Err())
			require.Equal(t, dispatch.Task_STATE_WAITING, watch.Msg().GetTask().GetState())
			_, err = tasks.CancelTasks(t.Context(), connect.NewRequest(&dispatch.CancelTasksRequest{
				Pool: "lab", Ids: []string{id}}))
			require.NoError(t, err)
			require.True(t, watch.Receive(), watch.Err())
			require.Equal(t, dispatch.Task_STATE_CANCELLED, watch.Msg().GetTask().GetState())
			require.False(t, watch.Receive(), "all have ended")
			require.NoError(t, watch.Err())
			got, err := tasks.GetTask(t.Context(), connect.NewRequest(&dispatch.GetTaskRequest{
				Pool: "lab", Id: id}))
			require.NoError(t, err)
			require.Equal(t, "local", got.Msg.GetTask().GetIdentity())
			require.NotEmpty(t, got.Header().Get(TimeHeader))
			_, err = tasks.GetTask(t.Context(), connect.NewRequest(&dispatch.GetTaskRequest{
				Pool: "nowhere", Id: id}))
			require.Equal(t, connect.CodeNotFound, connect.CodeOf(err))
		})
	}
}

func TestFollowersSayWhoLeads(t *testing.T) {
	s := serve(t, Local{}, "a", "b", "c")
	var leader, follower string
	for i, l := range s.logs {
		if l.Status().Leading {
			leader = s.urls[i]
		} else {
			follower = s.urls[i]
		}
	}
	require.Eventually(t, func() bool { // the nodes have told each other where they are
		_, err := dc.NewViewServiceClient(h2, follower, connect.WithGRPC()).ListPools(t.Context(),
			connect.NewRequest(&dispatch.ListPoolsRequest{}))
		var e *connect.Error
		return errors.As(err, &e) && e.Code() == connect.CodeUnavailable &&
			e.Meta().Get(LeaderHeader) == leader
	}, 5*time.Second, 10*time.Millisecond)

	body, path := `{"pool":"lab","tasks":[{"opaque":"eA=="}]}`, dc.TaskServiceSubmitTasksProcedure
	answer, err := http.Post(follower+path, "application/json", strings.NewReader(body))
	require.NoError(t, err)
	defer answer.Body.Close()
	require.Equal(t, http.StatusOK, answer.StatusCode, "a client with JSON is sent on")
	require.Equal(t, leader+path, answer.Request.URL.String())

	stale, err := dc.NewViewServiceClient(h2, follower).ListPools(t.Context(),
		connect.NewRequest(&dispatch.ListPoolsRequest{Read: &dispatch.ReadOptions{Stale: true}}))
	require.NoError(t, err)
	require.NotEmpty(t, stale.Header().Get(IndexHeader))
}

func TestAWorkerOverHTTP(t *testing.T) {
	s := serve(t, Local{}, "a")
	for name, options := range map[string][]connect.ClientOption{
		"grpc": {connect.WithGRPC()}, "connect": nil,
	} {
		t.Run(name, func(t *testing.T) {
			session := dc.NewWorkerServiceClient(h2, s.urls[0], options...).Session(t.Context())
			report := &dispatch.Report{Pool: "lab", Worker: name, BootId: "b", InstanceId: "i",
				Sequence: 1, Slots: 1}
			require.NoError(t, session.Send(&dispatch.SessionRequest{Report: report}))
			r, err := session.Receive()
			require.NoError(t, err)
			require.EqualValues(t, 1, r.GetOrders().GetAnswers())

			// A newer session of the same process ends this one, though it waits for a report.
			next := dc.NewWorkerServiceClient(h2, s.urls[0], options...).Session(t.Context())
			report.Sequence = 2
			require.NoError(t, next.Send(&dispatch.SessionRequest{Report: report}))
			_, err = next.Receive()
			require.NoError(t, err)
			_, err = session.Receive()
			require.Equal(t, connect.CodeAborted, connect.CodeOf(err), err)
			require.NoError(t, next.CloseRequest())
			_, err = next.Receive()
			require.ErrorIs(t, err, io.EOF)
		})
	}
}
