package lease_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/worker/lease"
)

const ttl = 60 * time.Second

func complete(answers uint64, version uint64, runs ...*dispatch.Run) *dispatch.Orders {
	return &dispatch.Orders{
		Epoch: 1, Kind: dispatch.Orders_KIND_COMPLETE, ResultsIn: version, Answers: answers,
		LeaseTtl: durationpb.New(ttl), Runs: runs,
	}
}

func run(id string, slot int32) *dispatch.Run {
	return &dispatch.Run{LeaseId: id, Slot: slot, Task: &dispatch.TaskSpec{}}
}

func report(t *lease.Table, now time.Duration) *dispatch.Report {
	return t.Report(now, lease.Self{Pool: "p", Worker: "w"})
}

// told returns what a report says of leases, as "id PHASE".
func told(r *dispatch.Report) (out []string) {
	for _, l := range r.GetLeases() {
		out = append(out, l.GetLeaseId()+" "+strings.TrimPrefix(l.GetPhase().String(), "PHASE_"))
	}
	return out
}

func starts(r lease.Ready) (out []string) {
	for _, s := range r.Start {
		out = append(out, s.Run.GetLeaseId())
	}
	return out
}

// connected returns a table that had its first report answered at 1 s.
func connected(slots int, runs ...*dispatch.Run) (*lease.Table, lease.Ready) {
	t := lease.New(slots)
	report(t, time.Second)
	return t, t.Hear(time.Second, complete(1, 1, runs...))
}

// SwarmKit: a status is sent until it is accepted.
func TestATaskRunsAndItsEndIsSaidUntilItIsRecorded(t *testing.T) {
	table, ready := connected(1, run("a", 0))
	require.Equal(t, []string{"a"}, starts(ready))
	require.Equal(t, []string{"a ACCEPTED"}, told(report(table, 2*time.Second)))

	ready = table.Learn(3*time.Second, lease.News{
		LeaseID: "a", Phase: dispatch.Phase_PHASE_RUNNING, Since: 3 * time.Second,
	})
	require.True(t, ready.Report)
	said := report(table, 8*time.Second)
	require.Equal(t, []string{"a RUNNING"}, told(said))
	require.Equal(t, 5*time.Second, said.GetLeases()[0].GetRunningFor().AsDuration())

	table.Learn(9*time.Second, lease.News{
		LeaseID: "a", Phase: dispatch.Phase_PHASE_FINISHED,
		Result: &dispatch.Result{Outcome: &dispatch.Result_ExitCode{ExitCode: 3}},
	})
	for range 3 {
		said = report(table, 10*time.Second)
		require.Equal(t, []string{"a FINISHED"}, told(said))
		require.EqualValues(t, 3, said.GetLeases()[0].GetResult().GetExitCode())
	}
	o := complete(said.GetSequence(), 2)
	o.Recorded = []string{"a"}
	require.Equal(t, []string{"a"}, table.Hear(11*time.Second, o).Forget)
	require.Empty(t, told(report(table, 12*time.Second)))

	late := complete(said.GetSequence(), 3, run("a", 0))
	require.Empty(t, starts(table.Hear(13*time.Second, late)), "a forgotten lease starts again")
}

// SwarmKit: statuses only move forward.
func TestPhasesOnlyMoveForward(t *testing.T) {
	table, _ := connected(1, run("a", 0))
	table.Learn(2*time.Second, lease.News{LeaseID: "a", Phase: dispatch.Phase_PHASE_RUNNING})
	table.Learn(2*time.Second, lease.News{LeaseID: "a", Phase: dispatch.Phase_PHASE_PREPARING})
	require.Equal(t, []string{"a RUNNING"}, told(report(table, 3*time.Second)))
	table.Learn(3*time.Second, lease.News{LeaseID: "a", Phase: dispatch.Phase_PHASE_LOST})
	table.Learn(3*time.Second, lease.News{LeaseID: "a", Phase: dispatch.Phase_PHASE_FINISHED})
	require.Equal(t, []string{"a LOST"}, told(report(table, 3*time.Second)))
}

func TestAnOrderToStopAnUnknownLeaseIsAnsweredAndALateOrderToRunItIsNot(t *testing.T) {
	table, _ := connected(1)
	o := complete(1, 2)
	o.Stops = []*dispatch.Stop{{LeaseId: "a"}}
	require.True(t, table.Hear(2*time.Second, o).Report)
	require.Equal(t, []string{"a REJECTED"}, told(report(table, 2*time.Second)))
	require.Empty(t, starts(table.Hear(2*time.Second, complete(2, 3, run("a", 0)))))
	require.Equal(t, []string{"a REJECTED"}, told(report(table, 3*time.Second)))
}

// SwarmKit: a gap in the sequence means a new COMPLETE.
func TestAGapInTheVersionsAsksForCompleteOrders(t *testing.T) {
	table, _ := connected(1)
	o := complete(1, 4)
	o.Kind, o.AppliesTo = dispatch.Orders_KIND_INCREMENTAL, 3
	o.Runs = []*dispatch.Run{run("a", 0)}
	ready := table.Hear(2*time.Second, o)
	require.Empty(t, ready.Start)
	require.True(t, ready.Report)
	require.Equal(t, "the orders change version 3, and 1 is known", ready.Ignored)
	require.Zero(t, report(table, 2*time.Second).GetVersion())
	require.Equal(t, []string{"a"}, starts(table.Hear(2*time.Second, complete(2, 4, run("a", 0)))))
	require.EqualValues(t, 4, report(table, 2*time.Second).GetVersion())
}

func TestOrdersOfAnOlderLeaderAreIgnored(t *testing.T) {
	table, _ := connected(1)
	o := complete(1, 9)
	o.Epoch = 2
	table.Hear(time.Second, o)
	report(table, 2*time.Second)
	ready := table.Hear(2*time.Second, complete(2, 10, run("a", 0)))
	require.Equal(t, "the orders are of epoch 1, and 2 is known", ready.Ignored)
	require.Empty(t, ready.Start)
	at, _, _ := table.Deadline()
	require.Equal(t, time.Second+ttl, at, "an older leader moved the deadline")
}

// A worker stops its tasks by its own clock before the dispatcher gives them to another.
func TestTheDeadlineCountsFromTheSendingOfTheReportThatWasAnswered(t *testing.T) {
	table, ready := connected(1)
	require.True(t, ready.Fence)
	report(table, 5*time.Second) // 2
	report(table, 7*time.Second) // 3, not answered
	table.Hear(50*time.Second, complete(2, 2))
	at, margin, ok := table.Deadline()
	require.True(t, ok)
	require.Equal(t, 5*time.Second+ttl, at)
	require.Equal(t, 10*time.Second, margin)
	owed, _ := table.Unanswered()
	require.Equal(t, 7*time.Second, owed)
}

func TestAMarginIsASixthOfAShortTTL(t *testing.T) {
	require.Equal(t, 2*time.Second/6, lease.Margin(2*time.Second))
	require.Equal(t, 10*time.Second, lease.Margin(time.Hour))
}

func TestSilenceStopsTasksButThoseThatGoOn(t *testing.T) {
	goesOn := run("b", 1)
	goesOn.Task.OnDisconnect = dispatch.TaskSpec_ON_DISCONNECT_CONTINUE
	table, ready := connected(2, run("a", 0), goesOn)
	require.Equal(t, []string{"a", "b"}, starts(ready))
	next, ok := table.Next()
	require.True(t, ok)
	require.Equal(t, time.Second+ttl-10*time.Second, next)
	require.Empty(t, table.Expire(next-1).Stop)
	stop := table.Expire(next).Stop
	require.Equal(t, []lease.Stop{{LeaseID: "a", Grace: 10 * time.Second, Own: true}}, stop)
	require.Empty(t, table.Expire(next+time.Second).Stop, "it is stopped twice")
	_, ok = table.Next()
	require.False(t, ok)
}

func TestNothingStartsNearTheDeadline(t *testing.T) {
	table, _ := connected(1)
	report(table, 2*time.Second)
	ready := table.Hear(2*time.Second+ttl-10*time.Second, complete(2, 2, run("a", 0)))
	require.Empty(t, ready.Start)
	said := report(table, 2*time.Second+ttl)
	require.Equal(t, []string{"a ACCEPTED"}, told(said))
	ready = table.Hear(2*time.Second+ttl, complete(said.GetSequence(), 2, run("a", 0)))
	require.Equal(t, []string{"a"}, starts(ready))
}

// Never idle with a live child.
func TestASlotIsNeverIdleWithALiveTask(t *testing.T) {
	table, _ := connected(1, run("a", 0))
	o := complete(1, 2, run("b", 0))
	o.Stops = []*dispatch.Stop{{LeaseId: "a", Grace: durationpb.New(time.Second)}}
	ready := table.Hear(2*time.Second, o)
	require.Empty(t, ready.Start)
	require.Equal(t, []lease.Stop{{LeaseID: "a", Grace: time.Second}}, ready.Stop)
	require.Equal(t, []string{"a STOPPING", "b ACCEPTED"}, told(report(table, 2*time.Second)))
	ready = table.Learn(3*time.Second, lease.News{
		LeaseID: "a", Phase: dispatch.Phase_PHASE_FINISHED,
		Result: &dispatch.Result{Outcome: &dispatch.Result_Signal{Signal: "SIGTERM"}},
	})
	require.Equal(t, []string{"b"}, starts(ready))
}

// Buildbarn: a worker that runs a wrong task is corrected.
func TestCompleteOrdersStopWhatTheyDoNotName(t *testing.T) {
	table, _ := connected(2, run("a", 0), run("b", 1))
	ready := table.Hear(2*time.Second, complete(1, 2, run("b", 1)))
	require.Equal(t, []lease.Stop{{LeaseID: "a", Grace: 30 * time.Second}}, ready.Stop)
}

func TestALeaseWhoseEndIsRecordedWhileItLivesIsStoppedAndForgotten(t *testing.T) {
	table, _ := connected(1, run("a", 0))
	o := complete(1, 2)
	o.Recorded = []string{"a"}
	require.Len(t, table.Hear(2*time.Second, o).Stop, 1)
	ready := table.Learn(3*time.Second, lease.News{LeaseID: "a", Phase: dispatch.Phase_PHASE_LOST})
	require.Equal(t, []string{"a"}, ready.Forget)
	require.Zero(t, table.Len())
}

func TestAWorkerThatEndsRejectsAndStops(t *testing.T) {
	table, _ := connected(1, run("a", 0), run("b", 0))
	ready := table.Abort(3 * time.Second)
	require.Equal(t, []lease.Stop{{LeaseID: "a", Grace: 3 * time.Second, Own: true}}, ready.Stop)
	said := report(table, 3*time.Second)
	require.Equal(t, []string{"a STOPPING", "b REJECTED"}, told(said))
	require.False(t, said.GetAcceptsWork())
	require.Equal(t, "the worker ends", said.GetRefusal())
}

func TestASlotThatIsNoMoreKeepsItsTaskAndTakesNone(t *testing.T) {
	table := lease.New(1)
	table.Adopt(lease.Found{Run: run("a", 3), Phase: dispatch.Phase_PHASE_RUNNING})
	require.EqualValues(t, 1, report(table, time.Second).GetSlots())
	require.Empty(t, table.Hear(time.Second, complete(1, 1, run("a", 3), run("b", 2))).Start)
	require.Equal(t, []string{"a RUNNING", "b REJECTED"}, told(report(table, time.Second)))
}

func TestOrdersThatOnlySayWhenToReportChangeNothingElse(t *testing.T) {
	table := lease.New(1)
	table.Adopt(lease.Found{Run: run("a", 0), Phase: dispatch.Phase_PHASE_RUNNING})
	report(table, time.Second)
	ready := table.Hear(time.Second, &dispatch.Orders{
		Epoch: 1, Kind: dispatch.Orders_KIND_COMPLETE, NextReport: durationpb.New(7 * time.Second),
	})
	require.Empty(t, ready)
	require.Equal(t, 7*time.Second, table.NextReport())
	table.Hear(time.Second, &dispatch.Orders{NextReport: durationpb.New(0)})
	require.Zero(t, table.NextReport())
}

func TestALateAnswerOfACallIsIgnored(t *testing.T) {
	// Sync says COMPLETE orders without versions.
	table := lease.New(1)
	report(table, time.Second)
	report(table, time.Second)
	require.Len(t, table.Hear(time.Second, complete(2, 0, run("a", 0))).Start, 1)
	require.Equal(t, "the orders are of version 0 and answer report 1, and 0 and 2 are known",
		table.Hear(time.Second, complete(1, 0)).Ignored)
	require.Equal(t, []string{"a ACCEPTED"}, told(report(table, time.Second)))
}

// Bounded messages: a table holds no more than its bounds, whatever it is told.
func TestGarbageIsRefusedAndBounded(t *testing.T) {
	table, _ := connected(1)
	long := strings.Repeat("x", 1000)
	report(table, 2*time.Second)
	for _, bad := range []*dispatch.Run{
		{}, {LeaseId: "a"}, {LeaseId: long, Task: &dispatch.TaskSpec{}},
	} {
		o := complete(1, 2, bad)
		require.NotEmpty(t, table.Hear(2*time.Second, o).Ignored)
	}
	require.NotEmpty(t, table.Hear(2*time.Second, complete(77, 2)).Ignored)
	require.NotEmpty(t, table.Hear(2*time.Second, &dispatch.Orders{Epoch: 1, ResultsIn: 5}).Ignored)
	o := complete(1, 2)
	for i := range 10_000 {
		o.Stops = append(o.Stops, &dispatch.Stop{LeaseId: fmt.Sprint("s", i)})
		o.Runs = append(o.Runs, run(fmt.Sprint("r", i), 0))
	}
	table.Hear(2*time.Second, o)
	require.LessOrEqual(t, table.Len(), 16)
}
