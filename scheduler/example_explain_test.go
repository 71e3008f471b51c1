package scheduler_test

import (
	"fmt"
	"time"

	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/explain"
	"github.com/quotasched/quotasched/scheduler"
)

// A request waits although a worker is idle. Explain says what it fails of, and what would help; explain.Describe puts
// that into words.
func ExampleScheduler_Explain() {
	t := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	s := scheduler.New(t)
	vision := &scheduler.AccountConfig{
		MaxCharge:          time.Hour,
		PerLabelTaskLimits: map[string]int{"pool": 2},
	}
	vision.ChargeRate[1] = scheduler.Workers(4)
	_ = s.AddAccount("vision", vision, scheduler.Balance{1: scheduler.WorkerSeconds(600)})
	gpu := stringset.NewFromSlice("pool:gpu")
	for _, w := range []scheduler.WorkerID{"w1", "w2", "w3"} {
		_ = s.MarkIdle(w, gpu, t, scheduler.NullEventSink)
	}
	for _, id := range []scheduler.RequestID{"train-1", "train-2", "train-3"} {
		r := scheduler.NewTaskRequest(id, "vision", nil, gpu, t)
		_ = s.AddRequest(r, t, nil, scheduler.NullEventSink)
	}
	s.RunOnce(scheduler.NullEventSink)

	e, err := s.Explain("train-3")
	if err != nil {
		panic(err)
	}
	explain.Describe(e)
	fmt.Println(e.GetVerdict())
	fmt.Println(e.GetFindings()[0].GetCode(), "-", e.GetFindings()[0].GetMessage())
	for _, change := range e.GetWaiting().GetSuggestions() {
		fmt.Println("would start it:", change.GetMessage())
	}

	// Output:
	// VERDICT_WAITS
	// LabelLimitReached - label limits keep it from 3 workers: 2 tasks of its account on pool:gpu, and the limit is 2
	// would start it: label limit pool 2→3
	// would start it: any one of w1, w2 free
}
