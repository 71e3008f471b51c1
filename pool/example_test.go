package pool_test

import (
	"context"
	"fmt"
	"time"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// A team with quota takes the phone of a task without, and gets it once that task has stopped.
func Example() {
	ctx := context.Background()
	start := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	p, err := pool.New(start, &scheduler.Config{
		Accounts: map[scheduler.AccountID]*scheduler.AccountConfig{
			"release": {
				ChargeRate: [scheduler.NumPriorities]scheduler.Rate{scheduler.Workers(1)},
				MaxCharge:  time.Hour,
			},
		},
	})
	if err != nil {
		panic(err)
	}
	at := func(minutes int) time.Time { return start.Add(time.Duration(minutes) * time.Minute) }
	experiment := scheduler.TaskRequest{ID: "experiment", EnqueueTime: at(0)}
	release := scheduler.TaskRequest{ID: "release-test", Account: "release", EnqueueTime: at(9)}

	for _, op := range []*protos.Operation{
		pool.TaskWaiting(at(0), experiment),
		pool.AssignTasks(at(0), pool.IdleWorker("phone-1")),
		pool.TaskRunning(at(1), "experiment", "phone-1"),
		pool.TaskWaiting(at(9), release),
		pool.AssignTasks(at(9)),
		pool.GetCancellations(at(9)),
		pool.TaskAbsent(at(10), "experiment"),
		pool.AssignTasks(at(10), pool.IdleWorker("phone-1")),
	} {
		result, err := p.Apply(ctx, op, scheduler.NullEventSink)
		if err != nil {
			panic(err)
		}
		for _, a := range result.GetAssignments() {
			fmt.Printf("%s shall run %s\n", a.GetWorkerId(), a.GetRequestId())
		}
		for _, c := range result.GetCancellations() {
			fmt.Printf("%s must stop on %s\n", c.GetRequestId(), c.GetWorkerId())
		}
	}
	restored, err := pool.Restore(p.Snapshot())
	fmt.Println("restored, the same:", err == nil && restored.Hash() == p.Hash())

	// Output:
	// phone-1 shall run experiment
	// experiment must stop on phone-1
	// phone-1 shall run release-test
	// restored, the same: true
}
