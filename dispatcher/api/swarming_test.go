package api

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect"
	"github.com/stretchr/testify/require"
	"go.chromium.org/luci/common/retry"
	"go.chromium.org/luci/grpc/prpc"
	pluginpb "go.chromium.org/luci/swarming/proto/plugin"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos/dispatch"
	dc "github.com/quotasched/quotasched/protos/dispatch/dispatchconnect"
)

// overPRPC is Swarming's own client, which makes one attempt.
func overPRPC(url string) pluginpb.ExternalSchedulerClient {
	return pluginpb.NewExternalSchedulerPRPCClient(&prpc.Client{
		Host: strings.TrimPrefix(url, "http://"),
		Options: &prpc.Options{Insecure: true, Retry: func() retry.Iterator {
			return &retry.Limited{}
		}}})
}

func createSkylab(t *testing.T, url string) {
	_, err := dc.NewAdminServiceClient(h2, url).CreatePool(t.Context(),
		connect.NewRequest(&dispatch.CreatePoolRequest{Pool: "skylab", External: true}))
	require.NoError(t, err)
}

func idle(bot string) *pluginpb.AssignTasksRequest {
	return &pluginpb.AssignTasksRequest{SchedulerId: "skylab", Time: timestamppb.Now(),
		IdleBots: []*pluginpb.IdleBot{{BotId: bot, Dimensions: []string{"os:linux"}}}}
}

func TestSwarmingOverAllProtocols(t *testing.T) {
	s := serve(t, Local{}, "a")
	createSkylab(t, s.urls[0])
	client := overPRPC(s.urls[0])
	_, err := client.NotifyTasks(t.Context(), &pluginpb.NotifyTasksRequest{SchedulerId: "skylab",
		Notifications: []*pluginpb.NotifyTasksItem{{Time: timestamppb.Now(), Task: &pluginpb.TaskSpec{
			Id: "t1", State: pluginpb.TaskSpec_PENDING, EnqueuedTime: timestamppb.Now(),
			Slices: []*pluginpb.SliceSpec{{Dimensions: []string{"os:linux"}}}}}}})
	require.NoError(t, err)
	got, err := client.AssignTasks(t.Context(), idle("b1"))
	require.NoError(t, err)
	require.Equal(t, "t1", got.GetAssignments()[0].GetTaskId())
	for name, options := range map[string][]connect.ClientOption{
		"gRPC": {connect.WithGRPC()}, "gRPC-Web": {connect.WithGRPCWeb()}, "Connect": nil,
		"JSON": {connect.WithProtoJSON()},
	} {
		c := connect.NewClient[pluginpb.AssignTasksRequest, pluginpb.AssignTasksResponse](h2,
			s.urls[0]+assignTasksMethod, options...)
		same, err := c.CallUnary(t.Context(), connect.NewRequest(idle("b1")))
		require.NoError(t, err, name)
		require.Equal(t, "t1", same.Msg.GetAssignments()[0].GetTaskId(), name)
	}

	future := idle("b1")
	future.Time = timestamppb.New(time.Now().Add(time.Minute))
	_, err = client.AssignTasks(t.Context(), future, prpc.ExpectedCode(codes.InvalidArgument))
	require.Equal(t, codes.InvalidArgument, status.Code(err))

	page, err := http.Get(s.urls[0] + "/metrics")
	require.NoError(t, err)
	defer page.Body.Close()
	text, err := io.ReadAll(page.Body)
	require.NoError(t, err)
	for _, line := range []string{
		`calls_total{code="ok",method="AssignTasks"} 5`,
		`calls_total{code="invalid_argument",method="AssignTasks"} 1`,
		`calls_total{code="ok",method="NotifyTasks"} 1`,
	} {
		require.Contains(t, string(text), line)
	}
}

// What stands before pRPC is what stands before everything else: the body's size, the Host, who
// calls.
func TestPRPCIsGuarded(t *testing.T) {
	s := serve(t, authorizer(t), "a")
	client := overPRPC(s.urls[0])
	call := func(pool, token string) codes.Code {
		ctx := metadata.AppendToOutgoingContext(t.Context(), "Authorization", "Bearer "+token)
		_, err := client.GetCallbacks(ctx, &pluginpb.GetCallbacksRequest{SchedulerId: pool},
			prpc.ExpectedCode(codes.Unauthenticated, codes.PermissionDenied))
		return status.Code(err)
	}
	require.Equal(t, codes.OK, call("lab", "worker"))
	require.Equal(t, codes.PermissionDenied, call("other", "worker"))
	require.Equal(t, codes.PermissionDenied, call("", "worker"))
	require.Equal(t, codes.PermissionDenied, call("lab", "admin"))
	require.Equal(t, codes.Unauthenticated, call("lab", "nobody"))

	local := serve(t, Local{}, "a")
	for kind, want := range map[string]int{"text/plain": http.StatusUnsupportedMediaType,
		"": http.StatusUnsupportedMediaType, "application/prpc; encoding=binary": http.StatusOK} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost,
			local.urls[0]+"/prpc"+getCallbacksMethod, strings.NewReader(""))
		require.NoError(t, err)
		r.Header.Set("Content-Type", kind)
		answer, err := http.DefaultClient.Do(r)
		require.NoError(t, err)
		answer.Body.Close()
		require.Equal(t, want, answer.StatusCode, "content type %q", kind)
	}
}

// A node that does not lead says which one does, with 503, so that what balances load goes on.
func TestFollowersAnswerPRPCWithTheLeader(t *testing.T) {
	s := serve(t, Local{}, "a", "b", "c")
	var leader, follower string
	for i, l := range s.logs {
		if l.Status().Leading {
			leader = s.urls[i]
		} else {
			follower = s.urls[i]
		}
	}
	body, err := proto.Marshal(idle("b1"))
	require.NoError(t, err)
	require.Eventually(t, func() bool { // the nodes have told each other where they are
		answer, err := http.Post(follower+"/prpc"+assignTasksMethod,
			"application/prpc; encoding=binary", bytes.NewReader(body))
		if err != nil {
			return false
		}
		defer answer.Body.Close()
		return answer.StatusCode == http.StatusServiceUnavailable &&
			answer.Header.Get(prpc.HeaderGRPCCode) == "14" && answer.Header.Get(LeaderHeader) == leader
	}, 5*time.Second, 10*time.Millisecond)
}
