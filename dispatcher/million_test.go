package dispatcher

import (
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/quotasched/quotasched/protos/dispatch"
	dc "github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
)

// TestRestartWithAMillionTasks says how long a node with a million waiting tasks takes until it is
// ready again, after it was killed and after it was stopped. It runs if QSCHED_MILLION is set.
func TestRestartWithAMillionTasks(t *testing.T) {
	if os.Getenv("QSCHED_MILLION") == "" {
		t.Skip("QSCHED_MILLION is not set")
	}
	c := Config{DataDir: t.TempDir()}
	p := startProcess(t, c.DataDir)
	submitted := stopwatch()
	submitAMillion(t, p.url)
	t.Logf("a million tasks submitted: %v", submitted())
	p.kill(t)
	for _, before := range []string{"kill -9", "SIGTERM"} {
		ready := stopwatch()
		s := start(t, c)
		took := ready()
		t.Logf("ready again after %s: %v", before, took)
		requireAMillion(t, s.url)
		stopped := stopwatch()
		s.stop(t)
		t.Logf("stopped: %v", stopped())
		// On a machine that is busy with other things, what this process took of it counts.
		require.Less(t, min(took.wall, took.processor), 10*time.Second)
	}
}

// took is how long something took, and how much of the processors.
type took struct{ wall, processor time.Duration }

func (t took) String() string {
	return fmt.Sprintf("%.1f s, %.1f s of processors", t.wall.Seconds(), t.processor.Seconds())
}

// stopwatch begins to measure; the function that it returns says how long it took until then.
func stopwatch() func() took {
	began, before := time.Now(), processorTime()
	return func() took { return took{time.Since(began), processorTime() - before} }
}

// processorTime is what this process has used of the processors.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

const million = 1_000_000

// submitAMillion makes a million tasks, a thousand in each call.
func submitAMillion(t *testing.T, url string) {
	_, err := dc.NewAdminServiceClient(h2(), url).CreatePool(t.Context(), connect.NewRequest(
		&dispatch.CreatePoolRequest{Pool: "lab"}))
	require.NoError(t, err)
	const perCall = 1000
	client := dc.NewTaskServiceClient(h2(), url)
	var submitting errgroup.Group
	submitting.SetLimit(4)
	for i := range million / perCall {
		submitting.Go(func() error {
			r := &dispatch.SubmitTasksRequest{Pool: "lab", RequestId: fmt.Sprint(i)}
			for range perCall {
				r.Tasks = append(r.Tasks, &dispatch.TaskSpec{BaseLabels: []string{"kind:phone"},
					Payload: &dispatch.TaskSpec_Opaque{Opaque: make([]byte, 100)}})
			}
			for try := 1; ; try++ { // a busy machine may take longer than a call
				_, err := client.SubmitTasks(t.Context(), connect.NewRequest(r))
				if err == nil || try == 5 {
					return err
				}
			}
		})
	}
	require.NoError(t, submitting.Wait())
}

func requireAMillion(t *testing.T, url string) {
	r, err := dc.NewViewServiceClient(h2(), url).InspectPool(t.Context(), connect.NewRequest(
		&dispatch.InspectPoolRequest{Pool: "lab"}))
	require.NoError(t, err)
	require.EqualValues(t, million, r.Msg.GetSummary().GetTasks().GetWaiting())
}
