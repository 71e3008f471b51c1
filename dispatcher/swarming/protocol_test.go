package swarming_test

import (
	"context"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	pluginpb "go.chromium.org/luci/swarming/proto/plugin"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// A talk is a pool "lab" of one node, with the accounts "fast" at p0 and "slow" at p1, and what
// Swarming says to it.
type talk struct {
	*cluster
	t *testing.T
	pluginpb.ExternalSchedulerClient
	said []*dispatch.Event
}

// withTalk runs a test in a bubble.
func withTalk(t *testing.T, test func(*talk)) {
	synctest.Test(t, func(t *testing.T) {
		c := newCluster(t, "a")
		defer c.close()
		synctest.Wait()
		k := &talk{cluster: c, t: t, ExternalSchedulerClient: client(c)}
		c.seen = func(all []*dispatch.Event) { k.said = append(k.said, all...) }
		c.create("lab", map[string]*dispatch.AccountSettings{"fast": earning(0, 10),
			"slow": earning(1, 10)})
		test(k)
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

// counts are how many tasks wait and are on bots.
func (k *talk) counts() (waiting, busy int64) {
	k.t.Helper()
	k.read(func(m *state.Machine) {
		p, err := m.InspectPool(&dispatch.InspectPoolRequest{Pool: "lab"})
		require.NoError(k.t, err)
		waiting, busy = p.GetSummary().GetTasks().GetWaiting(), p.GetSummary().GetTasks().GetRunning()
	})
	return waiting, busy
}

// run lets a bot run a task, which is the only one that waits.
func (k *talk) run(id, bot string, tags ...string) {
	k.t.Helper()
	k.tell(item(id, pending, 0, "", tags...))
	time.Sleep(20 * time.Second)
	require.Equal(k.t, id+" slice 0", k.pull(bot, 0))
	time.Sleep(time.Second)
	k.tell(item(id, running, 0, bot))
	time.Sleep(20 * time.Second)
}

func TestARepeatedPullGetsTheSameTaskUntilItIsAcknowledged(t *testing.T) {
	withTalk(t, func(k *talk) {
		k.tell(item("t1", pending, 0, ""), item("t2", pending, 0, ""))
		time.Sleep(time.Second)
		first := k.pull("b1", 0)
		require.NotEmpty(t, first)
		for range 3 {
			time.Sleep(time.Minute)
			require.Equal(t, first, k.pull("b1", 0))
			require.Equal(t, first, k.pull("b1", 30*time.Second), "an answer that took long")
		}
		require.NotEqual(t, first, k.pull("b2", 0))
		k.tell(item(first[:2], running, 0, "b1"))
		time.Sleep(time.Second)
		require.Empty(t, k.pull("b1", 0), "the other one is the other bot's")
	})
}

func TestAnIdlePullEndsWhatRanUnlessItIsOlder(t *testing.T) {
	withTalk(t, func(k *talk) {
		k.run("t1", "b1")
		for _, late := range []time.Duration{21 * time.Second, 5 * time.Minute} {
			require.Empty(t, k.pull("b1", late))
			waiting, busy := k.counts()
			require.Equal(t, []int64{0, 1}, []int64{waiting, busy}, "a pull %v ago", late)
		}
		require.Empty(t, k.pull("b1", 0))
		waiting, busy := k.counts()
		require.Equal(t, []int64{0, 0}, []int64{waiting, busy})
		k.tell(item("t1", running, 5*time.Second, "b1"), item("t1", pending, 5*time.Second, ""))
		waiting, busy = k.counts()
		require.Equal(t, []int64{0, 0}, []int64{waiting, busy}, "news from before does not bring it back")
	})
}

func TestLatePullsCountAndTimesAheadAreRefused(t *testing.T) {
	withTalk(t, func(k *talk) {
		k.tell(item("t1", pending, 0, ""))
		require.Equal(t, "t1 slice 0", k.pull("b1", time.Hour))
		err := k.notify(item("t2", pending, -12*time.Second, ""))
		require.Equal(t, codes.InvalidArgument, status.Code(err))
		require.ErrorContains(t, err, "notifications[0]: pool lab: the time of the news is 12s ahead, more than 10s")
		require.NoError(t, k.notify(item("t2", pending, -9*time.Second, "")))
	})
}

func TestACancellationIsRepeatedUntilItIsOverOrWaits(t *testing.T) {
	for _, end := range []pluginpb.TaskSpec_State{pending, pluginpb.TaskSpec_BOT_DISAPPEARED,
		pluginpb.TaskSpec_KILLED, pluginpb.TaskSpec_CANCELED} {
		withTalk(t, func(k *talk) {
			k.run("t1", "b1")
			k.tell(item("t2", pending, 0, "", "qs_account:fast"))
			for range 3 {
				time.Sleep(time.Minute)
				require.Equal(t, []string{`t1 on "b1": PREEMPTED `}, k.cancellations())
				k.tell(item("t1", running, 0, "b1"))
			}
			k.tell(item("t1", end, 0, ""))
			require.Empty(t, k.cancellations())
			waiting, _ := k.counts()
			require.Equal(t, end == pending, waiting == 1)
			require.Equal(t, "t2 slice 0", k.pull("b1", 0))
		})
	}
}

func TestTerminalNewsOfUnknownTasksIsTakenAndRemembered(t *testing.T) {
	withTalk(t, func(k *talk) {
		k.tell(item("t1", pluginpb.TaskSpec_CANCELED, 0, ""))
		time.Sleep(5 * time.Minute)
		k.tell(item("t1", pending, 5*time.Minute+time.Second, ""))
		waiting, _ := k.counts()
		require.Zero(t, waiting)
		k.tell(item("t1", pending, 0, ""))
		waiting, _ = k.counts()
		require.EqualValues(t, 1, waiting, "it waits again")
	})
}

// A task that waits again is said to at once, by a server whose clock is behind.
func TestWhatIsTooSoonToBelieveIsAskedAgain(t *testing.T) {
	withTalk(t, func(k *talk) {
		k.run("t1", "b1")
		k.tell(item("t1", pluginpb.TaskSpec_BOT_DISAPPEARED, 0, ""))
		time.Sleep(2 * time.Second)
		k.tell(item("t1", pending, 0, ""))
		waiting, _ := k.counts()
		require.Zero(t, waiting)
		time.Sleep(time.Minute)
		require.Equal(t, []string{"t1"}, k.callbacks())
		k.tell(item("t1", pending, 0, ""))
		waiting, _ = k.counts()
		require.EqualValues(t, 1, waiting)
	})
}

func TestClocksOfServersDiffer(t *testing.T) {
	withTalk(t, func(k *talk) {
		k.tell(item("t1", pending, 0, ""))
		time.Sleep(time.Second)
		require.Equal(t, "t1 slice 0", k.pull("b1", 0))
		k.tell(item("t1", running, 3*time.Second, "b1")) // by the other clock
		k.tell(item("t1", pending, -3*time.Second, ""))  // from before, by the first one
		require.Empty(t, k.pull("b1", 0), "the pull that the task was given to comes twice")
		waiting, busy := k.counts()
		require.Equal(t, []int64{0, 1}, []int64{waiting, busy})
	})
}

func TestProvisioning(t *testing.T) {
	withTalk(t, func(k *talk) {
		two := item("t1", pending, 0, "")
		two.Task.Slices = []*pluginpb.SliceSpec{{Dimensions: []string{"os:linux", "v:2"}},
			{Dimensions: []string{"os:linux"}}}
		k.tell(two)
		require.Equal(t, "t1 slice 1", k.pull("b1", 0, "v:1"))
		require.Equal(t, "t1 slice 0", k.pull("b1", 0, "v:2"), "it was provisioned meanwhile")
	})
}

// Of a call with many items, those that are right are taken.
func TestOneWrongItemStopsNoOther(t *testing.T) {
	withTalk(t, func(k *talk) {
		err := k.notify(item("t1", pending, 0, ""), item("t2", 0, 0, ""), item("", pending, 0, ""),
			item("t3", pending, 0, ""))
		require.Equal(t, codes.InvalidArgument, status.Code(err))
		require.ErrorContains(t, err, `notifications[1]: task "t2": the state 0 is of no category`)
		waiting, _ := k.counts()
		require.EqualValues(t, 2, waiting)
		err = k.notify(make([]*pluginpb.NotifyTasksItem, 1001)...)
		require.Equal(t, codes.ResourceExhausted, status.Code(err))
	})
}
