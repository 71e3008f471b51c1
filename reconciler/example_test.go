package reconciler_test

import (
	"context"
	"fmt"
	"time"

	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/reconciler"
	"github.com/quotasched/quotasched/scheduler"
)

func Example() {
	ctx := context.Background()
	t := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(seconds int) time.Time { return t.Add(time.Duration(seconds) * time.Second) }

	s := scheduler.New(t)
	state := reconciler.New()
	worker := &reconciler.IdleWorker{ID: "Worker1", Labels: stringset.NewFromSlice("os:linux")}

	// A request waits.
	_ = state.NotifyTaskWaiting(ctx, s, scheduler.NullEventSink, &reconciler.TaskWaitingRequest{
		RequestID:   "Request1",
		BaseLabels:  stringset.NewFromSlice("os:linux"),
		EnqueueTime: at(0),
		Time:        at(0),
	})

	// A worker pulls, and pulls again, as if the answer had been lost.
	for _, a := range state.AssignTasks(ctx, s, at(1), scheduler.NullEventSink, worker) {
		fmt.Printf("%s was assigned %s.\n", a.WorkerID, a.RequestID)
	}
	for _, a := range state.AssignTasks(ctx, s, at(2), scheduler.NullEventSink, worker) {
		fmt.Printf("%s was again assigned %s.\n", a.WorkerID, a.RequestID)
	}

	// The dispatcher says that the request runs there.
	_ = state.NotifyTaskRunning(ctx, s, scheduler.NullEventSink, &reconciler.TaskRunningRequest{
		RequestID: "Request1",
		WorkerID:  "Worker1",
		Time:      at(3),
	})
	again := state.AssignTasks(ctx, s, at(4), scheduler.NullEventSink, worker)
	fmt.Printf("After ACK, there were %d new assignments.\n", len(again))

	// Output:
	// Worker1 was assigned Request1.
	// Worker1 was again assigned Request1.
	// After ACK, there were 0 new assignments.
}
