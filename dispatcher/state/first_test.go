package state_test

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

var epoch = time.Date(2026, 1, 2, 10, 0, 0, 0, time.UTC)

func TestATaskIsSubmittedAndRun(t *testing.T) {
	m := state.New()
	apply := func(index uint64, c *replica.Command) *state.Applied {
		a, err := m.Apply(index, &replica.Entry{RuleVersion: 1, Time: timestamppb.New(epoch),
			Commands: []*replica.Command{c}})
		require.NoError(t, err)
		require.Zero(t, a.Outcome.GetCommands()[0].GetCode(), a.Outcome.GetCommands()[0].GetError())
		return a
	}
	apply(1, &replica.Command{Kind: &replica.Command_CreatePool{
		CreatePool: &dispatch.CreatePoolRequest{Pool: "lab"}}})
	const id = "01JGK3V6T00000000000000001"
	apply(2, &replica.Command{Kind: &replica.Command_SubmitTasks{SubmitTasks: &replica.SubmitTasks{
		Request: &dispatch.SubmitTasksRequest{Pool: "lab", Tasks: []*dispatch.TaskSpec{{
			Payload: &dispatch.TaskSpec_Exec{Exec: &dispatch.Exec{Command: []string{"true"}}}}}},
		Ids: []string{id}}}})
	report := &dispatch.Report{Pool: "lab", Worker: "host", BootId: "b", InstanceId: "i", Sequence: 1,
		AcceptsWork: true, Slots: 1}
	require.True(t, m.Changes(report))
	apply(3, &replica.Command{Kind: &replica.Command_Report{Report: report}})
	o, err := m.Orders("lab", "host")
	require.NoError(t, err)
	require.Len(t, o.Runs, 1)
	require.Equal(t, id+"/1", o.Runs[0].GetLeaseId())
	var snapshot bytes.Buffer
	require.NoError(t, m.Write(&snapshot))
	m, err = state.Read(bytes.NewReader(snapshot.Bytes()))
	require.NoError(t, err)
	report.Sequence, report.Leases = 2, []*dispatch.LeaseReport{{LeaseId: id + "/1",
		Phase: dispatch.Phase_PHASE_FINISHED, Result: &dispatch.Result{Outcome: &dispatch.Result_ExitCode{}}}}
	apply(4, &replica.Command{Kind: &replica.Command_Report{Report: report}})
	got, err := m.GetTask(&dispatch.GetTaskRequest{Pool: "lab", Id: id})
	require.NoError(t, err)
	require.Equal(t, dispatch.Task_STATE_SUCCEEDED, got.GetTask().GetState())
}
