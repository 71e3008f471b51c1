package demo

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/protos/dispatch"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func at(seconds int) time.Time { return noon.Add(time.Duration(seconds) * time.Second) }

// said writes what a machine reports of its leases: "a FINISHED exit 3".
func said(m *machine, now time.Time) string {
	var all []string
	for _, l := range m.report(now).Leases {
		text := l.LeaseId + " " + strings.TrimPrefix(l.Phase.String(), "PHASE_")
		switch o := l.Result.GetOutcome().(type) {
		case *dispatch.Result_ExitCode:
			text += fmt.Sprintf(" exit %d", o.ExitCode)
		case *dispatch.Result_Signal:
			text += " " + o.Signal
		}
		if l.Result.GetMessage() != "" {
			text += ": " + l.Result.Message
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

func run(id string, slot int32, spec *dispatch.TaskSpec) *dispatch.Run {
	return &dispatch.Run{LeaseId: id, Slot: slot, Task: spec}
}

func spec(run time.Duration, exit int) *dispatch.TaskSpec {
	return &dispatch.TaskSpec{Payload: &dispatch.TaskSpec_Exec{Exec: Simulate(run, exit)}}
}

func complete(version uint64, o *dispatch.Orders) *dispatch.Orders {
	o.Kind, o.Epoch, o.ResultsIn = dispatch.Orders_KIND_COMPLETE, 1, version
	return o
}

func TestALeaseFromOrderToRecord(t *testing.T) {
	m := newMachine(WorkerConfig{Slots: 2, Speed: 60})
	first := complete(1, &dispatch.Orders{Runs: []*dispatch.Run{run("a", 0, spec(10*time.Minute, 3))}})
	require.True(t, m.follow(first, at(0)))
	require.Equal(t, "a PREPARING", said(m, at(0)))
	require.True(t, m.advance(at(0)))
	require.Equal(t, "a RUNNING", said(m, at(0)))
	require.Equal(t, at(10), m.due(), "ten minutes take ten seconds")
	require.Equal(t, 5*time.Minute, m.report(at(5)).Leases[0].RunningFor.AsDuration())
	require.False(t, m.follow(first, at(5)), "an order that is repeated changes nothing")
	require.False(t, m.advance(at(9)))
	require.True(t, m.advance(at(10)))
	require.Equal(t, "a FINISHED exit 3", said(m, at(10)))
	require.Equal(t, 10*time.Minute, m.leases["a"].result.Ran.AsDuration())
	require.False(t, m.follow(first, at(11)), "it does not run again")
	require.True(t, m.idle())
	m.follow(complete(2, &dispatch.Orders{Recorded: []string{"a"}}), at(12))
	require.Empty(t, said(m, at(12)))
}

func TestStops(t *testing.T) {
	m := newMachine(WorkerConfig{Slots: 4, Speed: 1})
	slow := spec(time.Hour, 0)
	slow.StopSignal = "SIGINT"
	m.follow(complete(1, &dispatch.Orders{Runs: []*dispatch.Run{run("runs", 0, slow), run("ended", 1, spec(0, 0))}}), at(0))
	m.advance(at(0))
	m.follow(complete(2, &dispatch.Orders{Runs: []*dispatch.Run{run("prepares", 2, slow)},
		Stops: []*dispatch.Stop{{LeaseId: "runs"}, {LeaseId: "ended"}, {LeaseId: "never"}}}), at(1))
	m.follow(complete(3, &dispatch.Orders{Stops: []*dispatch.Stop{{LeaseId: "prepares"}}}), at(1))
	require.Equal(t, "ended FINISHED exit 0, never REJECTED: it was to be stopped before it was heard of, "+
		"prepares REJECTED: it was stopped before it started, runs STOPPING", said(m, at(1)))
	m.advance(at(3))
	require.Contains(t, said(m, at(3)), "runs FINISHED SIGINT")
}

func TestWhatCannotRunIsRejected(t *testing.T) {
	m := newMachine(WorkerConfig{Slots: 2, Speed: 1})
	bad := &dispatch.TaskSpec{Payload: &dispatch.TaskSpec_Exec{Exec: &dispatch.Exec{Command: []string{"simulate", "soon", "0"}}}}
	m.follow(complete(1, &dispatch.Orders{Runs: []*dispatch.Run{run("a", 0, spec(time.Hour, 0)), run("b", 0, spec(0, 0)),
		run("c", 1, bad)}}), at(0))
	require.Equal(t, `a PREPARING, b REJECTED: the slot has another task, c REJECTED: "soon" is not a duration such as 10m`, said(m, at(0)))
	require.True(t, m.leases["c"].result.Permanent)
	require.False(t, m.leases["b"].result.Permanent)
}

func TestProvisioningAndTimeouts(t *testing.T) {
	m := newMachine(WorkerConfig{Slots: 2, Speed: 1})
	slow := spec(time.Hour, 0)
	slow.Timeout = durationpb.New(time.Minute)
	r := run("a", 0, slow)
	r.ProvisionRequired = true
	m.follow(complete(1, &dispatch.Orders{Runs: []*dispatch.Run{r}}), at(0))
	m.advance(at(29))
	require.Equal(t, "a PREPARING", said(m, at(29)))
	m.advance(at(30))
	require.Equal(t, "a RUNNING", said(m, at(30)))
	m.advance(at(90))
	require.Equal(t, "a FINISHED SIGTERM", said(m, at(90)))
	require.True(t, m.leases["a"].result.TimedOut)
}

func TestOrdersThatDoNotFitAreNotFollowed(t *testing.T) {
	m := newMachine(WorkerConfig{Slots: 2, Speed: 1})
	m.follow(complete(5, &dispatch.Orders{}), at(0))
	gap := &dispatch.Orders{Kind: dispatch.Orders_KIND_INCREMENTAL, Epoch: 1, AppliesTo: 6, ResultsIn: 7,
		Runs: []*dispatch.Run{run("a", 0, spec(0, 0))}}
	require.True(t, m.follow(gap, at(0)))
	require.Empty(t, said(m, at(0)))
	require.Zero(t, m.report(at(0)).Version, "it asks for complete orders")
	require.True(t, m.follow(gap, at(0)), "and for as long as it does not get them")

	newer := complete(1, &dispatch.Orders{})
	newer.Epoch = 2
	m.follow(newer, at(0))
	require.False(t, m.follow(complete(9, &dispatch.Orders{Runs: gap.Runs}), at(0)), "the leader of before")
	require.Empty(t, said(m, at(0)))
	fits := &dispatch.Orders{Kind: dispatch.Orders_KIND_INCREMENTAL, Epoch: 2, AppliesTo: 1, ResultsIn: 2, Runs: gap.Runs}
	require.True(t, m.follow(fits, at(0)))
	require.Equal(t, "a PREPARING", said(m, at(0)))
}

func TestAFenceSparesWhatGoesOn(t *testing.T) {
	m := newMachine(WorkerConfig{Slots: 2, Speed: 1})
	goesOn := spec(time.Hour, 0)
	goesOn.OnDisconnect = dispatch.TaskSpec_ON_DISCONNECT_CONTINUE
	m.follow(complete(1, &dispatch.Orders{Runs: []*dispatch.Run{run("a", 0, spec(time.Hour, 0)), run("b", 1, goesOn)}}), at(0))
	m.advance(at(0))
	m.fence()
	require.Equal(t, "a LOST, b RUNNING", said(m, at(0)))
}

func TestDirectives(t *testing.T) {
	m := newMachine(WorkerConfig{Slots: 1, Speed: 1})
	require.True(t, m.report(at(0)).AcceptsWork)
	require.True(t, m.follow(complete(1, &dispatch.Orders{Directive: dispatch.Orders_DIRECTIVE_DRAIN}), at(0)))
	require.False(t, m.report(at(0)).AcceptsWork)
	require.Equal(t, "it is drained", m.report(at(0)).Refusal)
	m.follow(complete(2, &dispatch.Orders{Directive: dispatch.Orders_DIRECTIVE_EXIT}), at(0))
	require.True(t, m.exit)
	m.follow(complete(3, &dispatch.Orders{}), at(0))
	require.True(t, m.report(at(0)).AcceptsWork)
}
