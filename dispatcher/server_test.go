package dispatcher

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
	dc "github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
)

// A run is a server of a test.
type run struct {
	id     string
	url    string
	cancel context.CancelFunc
	ended  chan error
}

// start runs a server until stop is called.
func start(t *testing.T, c Config) *run {
	t.Helper()
	if c.Listen == "" {
		c.Listen = "127.0.0.1:0"
	}
	c.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	r := &run{id: c.NodeID, ended: make(chan error, 1)}
	ready := make(chan string, 1)
	c.OnReady = func(url string) { ready <- url }
	ctx, cancel := context.WithCancel(t.Context())
	r.cancel = cancel
	go func() { r.ended <- Run(ctx, c) }()
	t.Cleanup(cancel)
	select {
	case r.url = <-ready:
	case err := <-r.ended:
		t.Fatalf("the server ended: %v", err)
	case <-time.After(time.Minute):
		t.Fatal("the server is not ready")
	}
	return r
}

func (r *run) stop(t *testing.T) {
	t.Helper()
	r.cancel()
	select {
	case err := <-r.ended:
		require.NoError(t, err)
	case <-time.After(time.Minute):
		t.Fatal("the server does not end")
	}
}

func quietLogger() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

// h2 is a client that speaks HTTP/2 without TLS, as streams need it.
func h2() *http.Client {
	p := new(http.Protocols)
	p.SetUnencryptedHTTP2(true)
	return &http.Client{Transport: &http.Transport{Protocols: p}}
}

func TestADay(t *testing.T) {
	t.Parallel()
	ctx, dir := t.Context(), t.TempDir()
	s := start(t, Config{DataDir: dir})
	admin := dc.NewAdminServiceClient(h2(), s.url)
	tasks := dc.NewTaskServiceClient(h2(), s.url)
	_, err := admin.CreatePool(ctx, connect.NewRequest(&dispatch.CreatePoolRequest{Pool: "lab",
		Settings: &dispatch.PoolSettings{LeaseTtl: durationpb.New(2 * time.Second)}}))
	require.NoError(t, err)
	_, err = admin.SetAccount(ctx, connect.NewRequest(&dispatch.SetAccountRequest{Pool: "lab",
		AccountId: "web", Settings: &dispatch.AccountSettings{Config: &protos.AccountConfig{}}}))
	require.NoError(t, err)
	submitted, err := tasks.SubmitTasks(ctx, connect.NewRequest(&dispatch.SubmitTasksRequest{
		Pool: "lab", Tasks: []*dispatch.TaskSpec{{AccountId: "web",
			Payload: &dispatch.TaskSpec_Opaque{Opaque: []byte("hello")}}}}))
	require.NoError(t, err)
	require.Len(t, submitted.Msg.GetIds(), 1)

	session := dc.NewWorkerServiceClient(h2(), s.url).Session(ctx)
	report := &dispatch.Report{Pool: "lab", Worker: "w", BootId: "b", InstanceId: "i", Sequence: 1,
		AcceptsWork: true, Slots: 1}
	require.NoError(t, session.Send(&dispatch.SessionRequest{Report: report}))
	r, err := session.Receive()
	require.NoError(t, err)
	require.Equal(t, dispatch.Orders_KIND_COMPLETE, r.GetOrders().GetKind())
	require.Len(t, r.GetOrders().GetRuns(), 1)
	lease := r.GetOrders().GetRuns()[0].GetLeaseId()
	require.Equal(t, "hello", string(r.GetOrders().GetRuns()[0].GetTask().GetOpaque()))

	report.Sequence, report.Version, report.Epoch = 2, r.GetOrders().GetResultsIn(), r.GetOrders().GetEpoch()
	report.Leases = []*dispatch.LeaseReport{{LeaseId: lease, Phase: dispatch.Phase_PHASE_FINISHED,
		Result: &dispatch.Result{Outcome: &dispatch.Result_ExitCode{ExitCode: 0}}}}
	require.NoError(t, session.Send(&dispatch.SessionRequest{Report: report}))
	r, err = session.Receive()
	require.NoError(t, err)
	require.Equal(t, dispatch.Orders_KIND_INCREMENTAL, r.GetOrders().GetKind())
	require.Equal(t, []string{lease}, r.GetOrders().GetRecorded())
	require.EqualValues(t, 2, r.GetOrders().GetAnswers())

	got, err := tasks.GetTask(ctx, connect.NewRequest(&dispatch.GetTaskRequest{Pool: "lab",
		Id: submitted.Msg.GetIds()[0]}))
	require.NoError(t, err)
	require.Equal(t, dispatch.Task_STATE_SUCCEEDED, got.Msg.GetTask().GetState())
	s.stop(t)
	snapshots, err := filepath.Glob(filepath.Join(dir, "log", "snapshots", "*"))
	require.NoError(t, err)
	require.NotEmpty(t, snapshots, "one is taken at the end")

	s = start(t, Config{DataDir: dir})
	tasks = dc.NewTaskServiceClient(h2(), s.url)
	again, err := tasks.GetTask(ctx, connect.NewRequest(&dispatch.GetTaskRequest{Pool: "lab",
		Id: submitted.Msg.GetIds()[0]}))
	require.NoError(t, err)
	require.Equal(t, got.Msg.String(), again.Msg.String())
	s.stop(t)
}
