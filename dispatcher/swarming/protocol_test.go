package swarming_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	pluginpb "go.chromium.org/luci/swarming/proto/plugin"
	"google.golang.org/protobuf/types/known/timestamppb"
)

// A talk is a pool "lab" of one node, and what Swarming says to it.
type talk struct {
	*cluster
	t *testing.T
	pluginpb.ExternalSchedulerClient
}

// withTalk runs a test in a bubble.
func withTalk(t *testing.T, test func(*talk)) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, "a")
		defer c.close()
		synctest.Wait()
		c.create("lab", nil)
		test(&talk{c, t, client(c)})
	})
}

// pull lets a bot pull, with the dimension os:linux and more; late is how old the call is.
func (k *talk) pull(bot string, late time.Duration, more ...string) string {
	k.t.Helper()
	r, err := k.AssignTasks(k.t.Context(), &pluginpb.AssignTasksRequest{SchedulerId: "lab",
		IdleBots: []*pluginpb.IdleBot{{BotId: bot, Dimensions: append(more, "os:linux")}},
		Time:     timestamppb.New(time.Now().Add(-late))})
	require.NoError(k.t, err)
	text := ""
	for _, a := range r.GetAssignments() {
		require.Equal(k.t, bot, a.GetBotId())
		text += fmt.Sprintf("%s slice %d", a.GetTaskId(), a.GetSliceNumber())
	}
	return text
}

// item is news of a task with the dimension os:linux.
func item(id string, s pluginpb.TaskSpec_State, late time.Duration, bot string,
	tags ...string) *pluginpb.NotifyTasksItem {
	at := timestamppb.New(time.Now().Add(-late))
	return &pluginpb.NotifyTasksItem{Time: at, Task: &pluginpb.TaskSpec{Id: id, State: s, BotId: bot,
		Tags: tags, EnqueuedTime: at,
		Slices: []*pluginpb.SliceSpec{{Dimensions: []string{"os:linux"}}}}}
}

func (k *talk) notify(items ...*pluginpb.NotifyTasksItem) error {
	_, err := k.NotifyTasks(k.t.Context(), &pluginpb.NotifyTasksRequest{SchedulerId: "lab",
		Notifications: items})
	return err
}

// tell is notify that must be taken.
func (k *talk) tell(items ...*pluginpb.NotifyTasksItem) {
	k.t.Helper()
	require.NoError(k.t, k.notify(items...))
}

// cancellations are the cancellations of the pool.
func (k *talk) cancellations() (all []string) {
	k.t.Helper()
	r, err := k.GetCancellations(context.Background(),
		&pluginpb.GetCancellationsRequest{SchedulerId: "lab"})
	require.NoError(k.t, err)
	for _, c := range r.GetCancellations() {
		all = append(all, fmt.Sprintf("%s on %q: %v %s", c.GetTaskId(), c.GetBotId(), c.GetReason(),
			c.GetExtraInfo()))
	}
	return all
}

// callbacks are the tasks that the pool asks about.
func (k *talk) callbacks() []string {
	k.t.Helper()
	r, err := k.GetCallbacks(context.Background(),
		&pluginpb.GetCallbacksRequest{SchedulerId: "lab"})
	require.NoError(k.t, err)
	return r.GetTaskIds()
}

const (
	pending = pluginpb.TaskSpec_PENDING
	running = pluginpb.TaskSpec_RUNNING
)

func TestARepeatedPullGetsTheSameTaskUntilItIsAcknowledged(t *testing.T) {
	withTalk(t, func(k *talk) {
		k.tell(item("t1", pending, 0, ""), item("t2", pending, 0, ""))
		time.Sleep(time.Second)
		first := k.pull("b1", 0)
		require.NotEmpty(t, first)
		for range 3 {
			time.Sleep(time.Minute)
			require.Equal(t, first, k.pull("b1", 0))
		}
		require.NotEqual(t, first, k.pull("b2", 0))
		k.tell(item(first[:2], running, 0, "b1"))
		time.Sleep(time.Second)
		require.Empty(t, k.pull("b1", 0), "the other one is the other bot's")
	})
}
