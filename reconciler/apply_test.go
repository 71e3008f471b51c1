package reconciler_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"go.chromium.org/luci/common/data/stringset"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/reconciler"
	"github.com/quotasched/quotasched/scheduler"
)

// A pool that is driven through operations and one that is driven through the methods end in the
// same state, after each step.
func TestOperationsAndMethodsAgree(t *testing.T) {
	for seed := range uint64(20) {
		rng := rand.New(rand.NewPCG(seed, 7))
		byOps, byMethods := newDriven(), newDriven()
		assigned := 0
		for n := range 300 {
			now := epoch.Add(time.Duration(n) * time.Second)
			op := randomOp(rng)
			op.Time = timestamppb.New(now)
			result, err := reconciler.Apply(context.Background(), byOps.state, byOps.s, op, nil)
			if err != nil {
				t.Fatalf("seed %d, step %d: %v", seed, n, err)
			}
			got, err := byMethods.run(op, now)
			if err != nil {
				t.Fatalf("seed %d, step %d: by methods: %v", seed, n, err)
			}
			if got != fmt.Sprint(len(result.Assignments), len(result.Cancellations)) {
				t.Fatalf("seed %d, step %d: other results", seed, n)
			}
			assigned += len(result.Assignments)
			if byOps.s.Hash() != byMethods.s.Hash() || byOps.state.Hash() != byMethods.state.Hash() {
				t.Fatalf("seed %d, step %d: another state after %v", seed, n, op)
			}
		}
		if assigned == 0 {
			t.Fatalf("seed %d: nothing was assigned", seed)
		}
	}
}

type driven struct {
	s     *scheduler.Scheduler
	state *reconciler.State
}

func newDriven() *driven {
	return &driven{scheduler.New(epoch), reconciler.New(reconciler.WithWorkerQueueTimeout(time.Minute))}
}

// randomOp returns an operation at the epoch.
func randomOp(rng *rand.Rand) *protos.Operation {
	request, worker := fmt.Sprint("r", rng.IntN(9)), fmt.Sprint("w", rng.IntN(4))
	labels := [][]string{{"os:1"}, {"os:1", "os:2"}, {}}[rng.IntN(3)]
	switch rng.IntN(8) {
	case 0:
		return pool.AddAccount(epoch, pool.Account{
			ID: scheduler.AccountID(fmt.Sprint("a", rng.IntN(3))),
			Config: &scheduler.AccountConfig{
				ChargeRate: [scheduler.NumPriorities]scheduler.Rate{scheduler.Rate(rng.IntN(3000))},
				MaxCharge:  time.Hour,
			},
			Balance: scheduler.Balance{scheduler.Quota(rng.Int64N(1e9))},
		})
	case 1:
		return pool.TaskAbsent(epoch, scheduler.RequestID(request))
	case 2:
		return pool.TaskRunning(epoch, scheduler.RequestID(request), scheduler.WorkerID(worker))
	case 3:
		return pool.GetCancellations(epoch)
	case 4:
		if rng.IntN(4) == 0 {
			return pool.AddTaskError(epoch, scheduler.RequestID(request), "broken")
		}
		fallthrough
	case 5:
		return pool.TaskWaiting(epoch, scheduler.TaskRequest{
			ID: scheduler.RequestID(request), Account: scheduler.AccountID(fmt.Sprint("a", rng.IntN(4))),
			BaseLabels: labels, ProvisionableLabels: []string{"v:1"}, EnqueueTime: epoch,
			Tags: []string{"tag"},
		})
	}
	return pool.AssignTasks(epoch, pool.IdleWorker(scheduler.WorkerID(worker), labels...))
}

// run calls the method that an operation stands for, and returns the sizes of its answer.
func (d *driven) run(op *protos.Operation, t time.Time) (string, error) {
	ctx, assignments, cancellations := context.Background(), 0, 0
	var err error
	switch k := op.Kind.(type) {
	case *protos.Operation_AddAccount:
		var c *scheduler.AccountConfig
		if c, err = scheduler.AccountConfigFromProto(k.AddAccount.Config); err == nil {
			b := scheduler.Balance{scheduler.Quota(k.AddAccount.Balance[0])}
			err = d.s.AddAccount(scheduler.AccountID(k.AddAccount.AccountId), c, b)
		}
	case *protos.Operation_TaskAbsent:
		err = d.state.NotifyTaskAbsent(ctx, d.s, nil, &reconciler.TaskAbsentRequest{
			RequestID: scheduler.RequestID(k.TaskAbsent.RequestId), Time: t})
	case *protos.Operation_TaskRunning:
		err = d.state.NotifyTaskRunning(ctx, d.s, nil, &reconciler.TaskRunningRequest{
			RequestID: scheduler.RequestID(k.TaskRunning.RequestId),
			WorkerID:  scheduler.WorkerID(k.TaskRunning.WorkerId), Time: t})
	case *protos.Operation_AddTaskError:
		err = d.state.AddTaskError(scheduler.RequestID(k.AddTaskError.RequestId),
			errors.New(k.AddTaskError.Message))
	case *protos.Operation_TaskWaiting:
		w := k.TaskWaiting
		err = d.state.NotifyTaskWaiting(ctx, d.s, nil, &reconciler.TaskWaitingRequest{
			AccountID: scheduler.AccountID(w.AccountId), RequestID: scheduler.RequestID(w.RequestId),
			BaseLabels:          stringset.NewFromSlice(w.BaseLabels...),
			ProvisionableLabels: stringset.NewFromSlice(w.ProvisionableLabels...),
			EnqueueTime:         w.EnqueueTime.AsTime(), Tags: w.Tags, Time: t})
	case *protos.Operation_AssignTasks:
		w := k.AssignTasks.Workers[0]
		assignments = len(d.state.AssignTasks(ctx, d.s, t, nil, &reconciler.IdleWorker{
			ID: scheduler.WorkerID(w.WorkerId), Labels: stringset.NewFromSlice(w.Labels...)}))
	case *protos.Operation_GetCancellations:
		cancellations = len(d.state.Cancellations(ctx))
	}
	return fmt.Sprint(assignments, cancellations), err
}
