package api

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/access"
	"github.com/quotasched/quotasched/protos/dispatch"
	dc "github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
)

// writePolicy writes a policy. ann works and looks, unless her token is revoked; bob has one role; joe
// may do everything. The tokens are their names.
func writePolicy(t *testing.T, path, revoked, role string) {
	t.Helper()
	hash := func(token string) string {
		sum := sha256.Sum256([]byte(token))
		return hex.EncodeToString(sum[:])
	}
	require.NoError(t, os.WriteFile(path, fmt.Appendf(nil, `
identities:
  ann: {tokens: [{sha256: %s, revoked: %s}], pools: {lab: {roles: [worker, view]}}}
  bob: {tokens: [{sha256: %s}], pools: {lab: {roles: [%s]}}}
  joe: {tokens: [{sha256: %s}], pools: {lab: {roles: [worker, view, admin], submit: ["*"]}}}
`, hash("ann"), revoked, hash("bob"), role, hash("joe")), 0o600))
}

// as returns options of a client that shows a token.
func as(token string) connect.ClientOption {
	sign := func(next connect.UnaryFunc) connect.UnaryFunc {
		return func(ctx context.Context, r connect.AnyRequest) (connect.AnyResponse, error) {
			r.Header().Set("Authorization", "Bearer "+token)
			return next(ctx, r)
		}
	}
	return connect.WithInterceptors(connect.UnaryInterceptorFunc(sign))
}

// TestStreamsEndWithTheRightToThem opens streams, and takes their rights away.
func TestStreamsEndWithTheRightToThem(t *testing.T) {
	path := filepath.Join(t.TempDir(), "policy.yaml")
	writePolicy(t, path, "false", "worker")
	file, err := access.Open(path)
	require.NoError(t, err)
	s := serve(t, file, "a")
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	submitted, err := dc.NewTaskServiceClient(h2, s.urls[0], as("joe")).SubmitTasks(ctx,
		connect.NewRequest(&dispatch.SubmitTasksRequest{Pool: "lab", Tasks: []*dispatch.TaskSpec{
			{BaseLabels: []string{"none:such"}, Payload: &dispatch.TaskSpec_Opaque{Opaque: []byte("x")}}}}))
	require.NoError(t, err)
	watch := func(who string) *connect.ServerStreamForClient[dispatch.WatchTasksResponse] {
		r := connect.NewRequest(&dispatch.WatchTasksRequest{Pool: "lab", Ids: submitted.Msg.GetIds()})
		r.Header().Set("Authorization", "Bearer "+who)
		w, err := dc.NewTaskServiceClient(h2, s.urls[0]).WatchTasks(ctx, r)
		require.NoError(t, err)
		require.True(t, w.Receive(), w.Err())
		return w
	}
	annLooks, joeLooks := watch("ann"), watch("joe")
	report := func(who string) *dispatch.Report {
		return &dispatch.Report{Pool: "lab", Worker: who, BootId: "b", InstanceId: "i", Sequence: 1,
			Slots: 1}
	}
	session := func(who string) *connect.BidiStreamForClient[dispatch.SessionRequest, dispatch.SessionResponse] {
		one := dc.NewWorkerServiceClient(h2, s.urls[0]).Session(ctx)
		one.RequestHeader().Set("Authorization", "Bearer "+who)
		require.NoError(t, one.Send(&dispatch.SessionRequest{Report: report(who)}))
		_, err := one.Receive()
		require.NoError(t, err)
		return one
	}
	annWorks, bobWorks, joeWorks := session("ann"), session("bob"), session("joe")
	polls := make(chan error, 1)
	go func() {
		r := report("ann-polls")
		for { // the first answers come at once
			o, err := dc.NewWorkerServiceClient(h2, s.urls[0], as("ann")).Sync(ctx,
				connect.NewRequest(&dispatch.SyncRequest{Report: r}))
			if err != nil {
				polls <- err
				return
			}
			r.Sequence++
			r.Version, r.Epoch = o.Msg.GetOrders().GetResultsIn(), o.Msg.GetOrders().GetEpoch()
		}
	}()

	writePolicy(t, path, "true", "view")
	require.NoError(t, file.Reload())
	require.False(t, annLooks.Receive())
	require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(annLooks.Err()), annLooks.Err())
	require.ErrorContains(t, annLooks.Err(), "revoked")
	_, err = annWorks.Receive()
	require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(err), err)
	_, err = bobWorks.Receive()
	require.Equal(t, connect.CodePermissionDenied, connect.CodeOf(err), err)
	err = <-polls
	require.Equal(t, connect.CodeUnauthenticated, connect.CodeOf(err), err)

	_, err = dc.NewTaskServiceClient(h2, s.urls[0], as("joe")).CancelTasks(ctx, connect.NewRequest(
		&dispatch.CancelTasksRequest{Pool: "lab", Ids: submitted.Msg.GetIds()}))
	require.NoError(t, err)
	require.True(t, joeLooks.Receive(), "who may do as before goes on: %v", joeLooks.Err())
	r := report("joe")
	r.Sequence = 2
	require.NoError(t, joeWorks.Send(&dispatch.SessionRequest{Report: r}))
	_, err = joeWorks.Receive()
	require.NoError(t, err)
}
