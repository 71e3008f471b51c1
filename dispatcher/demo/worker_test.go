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
)

// dispatcher is one whose part a test plays: it sends what the test says, and passes reports on.
type dispatcher struct {
	dispatchconnect.UnimplementedWorkerServiceHandler
	reports chan *dispatch.Report
	orders  chan *dispatch.Orders // nil breaks the session off
	ended   chan struct{}         // is closed when the worker has ended
}

func (d *dispatcher) Session(ctx context.Context, s *connect.BidiStream[dispatch.SessionRequest, dispatch.SessionResponse]) error {
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			m, err := s.Receive()
			if err != nil {
				return
			}
			select {
			case d.reports <- m.Report:
			case <-ctx.Done():
				return
			}
		}
	}()
	for {
		select {
		case o := <-d.orders:
			if o == nil {
				return connect.NewError(connect.CodeUnavailable, nil)
			}
			if err := s.Send(&dispatch.SessionResponse{Orders: o}); err != nil {
				return err
			}
		case <-done:
			return nil
		}
	}
}

// begin starts a worker with two slots against a dispatcher that the test plays.
func begin(t *testing.T) *dispatcher {
	d := &dispatcher{reports: make(chan *dispatch.Report, 100), orders: make(chan *dispatch.Orders),
		ended: make(chan struct{})}
	mux := http.NewServeMux()
	mux.Handle(dispatchconnect.NewWorkerServiceHandler(d))
	server := httptest.NewUnstartedServer(mux)
	server.Config.Protocols = &http.Protocols{}
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	c, err := client.New(client.Config{Servers: []string{server.URL}})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		NewWorker(WorkerConfig{Client: c.Workers, Pool: "lab", Name: "w", Slots: 2}).Run(ctx)
		close(d.ended)
	}()
	t.Cleanup(func() {
		cancel()
		<-d.ended
		c.Close()
		server.Close()
	})
	return d
}

// until waits for a report that says this of the leases.
func (d *dispatcher) until(t *testing.T, want string) *dispatch.Report {
	t.Helper()
	for {
		select {
		case r := <-d.reports:
			m := newMachine(WorkerConfig{Speed: 1})
			for _, l := range r.Leases {
				m.leases[l.LeaseId] = &lease{phase: l.Phase, result: l.Result}
			}
			if said(m, noon) == want {
				return r
			}
		case <-time.After(20 * time.Second):
			t.Fatalf("no report said %q", want)
		}
	}
}

func TestAnEndIsSaidUntilItIsRecorded(t *testing.T) {
	d := begin(t)
	first := d.until(t, "")
	require.Equal(t, int32(2), first.Slots)
	d.orders <- complete(1, &dispatch.Orders{Answers: 1, LeaseTtl: durationpb.New(time.Minute),
		Runs: []*dispatch.Run{run("a", 0, spec(0, 0))}})
	d.until(t, "a FINISHED exit 0")
	d.orders <- nil
	again := d.until(t, "a FINISHED exit 0")
	require.Zero(t, again.Version, "a new session begins with complete orders")
	require.Equal(t, first.BootId, again.BootId)
	require.Equal(t, first.InstanceId, again.InstanceId)
	require.Greater(t, again.Sequence, first.Sequence)
	d.orders <- complete(1, &dispatch.Orders{Answers: again.Sequence, Recorded: []string{"a"}})
	d.until(t, "")
}

func TestSilenceStopsWhatRuns(t *testing.T) {
	d := begin(t)
	sent := time.Now()
	r := d.until(t, "")
	d.orders <- complete(1, &dispatch.Orders{Answers: r.Sequence, LeaseTtl: durationpb.New(2 * time.Second),
		NextReport: durationpb.New(100 * time.Millisecond), Runs: []*dispatch.Run{run("a", 0, spec(time.Hour, 0))}})
	d.until(t, "a RUNNING")
	d.until(t, "a LOST")
	took := time.Since(sent)
	require.Greater(t, took, 1500*time.Millisecond)
	require.Less(t, took, 2*time.Second, "it has stopped before the TTL is over, counted from the report that was answered")
}

func TestAWorkerEndsWhenItIsToldTo(t *testing.T) {
	d := begin(t)
	r := d.until(t, "")
	d.orders <- complete(1, &dispatch.Orders{Answers: r.Sequence, Directive: dispatch.Orders_DIRECTIVE_EXIT})
	select {
	case <-d.ended:
	case <-time.After(20 * time.Second):
		t.Fatal("it goes on")
	}
}
