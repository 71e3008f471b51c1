package demo

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/dispatcher/client"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
	"github.com/quotasched/quotasched/worker"
)

// dispatcher gives one order, and passes on what the device says.
type dispatcher struct {
	dispatchconnect.UnimplementedWorkerServiceHandler
	order   *dispatch.Run
	reports chan *dispatch.Report
}

func (d *dispatcher) Session(ctx context.Context, s *connect.BidiStream[dispatch.SessionRequest, dispatch.SessionResponse]) error {
	for version := uint64(1); ; version++ {
		m, err := s.Receive()
		if err != nil {
			return err
		}
		select {
		case d.reports <- m.Report:
		case <-ctx.Done():
			return ctx.Err()
		}
		err = s.Send(&dispatch.SessionResponse{Orders: &dispatch.Orders{Epoch: 1,
			Kind: dispatch.Orders_KIND_COMPLETE, ResultsIn: version, Answers: m.Report.Sequence,
			LeaseTtl: durationpb.New(time.Minute), Runs: []*dispatch.Run{d.order}}})
		if err != nil {
			return err
		}
	}
}

// A device takes as long as in life, divided by its speed, and says how long it took as in life.
func TestADeviceRunsATask(t *testing.T) {
	d := &dispatcher{reports: make(chan *dispatch.Report), order: &dispatch.Run{LeaseId: "a/1",
		ProvisionRequired: true, Task: &dispatch.TaskSpec{Payload: &dispatch.TaskSpec_Exec{
			Exec: worker.Simulate(10*time.Minute, 3)}}}}
	mux := http.NewServeMux()
	mux.Handle(dispatchconnect.NewWorkerServiceHandler(d))
	server := httptest.NewUnstartedServer(mux)
	server.Config.Protocols = &http.Protocols{}
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	defer server.Close()
	c, err := client.New(client.Config{Servers: []string{server.URL}})
	require.NoError(t, err)
	defer c.Close()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	begin := time.Now()
	go func() {
		ended <- Device{Dispatcher: c.Workers, Pool: "lab", Name: "w", Slots: 2, Speed: 3000}.Run(ctx)
	}()
	var last *dispatch.LeaseReport
	for last.GetPhase() != dispatch.Phase_PHASE_FINISHED {
		select {
		case r := <-d.reports:
			require.EqualValues(t, 2, r.Slots)
			if len(r.Leases) > 0 {
				last = r.Leases[0]
			}
		case <-time.After(20 * time.Second):
			t.Fatal("it says nothing")
		}
	}
	require.Greater(t, time.Since(begin), 200*time.Millisecond)
	require.EqualValues(t, 3, last.GetResult().GetExitCode())
	require.Equal(t, 10*time.Minute, last.GetResult().GetRan().AsDuration().Round(time.Second))
	cancel()
	require.NoError(t, <-ended)
	require.Error(t, Device{}.Run(t.Context()))
}
