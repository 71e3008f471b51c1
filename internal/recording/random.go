package recording

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/pool"
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

// operation draws an operation.
func operation(t *rapid.T, at time.Time) *protos.Operation {
	request := func() scheduler.RequestID {
		return scheduler.RequestID(fmt.Sprintf("r%d", rapid.IntRange(0, 12).Draw(t, "request")))
	}
	worker := func() scheduler.WorkerID {
		return scheduler.WorkerID(fmt.Sprintf("w%d", rapid.IntRange(0, 4).Draw(t, "worker")))
	}
	account := func() scheduler.AccountID {
		return rapid.SampledFrom([]scheduler.AccountID{"a", "b", "c", "nobody", ""}).Draw(t, "account")
	}
	labels := func() []string {
		return rapid.SampledFrom([][]string{nil, nil, {"x"}, {"x", "y"}}).Draw(t, "labels")
	}
	switch rapid.IntRange(0, 15).Draw(t, "kind") {
	case 0:
		return pool.AddAccount(at, pool.Account{ID: account(), Config: randomAccount(t),
			Balance: scheduler.Balance{scheduler.Quota(rapid.Int64Range(-1e8, 1e9).Draw(t, "balance"))}})
	case 1:
		return pool.DeleteAccount(at, account())
	case 2:
		return pool.ResetBalance(at, account())
	case 3, 4, 5:
		return pool.TaskWaiting(at, scheduler.TaskRequest{
			ID: request(), Account: account(), BaseLabels: labels(),
			ProvisionableLabels: labels(), EnqueueTime: at, Tags: []string{"t"}})
	case 6, 7:
		return pool.TaskRunning(at, request(), worker())
	case 8:
		return pool.TaskAbsent(at, request())
	case 9:
		return pool.AddTaskError(at, request(), "broken")
	case 10:
		return pool.GetCancellations(at)
	case 11:
		return order(t, at, account(), worker())
	case 12:
		if rapid.Bool().Draw(t, "gone") {
			return pool.WorkerGone(at, worker())
		}
		return pool.TaskSaved(at, request(), worker(), at.Add(-time.Duration(
			rapid.IntRange(-5, 90).Draw(t, "unsaved"))*time.Second))
	case 13:
		op := &protos.Operation{Time: timestamppb.New(at)}
		if rapid.Bool().Draw(t, "without a time") {
			op.Time = nil
		}
		return op // is refused: it has no kind
	}
	var idle []*protos.IdleWorker
	for range rapid.IntRange(0, 3).Draw(t, "pulls") {
		idle = append(idle, pool.IdleWorker(worker(), labels()...))
	}
	return pool.AssignTasks(at, idle...)
}

// order draws what an operator says: now and then that the pool is to be wiped.
func order(t *rapid.T, at time.Time, a scheduler.AccountID,
	w scheduler.WorkerID) *protos.Operation {
	o := scheduler.Order{Time: at, Reason: "why"}
	switch rapid.IntRange(0, 12).Draw(t, "order") {
	case 0, 1:
		return pool.SuspendAccount(o, a)
	case 2, 3:
		return pool.ResumeAccount(o, a)
	case 4, 5:
		return pool.CordonWorker(o, w)
	case 6, 7:
		return pool.UncordonWorker(o, w)
	case 8, 9:
		return pool.UpdateAccount(o, pool.Account{ID: a, Config: randomAccount(t)},
			rapid.SampledFrom([]string{"charge_rate", "max_fanout", "per_label_task_limits"}).
				Draw(t, "field"))
	case 10, 11:
		c := &scheduler.Config{BurstCover: rapid.SampledFrom([]time.Duration{-1, 0, time.Second}).
			Draw(t, "cover"), DisablePreemption: rapid.Bool().Draw(t, "no preemption")}
		c.MaxLostWork[0] = time.Duration(rapid.IntRange(-1, 90).Draw(t, "lost")) * time.Second
		return pool.Configure(o, c, "burst_cover", "disable_preemption", "max_lost_work")
	}
	return pool.Wipe(o)
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
