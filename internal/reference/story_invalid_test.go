package reference_test

import (
	"math"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/protos"
)

func cloneOperation(op *protos.Operation) *protos.Operation {
	return proto.Clone(op).(*protos.Operation)
}

// invalid makes up an operation that is an error, or that names things which are not to be had.
func (s *storyteller) invalid() *protos.Operation {
	if chance(s.d, 40) {
		return s.atBadTime()
	}
	return pick(s.d, s.badWaiting, s.badNames, s.badAccount, s.badPull)()
}

func (s *storyteller) atBadTime() *protos.Operation {
	op := pick(s.d, s.pull, s.waiting, s.running, s.absent, s.account, s.deleteAccount,
		s.resetBalance, s.taskError, s.getCancellations)()
	op.Time = pick(s.d, nil, badTimes[0], badTimes[1], badTimes[2], badTimes[3], badTimes[4])
	return op
}

var badTimes = []*timestamppb.Timestamp{
	{Seconds: -1},
	{Seconds: 253402300800},
	{Seconds: 1, Nanos: -1},
	{Seconds: 1, Nanos: 1_000_000_000},
	{Seconds: math.MaxInt64},
}

func (s *storyteller) badWaiting() *protos.Operation {
	op := s.waiting()
	w := op.GetTaskWaiting()
	switch s.d.roll(7) {
	case 0:
		w.RequestId = ""
	case 1:
		w.RequestId = "r\xff"
	case 2:
		w.AccountId = "a\xff"
	case 3:
		w.BaseLabels = []string{"\xff"}
	case 4:
		w.ProvisionableLabels = []string{"v:1", "\xff"}
	case 5:
		w.Tags = []string{"x", "\xff"}
	case 6:
		w.EnqueueTime = pick(s.d, nil, badTimes[0], badTimes[1], badTimes[2], badTimes[3])
	}
	return op
}

func (s *storyteller) badNames() *protos.Operation {
	name := pick(s.d, "", "\xff")
	op := &protos.Operation{Time: s.time()}
	switch s.d.roll(7) {
	case 0:
		op.Kind = &protos.Operation_TaskRunning{TaskRunning: &protos.TaskRunning{
			RequestId: name, WorkerId: s.newWorker()}}
	case 1:
		op.Kind = &protos.Operation_TaskRunning{TaskRunning: &protos.TaskRunning{
			RequestId: s.newRequest(), WorkerId: name}}
	case 2:
		op.Kind = &protos.Operation_TaskAbsent{TaskAbsent: &protos.TaskAbsent{RequestId: name}}
	case 3:
		op.Kind = &protos.Operation_AddTaskError{AddTaskError: &protos.AddTaskError{
			RequestId: name, Message: "broken"}}
	case 4:
		op.Kind = &protos.Operation_DeleteAccount{DeleteAccount: &protos.DeleteAccount{
			AccountId: name}}
	case 5:
		op.Kind = &protos.Operation_ResetBalance{ResetBalance: &protos.ResetBalance{
			AccountId: name}}
	case 6: // An operation of no kind.
	}
	return op
}

func (s *storyteller) badAccount() *protos.Operation {
	op := s.account()
	a := op.GetAddAccount()
	switch s.d.roll(14) {
	case 0:
		a.AccountId = pick(s.d, "", "\xff")
	case 1:
		a.Config = nil
	case 2:
		a.Balance = []int64{1, 2, 3}
	case 3:
		a.Balance = []int64{1, 2, 3, 4, 5, 6}
	case 4:
		a.Balance = []int64{1<<60 + 1, 0, 0, 0, 0}
	case 5:
		a.Balance = []int64{0, 0, 0, 0, math.MinInt64}
	case 6:
		a.Config.ChargeRate = pick(s.d, nil, []int64{1}, []int64{1, 2, 3, 4, 5, 6})
	case 7:
		a.Config.ChargeRate = []int64{0, 0, pick[int64](s.d, -1, 1_000_000_001, math.MinInt64), 0, 0}
	case 8:
		a.Config.ChargeRate = []int64{1_000_000_000, 0, 0, 0, 0}
		a.Config.MaxCharge = &durationpb.Duration{Seconds: 1_200_000}
	case 9:
		a.Config.MaxCharge = pick(s.d, &durationpb.Duration{Seconds: -1},
			&durationpb.Duration{Nanos: 1}, &durationpb.Duration{Nanos: 1_000_000_000},
			&durationpb.Duration{Seconds: math.MaxInt64})
	case 10:
		a.Config.MaxFanout = pick[int64](s.d, -1, 1<<31, math.MinInt64)
	case 11:
		a.Config.PerLabelTaskLimits = map[string]int64{
			"os": pick[int64](s.d, -1, 1<<31)}
	case 12:
		a.Config.PerLabelTaskLimits = map[string]int64{pick(s.d, "", "\xff"): 1}
	case 13:
		a.Config.Description = "\xff"
	}
	return op
}

func (s *storyteller) badPull() *protos.Operation {
	op := s.pull()
	a := op.GetAssignTasks()
	switch s.d.roll(4) {
	case 0:
		a.Workers = append(a.Workers, &protos.IdleWorker{Labels: s.p.base})
	case 1:
		a.Workers = append(a.Workers, &protos.IdleWorker{WorkerId: "\xff", Labels: s.p.base})
	case 2:
		a.Workers = append(a.Workers, nil)
	case 3:
		a.Workers = append([]*protos.IdleWorker{{WorkerId: s.newWorker(),
			Labels: []string{"os:linux", "\xff"}}}, a.Workers...)
	}
	return op
}
