package recording

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// randomAccount draws the settings of an account.
func randomAccount(t *rapid.T) *scheduler.AccountConfig {
	a := &scheduler.AccountConfig{MaxCharge: time.Hour,
		MaxFanout: rapid.IntRange(0, 1).Draw(t, "fanout")}
	a.ChargeRate[rapid.IntRange(0, 4).Draw(t, "level")] = scheduler.Workers(
		float64(rapid.IntRange(0, 3).Draw(t, "rate")))
	if rapid.IntRange(0, 3).Draw(t, "limited") == 0 {
		a.PerLabelTaskLimits = map[string]int{"x": 1}
	}
	return a
}

// operation draws one of them.
func operation(t *rapid.T, at time.Time) *protos.Operation {
	request := func() string { return fmt.Sprintf("r%d", rapid.IntRange(0, 12).Draw(t, "request")) }
	worker := func() string { return fmt.Sprintf("w%d", rapid.IntRange(0, 4).Draw(t, "worker")) }
	account := func() string {
		return rapid.SampledFrom([]string{"a", "b", "c", "nobody", ""}).Draw(t, "account")
	}
	labels := func() []string {
		return rapid.SampledFrom([][]string{nil, nil, {"x"}, {"x", "y"}}).Draw(t, "labels")
	}
	op := &protos.Operation{Time: timestamppb.New(at)}
	switch rapid.IntRange(0, 13).Draw(t, "kind") {
	case 0:
		op.Kind = &protos.Operation_AddAccount{AddAccount: &protos.AddAccount{AccountId: account(),
			Config:  scheduler.AccountConfigToProto(randomAccount(t)),
			Balance: []int64{rapid.Int64Range(-1e8, 1e9).Draw(t, "balance"), 0, 0, 0, 0}}}
	case 1:
		op.Kind = &protos.Operation_DeleteAccount{
			DeleteAccount: &protos.DeleteAccount{AccountId: account()}}
	case 2:
		op.Kind = &protos.Operation_ResetBalance{
			ResetBalance: &protos.ResetBalance{AccountId: account()}}
	case 3, 4, 5:
		op.Kind = &protos.Operation_TaskWaiting{TaskWaiting: &protos.TaskWaiting{
			RequestId: request(), AccountId: account(), BaseLabels: labels(),
			ProvisionableLabels: labels(), EnqueueTime: timestamppb.New(at), Tags: []string{"t"}}}
	case 6, 7:
		op.Kind = &protos.Operation_TaskRunning{TaskRunning: &protos.TaskRunning{
			RequestId: request(), WorkerId: worker()}}
	case 8:
		op.Kind = &protos.Operation_TaskAbsent{
			TaskAbsent: &protos.TaskAbsent{RequestId: request()}}
	case 9:
		op.Kind = &protos.Operation_AddTaskError{
			AddTaskError: &protos.AddTaskError{RequestId: request(), Message: "broken"}}
	case 10:
		op.Kind = &protos.Operation_GetCancellations{GetCancellations: &protos.GetCancellations{}}
	case 11:
		if rapid.Bool().Draw(t, "refused") {
			op.Time = nil
		}
	default:
		pull := &protos.AssignTasks{}
		for range rapid.IntRange(0, 3).Draw(t, "pulls") {
			pull.Workers = append(pull.Workers,
				&protos.IdleWorker{WorkerId: worker(), Labels: labels()})
		}
		op.Kind = &protos.Operation_AssignTasks{AssignTasks: pull}
	}
	return op
}

// Operations draws anything that a dispatcher could say, with sense or without, now and then with
// old news in it.
func Operations(t *rapid.T, start time.Time) []*protos.Operation {
	var list []*protos.Operation
	at := start
	for range rapid.IntRange(1, 60).Draw(t, "operations") {
		at = at.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "seconds")) * time.Second)
		when := at
		if rapid.IntRange(0, 9).Draw(t, "old") == 9 {
			when = at.Add(-time.Minute)
		}
		list = append(list, operation(t, when))
	}
	return list
}
