package swarming_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"go.chromium.org/luci/grpc/prpc"
	pluginpb "go.chromium.org/luci/swarming/proto/plugin"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"

	"github.com/quotasched/quotasched/dispatcher/access"
	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

// Here is a test for each way in which the service failed that Swarming had before, qscheduler: what
// happened there stands above.

// A batch of calls shared the context of the one that led it.
func TestACancelledCallFailsNoOther(t *testing.T) {
	withTalk(t, func(k *talk) {
		k.log.HoldSync("a")
		ctx, cancel := context.WithCancel(k.t.Context())
		var calls sync.WaitGroup
		codesOf := make([]codes.Code, 20)
		for i := range codesOf {
			mine := k.t.Context()
			if i == 0 {
				mine = ctx
			}
			calls.Go(func() {
				_, err := k.NotifyTasks(mine, &pluginpb.NotifyTasksRequest{SchedulerId: "lab",
					Notifications: []*pluginpb.NotifyTasksItem{item(fmt.Sprint("t", i), pending, 0, "")}})
				codesOf[i] = status.Code(err)
			})
			synctest.Wait()
		}
		cancel()
		synctest.Wait()
		k.log.ReleaseSync("a")
		calls.Wait()
		require.Equal(t, codes.Canceled, codesOf[0])
		require.Equal(t, make([]codes.Code, 19), codesOf[1:])
	})
}

// The whole state was written anew for each batch.
func TestAnEntryHasWhatChangedAlone(t *testing.T) {
	withTalk(t, func(k *talk) {
		k.fill("t", 2000)
		m := k.member("a")
		m.mu.Lock()
		m.batches = nil
		m.mu.Unlock()
		require.NotEmpty(t, k.pull("b1", 0))
		m.mu.Lock()
		defer m.mu.Unlock()
		require.Len(t, m.batches, 1)
		require.Less(t, m.batches[0].Bytes, 200)
	})
}

// fill makes tasks that wait.
func (k *talk) fill(prefix string, n int) {
	var items []*pluginpb.NotifyTasksItem
	for i := range n {
		items = append(items, item(fmt.Sprintf("%s%04d", prefix, i), pending, 0, ""))
	}
	for some := range slices.Chunk(items, 1000) {
		k.tell(some...)
	}
}

// A bot had room for one task to abort, and the next one took its place.
func TestTwoPreemptedTasksOfABotAreBothCancelled(t *testing.T) {
	withTalk(t, func(k *talk) {
		k.run("t1", "b1")
		k.run("t2", "b1", "qs_account:slow")
		k.tell(item("t3", pending, 0, "", "qs_account:fast"))
		time.Sleep(20 * time.Second)
		require.Equal(t, []string{`t1 on "b1": PREEMPTED `, `t2 on "b1": PREEMPTED `},
			k.cancellations())
		k.tell(item("t1", pluginpb.TaskSpec_KILLED, 0, ""))
		require.Equal(t, []string{`t2 on "b1": PREEMPTED `}, k.cancellations())
	})
}

// Time-outs came only while somebody pulled.
func TestTimeGoesOnWithoutPulls(t *testing.T) {
	withTalk(t, func(k *talk) {
		k.tell(item("t1", pending, 0, ""))
		require.Equal(t, "t1 slice 0", k.pull("b1", 0))
		time.Sleep(9 * time.Minute)
		waiting, busy := k.counts()
		require.Equal(t, []int64{0, 1}, []int64{waiting, busy})
		time.Sleep(2 * time.Minute)
		waiting, busy = k.counts()
		require.Equal(t, []int64{1, 0}, []int64{waiting, busy}, "b1 did not acknowledge it")
	})
}

// Errors of tasks were kept, and their cancellations repeated, for ever. What ends them if Swarming
// never says anything is in the test of this name in package state.
func TestTaskErrorsEnd(t *testing.T) {
	withTalk(t, func(k *talk) {
		k.tell(item("t1", pending, 0, "", "qs_account:a", "qs_account:b"),
			item("t2", pending, 0, "", "qs_account:"))
		both := []string{`t1 on "": ERROR two accounts: "a" and "b"`,
			`t2 on "": ERROR the tag qs_account: names no account`}
		require.Equal(t, both, k.cancellations())
		k.tell(item("t2", pluginpb.TaskSpec_CANCELED, 0, ""))
		require.Equal(t, both[:1], k.cancellations())
		time.Sleep(time.Minute)
		require.Equal(t, []string{"t1"}, k.callbacks())
		k.tell(item("t1", pluginpb.TaskSpec_CANCELED, 0, ""))
		require.Empty(t, k.cancellations())
	})
}

// Of the tasks one in a hundred was asked about at random: that found a lost one in 100 minutes.
func TestALostTaskIsFoundWithinMinutes(t *testing.T) {
	withTalk(t, func(k *talk) {
		k.fill("a", 3000)
		time.Sleep(30 * time.Second)
		k.fill("b", 500)
		require.Empty(t, k.callbacks(), "all have just been heard of")
		seen := map[string]int{}
		for minute := range 4 {
			time.Sleep(time.Minute)
			asked := k.callbacks()
			require.Len(t, asked, []int{1000, 1000, 1000, 1000}[minute])
			for _, id := range asked {
				require.True(t, id[0] == 'a' || minute == 3, "the stalest come first")
				seen[id]++
			}
		}
		require.Len(t, seen, 3500, "each has its turn within n/1,000 minutes, answered or not")
		// An answer ends it.
		k.tell(item("a0000", pluginpb.TaskSpec_CANCELED, 0, ""))
		for range 4 {
			time.Sleep(time.Minute)
			require.NotContains(t, k.callbacks(), "a0000")
		}
	})
}

// Events left from memory after the commit, a thousand at a time, and the oldest were dropped.
func TestNoEventIsDropped(t *testing.T) {
	withTalk(t, func(k *talk) {
		var logged []*dispatch.Event
		k.member("a").AwaitEvents()
		k.logged = func(all []*dispatch.Event) { logged = append(logged, all...) }
		k.fill("t", 3000)
		k.member("a").AwaitEvents()
		enqueued, last := map[string]bool{}, &dispatch.Position{}
		for _, e := range logged {
			p := e.GetPosition()
			require.True(t, p.GetIndex() > last.GetIndex() && p.GetN() == 0 ||
				p.GetIndex() == last.GetIndex() && p.GetN() == last.GetN()+1, "%v after %v", p, last)
			last = p
			if e.GetScheduler().GetType() == protos.TaskEvent_TYPE_ENQUEUED {
				enqueued[e.GetScheduler().GetRequestId()] = true
			}
		}
		require.Len(t, enqueued, 3000)
	})
}

// What accounts spent was cut to whole seconds.
func TestSpendIsExact(t *testing.T) {
	withTalk(t, func(k *talk) {
		time.Sleep(time.Minute)
		k.tell(item("t1", pending, 0, "", "qs_account:fast"))
		require.Equal(t, "t1 slice 0", k.pull("b1", 0))
		time.Sleep(1234 * time.Millisecond)
		k.tell(item("t1", running, 0, "b1"), item("t1", pluginpb.TaskSpec_COMPLETED, 0, ""))
		k.read(func(m *state.Machine) {
			u, err := m.GetUsage(&dispatch.GetUsageRequest{Pool: "lab"})
			require.NoError(t, err)
			require.Len(t, u.GetAccounts(), 1)
			require.Equal(t, []int64{1234, 0, 0, 0, 0, 0}, u.GetAccounts()[0].GetUsedMs())
		})
	})
}

// Who might call at all might do so for each pool.
func TestRightsAreOfAPool(t *testing.T) {
	hash := sha256.Sum256([]byte("secret"))
	policy, err := access.Parse("policy", fmt.Appendf(nil,
		"identities: {swarming: {tokens: [{sha256: %s}], pools: {lab: {roles: [worker]}}}}",
		hex.EncodeToString(hash[:])))
	require.NoError(t, err)
	synctest.Test(t, func(t *testing.T) {
		c := newClusterFor(t, policy, "a")
		defer c.close()
		synctest.Wait()
		c.create("lab", nil)
		c.create("other", nil)
		call := func(pool, token string) codes.Code {
			ctx := metadata.AppendToOutgoingContext(t.Context(), "Authorization", "Bearer "+token)
			_, err := client(c).GetCallbacks(ctx, &pluginpb.GetCallbacksRequest{SchedulerId: pool},
				prpc.ExpectedCode(codes.PermissionDenied, codes.Unauthenticated))
			return status.Code(err)
		}
		require.Equal(t, codes.OK, call("lab", "secret"))
		require.Equal(t, codes.PermissionDenied, call("other", "secret"))
		require.Equal(t, codes.PermissionDenied, call("none", "secret"))
		require.Equal(t, codes.Unauthenticated, call("lab", "guess"))
	})
}

// Nothing was kept of who changed what.
func TestChangesAreEventsWithWhoAndWhat(t *testing.T) {
	withTalk(t, func(k *talk) {
		k.must(&replica.Command{Kind: &replica.Command_SuspendAccount{
			SuspendAccount: &dispatch.SuspendAccountRequest{Pool: "lab", AccountId: "fast", Reason: "loud"}}})
		i := slices.IndexFunc(k.said, func(e *dispatch.Event) bool {
			return e.GetChange().GetMethod() == "SuspendAccount"
		})
		require.GreaterOrEqual(t, i, 0)
		change := k.said[i].GetChange()
		require.Equal(t, "ann", change.GetIdentity())
		require.Equal(t, "loud", change.GetReason())
	})
}

// Nobody could ask why a task waits, and lists had no pages.
func TestWhyATaskWaitsAndPagesOfBots(t *testing.T) {
	withTalk(t, func(k *talk) {
		for i := range 5 {
			require.Empty(t, k.pull(fmt.Sprint("b", i), 0))
		}
		wrong := item("t1", pending, 0, "")
		wrong.Task.Slices[0].Dimensions = []string{"os:beos"}
		k.tell(wrong)
		k.read(func(m *state.Machine) {
			why, err := m.ExplainTask(&dispatch.ExplainTaskRequest{Pool: "lab", Id: "t1"})
			require.NoError(t, err)
			require.Contains(t, why.GetText(), "os:beos")
			var names []string
			for token := ""; ; {
				page, err := m.ListWorkers(&dispatch.ListWorkersRequest{Pool: "lab", PageSize: 2,
					PageToken: token})
				require.NoError(t, err)
				for _, w := range page.GetWorkers() {
					names = append(names, w.GetWorker())
				}
				if token = page.GetNextPageToken(); token == "" {
					break
				}
			}
			require.Equal(t, "b0 b1 b2 b3 b4", strings.Join(names, " "))
		})
	})
}

// An account with more than five balances was a panic.
func TestSixBalancesAreRefused(t *testing.T) {
	withTalk(t, func(k *talk) {
		outcome, _, err := k.member("a").Propose(k.t.Context(), &replica.Command{
			Kind: &replica.Command_SetAccount{SetAccount: &dispatch.SetAccountRequest{Pool: "lab",
				AccountId: "six", Settings: &dispatch.AccountSettings{Config: &protos.AccountConfig{},
					Balance: make([]int64, 6)}}}})
		require.NoError(t, err)
		require.EqualValues(t, codes.InvalidArgument, outcome.GetCode(), outcome.GetError())
		require.Empty(t, k.pull("b1", 0), "the pool goes on")
	})
}

// An error in one pool kept the others from their turn.
func TestAPoolThatFailsDelaysNoOther(t *testing.T) {
	withTalk(t, func(k *talk) {
		k.create("bad", nil)
		notify := func(pool string, tags ...string) error {
			_, err := k.NotifyTasks(k.t.Context(), &pluginpb.NotifyTasksRequest{SchedulerId: pool,
				Notifications: []*pluginpb.NotifyTasksItem{item("t1", pending, 0, "", tags...)}})
			return err
		}
		require.ErrorContains(t, notify("bad", "panic"), "planted by a test")
		require.Equal(t, codes.FailedPrecondition, status.Code(notify("bad")))
		require.Equal(t, codes.NotFound, status.Code(notify("none")))
		require.NoError(t, notify("lab"))
		for _, pool := range []string{"bad", "none", "lab"} {
			_, err := k.GetCancellations(k.t.Context(),
				&pluginpb.GetCancellationsRequest{SchedulerId: pool})
			require.NoError(t, err, pool)
			_, err = k.GetCallbacks(k.t.Context(), &pluginpb.GetCallbacksRequest{SchedulerId: pool})
			require.NoError(t, err, pool)
		}
	})
}

// Many cancellations come in parts, each of which goes on after the one before.
func TestManyCancellationsComeInParts(t *testing.T) {
	withTalk(t, func(k *talk) {
		var items []*pluginpb.NotifyTasksItem
		for i := range 2500 {
			items = append(items, item(fmt.Sprintf("t%04d", i), pending, 0, "", "qs_account:"))
		}
		for some := range slices.Chunk(items, 1000) {
			k.tell(some...)
		}
		seen := map[string]bool{}
		for range 3 {
			part := k.cancellations()
			require.Len(t, part, 1000)
			for _, c := range part {
				seen[c] = true
			}
		}
		require.Len(t, seen, 2500)
	})
}
