package dispatcher

import (
	"fmt"
	"os"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/quotasched/quotasched/protos/dispatch"
	dc "github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
)

// TestRestartWithAMillionTasks says how long a node with a million waiting tasks takes until it is
// ready again. It runs if QSCHED_MILLION is set.
func TestRestartWithAMillionTasks(t *testing.T) {
	if os.Getenv("QSCHED_MILLION") == "" {
		t.Skip("QSCHED_MILLION is not set")
	}
	const calls, perCall = 1000, 1000
	c := Config{DataDir: t.TempDir()}
	s := start(t, c)
	_, err := dc.NewAdminServiceClient(h2(), s.url).CreatePool(t.Context(), connect.NewRequest(
		&dispatch.CreatePoolRequest{Pool: "lab"}))
	require.NoError(t, err)
	begin := time.Now()
	client := dc.NewTaskServiceClient(h2(), s.url)
	var submitting errgroup.Group
	submitting.SetLimit(4)
	for i := range calls {
		submitting.Go(func() error {
			r := &dispatch.SubmitTasksRequest{Pool: "lab", RequestId: fmt.Sprint(i)}
			for range perCall {
				r.Tasks = append(r.Tasks, &dispatch.TaskSpec{BaseLabels: []string{"kind:phone"},
					Payload: &dispatch.TaskSpec_Opaque{Opaque: make([]byte, 100)}})
			}
			_, err := client.SubmitTasks(t.Context(), connect.NewRequest(r))
			return err
		})
	}
	require.NoError(t, submitting.Wait())
	submitted := time.Since(begin)
	begin = time.Now()
	s.stop(t)
	stopped := time.Since(begin)
	begin = time.Now()
	s = start(t, c)
	ready := time.Since(begin)
	t.Logf("a million tasks: submitted in %.1f s, stopped in %.1f s, ready again in %.1f s",
		submitted.Seconds(), stopped.Seconds(), ready.Seconds())
	require.Less(t, ready, 10*time.Second)
	r, err := dc.NewViewServiceClient(h2(), s.url).InspectPool(t.Context(), connect.NewRequest(
		&dispatch.InspectPoolRequest{Pool: "lab"}))
	require.NoError(t, err)
	require.EqualValues(t, calls*perCall, r.Msg.GetSummary().GetTasks().GetWaiting())
	s.stop(t)
}
