package swarming

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"
	pluginpb "go.chromium.org/luci/swarming/proto/plugin"
	"google.golang.org/protobuf/testing/protocmp"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
)

var noon = timestamppb.New(time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC))

// newsOf returns what news of a task says, or the text of an error.
func newsOf(t *pluginpb.TaskSpec) (*protos.Operation, string) {
	t.Id = "t"
	if t.GetState() == pluginpb.TaskSpec_PENDING {
		t.EnqueuedTime = noon
	}
	op, err := news(&pluginpb.NotifyTasksItem{Time: noon, Task: t})
	if err != nil {
		return nil, err.Error()
	}
	return op, ""
}

func slicesOf(all ...string) (s []*pluginpb.SliceSpec) {
	for _, dimensions := range all {
		s = append(s, &pluginpb.SliceSpec{Dimensions: strings.Fields(dimensions)})
	}
	return s
}

func TestSlicesAndTagsOfATask(t *testing.T) {
	for _, c := range []struct {
		name   string
		task   *pluginpb.TaskSpec
		want   *protos.TaskWaiting
		failed string
	}{
		{"one slice", &pluginpb.TaskSpec{Slices: slicesOf("os:x pool:p"), Tags: []string{"a:b"}},
			&protos.TaskWaiting{BaseLabels: []string{"os:x", "pool:p"}, Tags: []string{"a:b"}}, ""},
		{"a slice without dimensions", &pluginpb.TaskSpec{Slices: slicesOf("")},
			&protos.TaskWaiting{}, ""},
		{"two slices", &pluginpb.TaskSpec{Slices: slicesOf("os:x v:1 pool:p", "pool:p os:x")},
			&protos.TaskWaiting{BaseLabels: []string{"pool:p", "os:x"},
				ProvisionableLabels: []string{"v:1"}}, ""},
		{"two equal slices", &pluginpb.TaskSpec{Slices: slicesOf("os:x", "os:x")},
			&protos.TaskWaiting{BaseLabels: []string{"os:x"}}, ""},
		{"an account", &pluginpb.TaskSpec{Slices: slicesOf("os:x"),
			Tags: []string{"x", "qs_account:red", "qs_account:red"}},
			&protos.TaskWaiting{BaseLabels: []string{"os:x"}, AccountId: "red",
				Tags: []string{"x", "qs_account:red", "qs_account:red"}}, ""},
		{"two slices in the other order", &pluginpb.TaskSpec{Slices: slicesOf("os:x", "os:x v:1")}, nil,
			`the second slice has the dimension "v:1", which the first one does not have`},
		{"no slice", &pluginpb.TaskSpec{}, nil, "0 slices: one or two can be scheduled"},
		{"three slices", &pluginpb.TaskSpec{Slices: slicesOf("a", "a", "a")}, nil,
			"3 slices: one or two can be scheduled"},
		{"two accounts", &pluginpb.TaskSpec{Slices: slicesOf("a"),
			Tags: []string{"qs_account:red", "qs_account:blue"}}, nil,
			`two accounts: "red" and "blue"`},
		{"no name of an account", &pluginpb.TaskSpec{Slices: slicesOf("a"),
			Tags: []string{"qs_account:"}}, nil, "the tag qs_account: names no account"},
		{"a long name of an account", &pluginpb.TaskSpec{Slices: slicesOf("a"),
			Tags: []string{"qs_account:" + strings.Repeat("x", 200)}}, nil,
			"account_id has 200 bytes, more than 128"},
		{"many dimensions", &pluginpb.TaskSpec{Slices: slicesOf(strings.Repeat("a ", 2000))}, nil,
			"base_labels: 2000 are more than 1000"},
	} {
		t.Run(c.name, func(t *testing.T) {
			c.task.State = pluginpb.TaskSpec_PENDING
			op, refused := newsOf(c.task)
			require.Empty(t, refused)
			want := &protos.Operation{Time: noon, Kind: &protos.Operation_AddTaskError{
				AddTaskError: &protos.AddTaskError{RequestId: "t", Message: c.failed}}}
			if c.want != nil {
				c.want.RequestId, c.want.EnqueueTime = "t", noon
				want.Kind = &protos.Operation_TaskWaiting{TaskWaiting: c.want}
			}
			require.Empty(t, cmp.Diff(want, op, protocmp.Transform()))
		})
	}
}

// Each state that there is, and some that may come, counts by its category.
func TestStatesCountByCategory(t *testing.T) {
	kinds := map[pluginpb.TaskSpec_State]string{1: "", 2: "", 0x0f: "", 0x1f: "waiting", 0x2a: "running",
		0x3f: "absent", 0x4f: "absent", 0x5f: "absent", 0x60: "", 0x70: "", -1: ""}
	for n := range pluginpb.TaskSpec_State_name {
		s := pluginpb.TaskSpec_State(n)
		kinds[s] = map[int32]string{1: "waiting", 2: "running", 3: "absent", 4: "absent", 5: "absent"}[n>>4]
	}
	for s, want := range kinds {
		op, refused := newsOf(&pluginpb.TaskSpec{State: s, BotId: "b", EnqueuedTime: noon,
			Slices: slicesOf("a")})
		got := ""
		switch {
		case op.GetTaskWaiting() != nil:
			got = "waiting"
		case op.GetTaskRunning() != nil:
			got = "running"
			require.Equal(t, "b", op.GetTaskRunning().GetWorkerId())
		case op.GetTaskAbsent() != nil:
			got = "absent"
		default:
			require.Contains(t, refused, "is of no category")
		}
		require.Equal(t, want, got, "state %#x", int32(s))
	}
}

func TestAWaitingTaskWithoutAnEnqueueTimeIsRefused(t *testing.T) {
	_, err := news(&pluginpb.NotifyTasksItem{Time: noon, Task: &pluginpb.TaskSpec{Id: "t",
		State: pluginpb.TaskSpec_PENDING, Slices: slicesOf("a")}})
	require.EqualError(t, err, `task "t": enqueued_time is missing`)
}
