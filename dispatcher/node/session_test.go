package node

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

func clone(r *dispatch.Report) *dispatch.Report { return proto.Clone(r).(*dispatch.Report) }

var alone = []string{"a"}

func TestATaskIsRunAndRecorded(t *testing.T) {
	withCluster(t, alone, func(t *testing.T, c *cluster) {
		w := c.connect("w", "b", "i")
		require.Equal(t, []string{"complete, answers 1"}, shown(w.say()))
		id := c.submit(opaque("x"))[0]
		os := w.sent()
		require.Equal(t, []string{"changes run 0, answers 1"}, shown(os))
		require.Equal(t, os[0].GetAppliesTo()+1, os[0].GetResultsIn())
		run := os[0].GetRuns()[0].GetLeaseId()
		time.Sleep(time.Second)
		require.Equal(t, []string{"changes, answers 2"},
			shown(w.say(lease(run, dispatch.Phase_PHASE_RUNNING))))
		require.Equal(t, dispatch.Task_STATE_RUNNING, c.state(id))
		time.Sleep(time.Second)
		os = w.say(lease(run, dispatch.Phase_PHASE_FINISHED)) // what is new may leave before the answer
		require.Equal(t, []string{run}, os[0].GetRecorded())
		require.EqualValues(t, 3, os[len(os)-1].GetAnswers())
		require.Equal(t, dispatch.Task_STATE_SUCCEEDED, c.state(id))
		time.Sleep(time.Second)
		require.Equal(t, []string{"changes, answers 4"}, shown(w.say()))
		close(w.reports)
		require.ErrorContains(t, w.end(t), "EOF")
	})
}

func TestReportsThatChangeNothingAreNoEntries(t *testing.T) {
	withCluster(t, alone, func(t *testing.T, c *cluster) {
		w := c.connect("w", "b", "i")
		w.say()
		w.say() // the first one that says that orders were followed
		before := c.leader().Log().Applied
		for range 20 {
			time.Sleep(100 * time.Millisecond)
			require.Len(t, w.say(), 1)
		}
		require.Equal(t, before, c.leader().Log().Applied)
		w.Interrupt()
		w.end(t)
	})
}

func TestChangesAreGathered(t *testing.T) {
	withCluster(t, alone, func(t *testing.T, c *cluster) {
		w := c.connect("w", "b", "i")
		w.report.Slots = 10
		w.say()
		time.Sleep(time.Second)
		for range 10 {
			c.submit(opaque("x"))
			synctest.Wait()
		}
		require.Equal(t, []string{"changes run 0, answers 1"}, shown(w.now()), "the first one at once")
		time.Sleep(gatherFor)
		os := w.sent()
		require.Len(t, os, 1, "the others together")
		require.Len(t, os[0].GetRuns(), 9)
		w.Interrupt()
		w.end(t)
	})
}

func TestAGapIsAnsweredCompletely(t *testing.T) {
	withCluster(t, alone, func(t *testing.T, c *cluster) {
		w := c.connect("w", "b", "i")
		w.say()
		c.submit(opaque("x"))
		w.sent()
		time.Sleep(time.Second)
		w.report.Version = 0
		require.Equal(t, []string{"complete run 0, answers 2"}, shown(w.say()))
		w.Interrupt()
		w.end(t)
	})
}

func TestASilentWorkerLosesItsTaskAfterTTLAndGrace(t *testing.T) {
	withCluster(t, alone, func(t *testing.T, c *cluster) {
		time.Sleep(3 * ttl) // long after the election
		w := c.connect("w", "b", "i")
		w.say()
		id := c.submit(opaque("x"))[0]
		run := w.sent()[0].GetRuns()[0].GetLeaseId()
		w.say(lease(run, dispatch.Phase_PHASE_RUNNING))
		time.Sleep(ttl + grace(ttl) - time.Second)
		require.Equal(t, dispatch.Task_STATE_RUNNING, c.state(id))
		time.Sleep(2 * time.Second)
		require.Equal(t, dispatch.Task_STATE_WAITING, c.state(id))
		require.ErrorIs(t, w.end(t), ErrSilent, "its session is cut, and the reason said")

		// It comes back with the task: that is not its own any more.
		again := c.connect("w", "b", "i")
		again.report.Sequence = 10
		require.Equal(t, []string{"complete stop UNKNOWN, answers 11"},
			shown(again.say(lease(run, dispatch.Phase_PHASE_RUNNING))))
		again.Interrupt()
		again.end(t)
	})
}

func TestANewLeaderTakesNoSilenceForDeath(t *testing.T) {
	withCluster(t, []string{"a", "b", "c"}, func(t *testing.T, c *cluster) {
		time.Sleep(3 * ttl)
		w := c.connect("w", "b", "i")
		w.say()
		id := c.submit(opaque("x"))[0]
		run := w.sent()[0].GetRuns()[0].GetLeaseId()
		w.say(lease(run, dispatch.Phase_PHASE_RUNNING))
		time.Sleep(ttl)
		first := c.leader()
		require.NoError(t, first.Transfer(context.Background(), ""))
		require.NotEqual(t, first, c.leader())
		require.ErrorIs(t, w.end(t), ErrNotLeader)
		time.Sleep(2*ttl - time.Second)
		require.Equal(t, dispatch.Task_STATE_RUNNING, c.state(id), "not in the first two TTLs")
		time.Sleep(2*time.Second + grace(ttl))
		require.Equal(t, dispatch.Task_STATE_WAITING, c.state(id))
	})
}

func TestAWorkerWithATaskReportsMoreOften(t *testing.T) {
	withCluster(t, alone, func(t *testing.T, c *cluster) {
		w := c.connect("w", "b", "i")
		next := w.say()[0].GetNextReport().AsDuration()
		require.LessOrEqual(t, next, ttl/6, "it is to show that it follows orders")
		next = w.say()[0].GetNextReport().AsDuration()
		require.InDelta(t, ttl/2, next, float64(ttl/20), "it only has to be there")
		c.submit(opaque("x"))
		next = w.sent()[0].GetNextReport().AsDuration()
		require.InDelta(t, ttl/3, next, float64(ttl/30), "its task has a deadline")
		w.Interrupt()
		w.end(t)
	})
}

func TestANewLeaderSendsCompleteOrdersOfALaterEpoch(t *testing.T) {
	withCluster(t, []string{"a", "b", "c"}, func(t *testing.T, c *cluster) {
		w := c.connect("w", "b", "i")
		first := w.say()[0]
		c.submit(opaque("x"))
		w.sent()
		require.NoError(t, c.leader().Transfer(context.Background(), ""))
		require.ErrorIs(t, w.end(t), ErrNotLeader)
		again := c.connect("w", "b", "i")
		again.report = w.report
		os := again.say()
		require.Equal(t, []string{"complete run 0, answers 2"}, shown(os))
		require.Greater(t, os[0].GetEpoch(), first.GetEpoch())
		again.Interrupt()
		again.end(t)
	})
}

func TestAnotherProcessTakesOver(t *testing.T) {
	withCluster(t, alone, func(t *testing.T, c *cluster) {
		w := c.connect("w", "b", "i")
		w.say()
		id := c.submit(opaque("x"))[0]
		run := w.sent()[0].GetRuns()[0].GetLeaseId()
		w.say(lease(run, dispatch.Phase_PHASE_RUNNING))

		next := c.connect("w", "b", "j")
		require.Equal(t, []string{"complete run 0, answers 1"},
			shown(next.say(lease(run, dispatch.Phase_PHASE_RUNNING))))
		require.ErrorIs(t, w.end(t), ErrReplaced)
		require.Equal(t, dispatch.Task_STATE_RUNNING, c.state(id))

		other := c.connect("w", "c", "k")
		os := other.say()
		require.Equal(t, []string{"complete, answers 0"}, shown(os), "another boot is told to wait")
		require.InDelta(t, ttl, os[0].GetNextReport().AsDuration(), float64(2*gatherFor))
		require.ErrorIs(t, other.end(t), ErrEarly)
		next.Interrupt()
		next.end(t)
		time.Sleep(ttl)
		other = c.connect("w", "c", "k")
		os = other.say()
		require.Len(t, os, 1)
		require.Len(t, os[0].GetRuns(), 1, "what the old boot ran is lost, and given out anew")
		require.NotEqual(t, run, os[0].GetRuns()[0].GetLeaseId())
		other.Interrupt()
		other.end(t)
	})
}

func TestAContestIsAnEventAndAnAlarm(t *testing.T) {
	withCluster(t, alone, func(t *testing.T, c *cluster) {
		c.connect("w", "b", "i").say()
		c.connect("w", "b", "j").say()
		c.connect("w", "b", "i").say()
		last := c.connect("w", "b", "j")
		last.say()
		require.ErrorIs(t, last.end(t), ErrContested)
		time.Sleep(2 * time.Second)
		require.Contains(t, c.leader().Alarms()[0], "two processes")
		var told []string
		for _, e := range c.leader().events.events {
			if e.GetWorker().GetKind() == dispatch.WorkerChange_KIND_CONTESTED {
				told = append(told, e.GetWorker().GetMessage())
			}
		}
		require.Equal(t, []string{"processes: i, j"}, told)
	})
}

func TestASlowReaderIsCutAndHoldsUpNobody(t *testing.T) {
	withCluster(t, alone, func(t *testing.T, c *cluster) {
		slow, quick := c.connect("slow", "b", "i"), c.connect("quick", "b", "j")
		slow.say()
		slow.blocked = make(chan struct{})
		quick.say()
		for range 3 {
			c.submit(opaque("x"))
		}
		require.Len(t, quick.sent(), 1)
		time.Sleep(11 * time.Second)
		require.ErrorIs(t, slow.end(t), ErrSlow)
		quick.Interrupt()
		quick.end(t)
	})
}

func TestSessionsAreBounded(t *testing.T) {
	withCluster(t, alone, func(t *testing.T, c *cluster) {
		c.leader().sessionsMax = 1
		one, two := c.connect("one", "b", "i"), c.connect("two", "b", "j")
		one.say()
		two.say()
		require.ErrorIs(t, two.end(t), ErrOverloaded)
		one.Interrupt()
		one.end(t)
		require.Zero(t, c.leader().Sessions())
		two = c.connect("two", "b", "j")
		two.report.Sequence = 1
		require.Len(t, two.say(), 1)
		two.Interrupt()
		two.end(t)
	})
}

func TestARefusedReportLeavesNothing(t *testing.T) {
	withCluster(t, alone, func(t *testing.T, c *cluster) {
		w := c.connect("w", "b", "i")
		w.report.Pool = "other"
		w.say()
		require.ErrorContains(t, w.end(t), "other")
		require.Empty(t, c.leader().current.Load().sessions.workers)
	})
}

func TestSyncWaitsForSomethingToDo(t *testing.T) {
	withCluster(t, alone, func(t *testing.T, c *cluster) {
		n := c.leader()
		report := &dispatch.Report{Pool: "lab", Worker: "w", BootId: "b", InstanceId: "i", Sequence: 1,
			AcceptsWork: true, Slots: 1}
		begin := time.Now()
		o, err := n.Sync(context.Background(), clone(report))
		require.NoError(t, err)
		require.False(t, asks(o))
		require.InDelta(t, ttl/2, time.Since(begin), float64(ttl/20))

		ctx, cancel := context.WithTimeout(context.Background(), 4*time.Second)
		defer cancel()
		begin = time.Now()
		_, err = n.Sync(ctx, clone(report))
		require.NoError(t, err, "it is answered before the deadline")
		require.Equal(t, 3*time.Second, time.Since(begin))

		got := make(chan *dispatch.Orders)
		go func() {
			report.Sequence = 2
			o, err := n.Sync(context.Background(), clone(report))
			if err == nil {
				got <- o
			}
		}()
		time.Sleep(time.Second)
		c.submit(opaque("x"))
		o = <-got
		require.Len(t, o.GetRuns(), 1)
		require.Equal(t, dispatch.Orders_KIND_COMPLETE, o.GetKind())
		require.EqualValues(t, 2, o.GetAnswers())
	})
}

func TestIdsSortByTimeAcrossLeaders(t *testing.T) {
	withCluster(t, []string{"a", "b", "c"}, func(t *testing.T, c *cluster) {
		last := ""
		for range 4 {
			for range 3 {
				for _, id := range c.submit(opaque("x"), opaque("y")) {
					require.Greater(t, id, last)
					last = id
				}
			}
			require.NoError(t, c.leader().Transfer(context.Background(), ""))
			synctest.Wait()
		}
	})
}

func TestEntriesThatWouldStopReplicasAreRefused(t *testing.T) {
	withCluster(t, alone, func(t *testing.T, c *cluster) {
		unknown := &dispatch.WipePoolRequest{Pool: "lab"}
		unknown.ProtoReflect().SetUnknown([]byte{0x9a, 0x3e, 0x01, 0x61}) // field 995
		_, _, err := c.leader().Propose(context.Background(),
			&replica.Command{Kind: &replica.Command_WipePool{WipePool: unknown}})
		require.ErrorContains(t, err, "does not know")
		_, _, err = c.leader().Propose(context.Background(), &replica.Command{Kind: &replica.Command_WipePool{
			WipePool: &dispatch.WipePoolRequest{Pool: "lab", Reason: "\xff"}}})
		require.ErrorContains(t, err, "not UTF-8")
		c.submit(opaque("still there"))
	})
}

func TestReportsAreAskedForInTime(t *testing.T) {
	for range 1000 {
		for _, c := range []struct {
			ttl, idle, busy, soon time.Duration
		}{
			{ttl: time.Minute, idle: 40 * time.Second, busy: 20 * time.Second, soon: 10 * time.Second},
			{ttl: 24 * time.Second, idle: 12 * time.Second, busy: 8 * time.Second, soon: 4 * time.Second},
			{ttl: 2 * time.Second, idle: time.Second, busy: 2 * time.Second / 3, soon: time.Second / 3},
		} {
			idle := &dispatch.Orders{LeaseTtl: durationpb.New(c.ttl)}
			busy := &dispatch.Orders{LeaseTtl: idle.LeaseTtl, Runs: []*dispatch.Run{{LeaseId: "a"}}}
			require.InEpsilon(t, c.idle*19/20, nextReport(idle).AsDuration(), 0.06, "a tenth is chance")
			require.InEpsilon(t, c.busy*19/20, nextReport(busy).AsDuration(), 0.06)
			require.LessOrEqual(t, soon(busy).AsDuration(), c.soon)
		}
	}
}
