package dispatcher

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/log/raftlog"
	"github.com/quotasched/quotasched/dispatcher/node"
	"github.com/quotasched/quotasched/internal/freeport"
	"github.com/quotasched/quotasched/protos/dispatch"
	dc "github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
)

// startThree runs three nodes, with faults planted in the last one.
func startThree(t *testing.T, h node.Hooks) (configs []Config, runs []*run) {
	var members []raftlog.Address
	for i := range 3 {
		members = append(members, raftlog.Address{ID: fmt.Sprint("n", i+1), Address: freeport.ForTest(t)})
	}
	started := make(chan *run, len(members))
	for _, m := range members {
		c := Config{DataDir: t.TempDir(), NodeID: m.ID, Listen: freeport.ForTest(t), PeerListen: m.Address,
			Bootstrap: members}
		if m.ID == "n3" {
			c.hooks = &h
		}
		configs = append(configs, c)
		go func() { started <- start(t, c) }()
	}
	byID := map[string]*run{}
	for range members {
		r := <-started
		byID[r.id] = r
	}
	for _, m := range members {
		runs = append(runs, byID[m.ID])
	}
	return configs, runs
}

// eventually calls f until it returns no error.
func eventually(t *testing.T, f func() error) {
	t.Helper()
	var err error
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); {
		if err = f(); err == nil {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	require.NoError(t, err)
}

// onLeader calls f with the URL of each server until it returns no error.
func onLeader(t *testing.T, runs []*run, f func(url string) error) {
	t.Helper()
	eventually(t, func() (err error) {
		for _, r := range runs {
			if err = f(r.url); err == nil {
				return nil
			}
		}
		return err
	})
}

func TestThreeNodesSurviveTheEndOfTheLeader(t *testing.T) {
	t.Parallel()
	configs, runs := startThree(t, node.Hooks{})
	ctx := t.Context()
	onLeader(t, runs, func(url string) error {
		_, err := dc.NewAdminServiceClient(h2(), url).CreatePool(ctx, connect.NewRequest(
			&dispatch.CreatePoolRequest{Pool: "lab", RequestId: "1"}))
		return err
	})
	submit := func(runs []*run, requestID string) (ids []string) {
		onLeader(t, runs, func(url string) error {
			r, err := dc.NewTaskServiceClient(h2(), url).SubmitTasks(ctx, connect.NewRequest(
				&dispatch.SubmitTasksRequest{Pool: "lab", RequestId: requestID,
					Tasks: []*dispatch.TaskSpec{{Payload: &dispatch.TaskSpec_Opaque{Opaque: []byte("x")}}}}))
			if err == nil {
				ids = r.Msg.GetIds()
			}
			return err
		})
		return ids
	}
	first := submit(runs, "2")
	require.Equal(t, first, submit(runs, "2"), "the same request_id, the same outcome")

	leader := leaderOf(t, runs)
	rest := append(append([]*run{}, runs[:leader]...), runs[leader+1:]...)
	runs[leader].stop(t)
	second := submit(rest, "3")
	runs[leader] = start(t, configs[leader])
	for _, r := range runs {
		tasks := dc.NewTaskServiceClient(h2(), r.url)
		eventually(t, func() error {
			for _, id := range append(first, second...) {
				_, err := tasks.GetTask(ctx, connect.NewRequest(&dispatch.GetTaskRequest{Pool: "lab", Id: id,
					Read: &dispatch.ReadOptions{Stale: true}}))
				if err != nil {
					return err
				}
			}
			return nil
		})
		require.Equal(t, append(first, second...), submitted(t, r.url))
	}
	for _, r := range runs {
		r.stop(t)
	}
}

func TestTheNodeThatDivergesStopsAlone(t *testing.T) {
	t.Parallel()
	_, runs := startThree(t, node.Hooks{DivergeAt: 20})
	onLeader(t, runs, func(url string) error {
		_, err := dc.NewAdminServiceClient(h2(), url).CreatePool(t.Context(), connect.NewRequest(
			&dispatch.CreatePoolRequest{Pool: "lab", RequestId: "1"}))
		return err
	})
	client := dc.NewAdminServiceClient(h2(), runs[leaderOf(t, runs)].url)
	for i := range 2 * 64 {
		_, err := client.CordonWorker(t.Context(), connect.NewRequest(
			&dispatch.CordonWorkerRequest{Pool: "lab", Worker: fmt.Sprint("w", i)}))
		if err != nil { // the node that diverged led, and has stopped
			break
		}
	}
	eventually(t, func() error {
		if err := ready(runs[2].url); err == nil || !strings.Contains(err.Error(), "diverged at entry") {
			return fmt.Errorf("n3: %v", err)
		}
		return errors.Join(ready(runs[0].url), ready(runs[1].url))
	})
	onLeader(t, runs[:2], func(url string) error {
		_, err := dc.NewAdminServiceClient(h2(), url).WipePool(t.Context(), connect.NewRequest(
			&dispatch.WipePoolRequest{Pool: "lab", RequestId: "2"}))
		return err
	})
	for _, r := range runs {
		r.stop(t)
	}
}

// ready returns nil if a server says that it is ready, or else what it says.
func ready(url string) error {
	answer, err := http.Get(url + "/readyz")
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err == nil && answer.StatusCode != http.StatusOK {
		err = errors.New(string(text))
	}
	return err
}

func TestAPoolThatPanickedStaysStopped(t *testing.T) {
	t.Parallel()
	c := Config{DataDir: t.TempDir(), hooks: &node.Hooks{PanicPool: "lab"}}
	s := start(t, c)
	for _, pool := range []string{"lab", "other"} {
		_, err := dc.NewAdminServiceClient(h2(), s.url).CreatePool(t.Context(), connect.NewRequest(
			&dispatch.CreatePoolRequest{Pool: pool}))
		require.NoError(t, err)
	}
	submit := func(pool string, tags ...string) connect.Code {
		_, err := dc.NewTaskServiceClient(h2(), s.url).SubmitTasks(t.Context(), connect.NewRequest(
			&dispatch.SubmitTasksRequest{Pool: pool, Tasks: []*dispatch.TaskSpec{{Tags: tags,
				Payload: &dispatch.TaskSpec_Opaque{Opaque: []byte("x")}}}}))
		if err == nil {
			return 0
		}
		return connect.CodeOf(err)
	}
	require.Zero(t, submit("lab"))
	require.NotZero(t, submit("lab", "panic"))
	for range 2 {
		require.Equal(t, connect.CodeFailedPrecondition, submit("lab"))
		require.Zero(t, submit("other", "panic"))
		require.NoError(t, ready(s.url))
		r, err := dc.NewViewServiceClient(h2(), s.url).InspectPool(t.Context(), connect.NewRequest(
			&dispatch.InspectPoolRequest{Pool: "lab"}))
		require.NoError(t, err)
		require.Contains(t, r.Msg.GetSummary().GetStatus().GetFailure(), "planted by a test")
		s.stop(t)
		s = start(t, c)
	}
	_, err := dc.NewAdminServiceClient(h2(), s.url).DeletePool(t.Context(), connect.NewRequest(
		&dispatch.DeletePoolRequest{Pool: "lab", Force: true}))
	require.NoError(t, err)
	s.stop(t)
}

// leaderOf returns which of the servers leads.
func leaderOf(t *testing.T, runs []*run) (leader int) {
	eventually(t, func() error {
		for i, r := range runs {
			s, err := dc.NewClusterServiceClient(h2(), r.url).GetStatus(t.Context(),
				connect.NewRequest(&dispatch.GetStatusRequest{}))
			if err != nil {
				return err
			}
			for _, m := range s.Msg.GetMembers() {
				if m.GetLeader() && m.GetId() == s.Msg.GetNodeId() {
					leader = i
					return nil
				}
			}
		}
		return fmt.Errorf("nobody leads")
	})
	return leader
}

// submitted returns the ids of the tasks that a node's events tell of, from the first on.
func submitted(t *testing.T, url string) (ids []string) {
	stream, err := dc.NewEventServiceClient(h2(), url).FollowEvents(t.Context(),
		connect.NewRequest(&dispatch.FollowEventsRequest{Pool: "lab"}))
	require.NoError(t, err)
	defer stream.Close()
	var last *dispatch.Position
	for stream.Receive() {
		for _, e := range stream.Msg().GetEvents() {
			if last != nil {
				require.True(t, last.GetIndex() < e.GetPosition().GetIndex() ||
					last.GetIndex() == e.GetPosition().GetIndex() && last.GetN() < e.GetPosition().GetN())
			}
			last = e.GetPosition()
			if c := e.GetTask(); c != nil && c.GetFrom() == dispatch.Task_STATE_UNSPECIFIED {
				ids = append(ids, c.GetId())
			}
		}
	}
	require.NoError(t, stream.Err())
	return ids
}

func TestEventsAreFollowed(t *testing.T) {
	t.Parallel()
	s := start(t, Config{DataDir: t.TempDir()})
	ctx, cancel := context.WithCancel(t.Context())
	admin := dc.NewAdminServiceClient(h2(), s.url)
	create := func(pool string) {
		_, err := admin.CreatePool(ctx, connect.NewRequest(&dispatch.CreatePoolRequest{Pool: pool,
			Reason: "a test"}))
		require.NoError(t, err)
	}
	create("lab")
	events := dc.NewEventServiceClient(h2(), s.url)
	stream, err := events.FollowEvents(ctx, connect.NewRequest(&dispatch.FollowEventsRequest{
		Pool: "lab", Follow: true}))
	require.NoError(t, err)
	require.True(t, stream.Receive(), stream.Err())
	e := stream.Msg().GetEvents()[0]
	require.Equal(t, "CreatePool", e.GetChange().GetMethod())
	require.Equal(t, "local", e.GetChange().GetIdentity())
	require.Equal(t, "a test", e.GetChange().GetReason())
	_, err = admin.CordonWorker(ctx, connect.NewRequest(&dispatch.CordonWorkerRequest{Pool: "lab",
		Worker: "w"}))
	require.NoError(t, err)
	require.True(t, stream.Receive(), stream.Err())
	require.Equal(t, "CordonWorker", stream.Msg().GetEvents()[0].GetChange().GetMethod())

	again, err := events.FollowEvents(ctx, connect.NewRequest(&dispatch.FollowEventsRequest{
		Pool: "lab", After: e.GetPosition()}))
	require.NoError(t, err)
	require.True(t, again.Receive())
	require.Equal(t, "CordonWorker", again.Msg().GetEvents()[0].GetChange().GetMethod())
	require.False(t, again.Receive())

	none, err := events.FollowEvents(ctx, connect.NewRequest(&dispatch.FollowEventsRequest{Pool: "no"}))
	require.NoError(t, err)
	require.False(t, none.Receive())
	require.Equal(t, connect.CodeNotFound, connect.CodeOf(none.Err()))
	s.stop(t) // with the first stream open
	cancel()
}

func TestWrongConfigsAreRefused(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	busy, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer busy.Close()
	for name, c := range map[string]struct {
		change func(*Config)
		want   string
	}{
		"no directory":         {func(c *Config) { c.DataDir = "" }, "data directory"},
		"all the world":        {func(c *Config) { c.Listen = "0.0.0.0:0" }, "not a loopback address"},
		"no port":              {func(c *Config) { c.Listen = "127.0.0.1" }, "HOST:PORT"},
		"a port that is taken": {func(c *Config) { c.Listen = busy.Addr().String() }, "in use"},
		"a wrong id":           {func(c *Config) { c.NodeID = "A B" }, "node id"},
		"half a certificate":   {func(c *Config) { c.TLS = &TLS{Certificate: "x"} }, "belong together"},
		"no such certificate":  {func(c *Config) { c.TLS = &TLS{Certificate: "x", Key: "y"} }, "x"},
		"a wrong URL":          {func(c *Config) { c.URL = "somewhere" }, "http://"},
		"peers for all the world": {func(c *Config) { c.PeerListen = "0.0.0.0:0" },
			"without certificates"},
	} {
		t.Run(name, func(t *testing.T) {
			config := Config{DataDir: dir, Listen: "127.0.0.1:0", Logger: quietLogger()}
			c.change(&config)
			require.ErrorContains(t, Run(t.Context(), config), c.want)
		})
	}
}

func TestADirectoryIsOneNodesAtATime(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := start(t, Config{DataDir: dir})
	require.Error(t, Run(t.Context(), Config{DataDir: dir, Listen: "127.0.0.1:0", Logger: quietLogger()}))
	s.stop(t)
	err := Run(t.Context(), Config{DataDir: dir, NodeID: "another", Listen: "127.0.0.1:0",
		Logger: quietLogger()})
	require.ErrorContains(t, err, "n1", "it is another node's")
}

func TestGarbageOnThePortHurtsNobody(t *testing.T) {
	t.Parallel()
	s := start(t, Config{DataDir: t.TempDir()})
	for _, garbage := range []string{"\x00\x01\x02", "GET", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\xff\xff\xff\xff",
		strings.Repeat("A", 200_000), "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 99999\r\n\r\n"} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		require.NoError(t, err)
		defer conn.Close() // half open until the end
		_, _ = io.WriteString(conn, garbage)
	}
	answer, err := http.Get(s.url + "/readyz")
	require.NoError(t, err)
	answer.Body.Close()
	require.Equal(t, http.StatusOK, answer.StatusCode)
	s.stop(t)
}
