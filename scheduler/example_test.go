package scheduler_test

import (
	"fmt"
	"time"

	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/scheduler"
)

// Two accounts share two workers. One has quota at p0, the other has none and runs for free.
func Example() {
	t := time.Date(2026, 1, 1, 9, 0, 0, 0, time.UTC)
	s := scheduler.New(t)

	compilers := &scheduler.AccountConfig{MaxCharge: time.Hour}
	compilers.ChargeRate[0] = scheduler.Workers(1)
	_ = s.AddAccount("compilers", compilers, scheduler.Balance{scheduler.WorkerSeconds(100)})
	_ = s.AddAccount("interns", &scheduler.AccountConfig{}, scheduler.Balance{})

	linux := stringset.NewFromSlice("os:linux")
	for _, w := range []scheduler.WorkerID{"w1", "w2"} {
		_ = s.MarkIdle(w, linux, t, scheduler.NullEventSink)
	}
	for _, r := range []*scheduler.TaskRequest{
		scheduler.NewTaskRequest("experiment-1", "interns", nil, linux, t),
		scheduler.NewTaskRequest("experiment-2", "interns", nil, linux, t),
		scheduler.NewTaskRequest("build-1", "compilers", nil, linux, t.Add(time.Second)),
	} {
		_ = s.AddRequest(r, t.Add(time.Second), nil, scheduler.NullEventSink)
	}

	s.UpdateTime(t.Add(time.Second), scheduler.NullEventSink)
	for _, a := range s.RunOnce(scheduler.NullEventSink) {
		fmt.Printf("%s runs %s at %s\n", a.Worker, a.Request, a.Priority)
	}
	for r := range s.Waiting() {
		fmt.Printf("%s waits\n", r.ID)
	}
	s.UpdateTime(t.Add(61*time.Second), scheduler.NullEventSink)
	balance, _ := s.Balance("compilers")
	fmt.Printf("after a minute compilers have %v worker-seconds at p0\n", balance[0])

	// Output:
	// w1 runs build-1 at p0
	// w2 runs experiment-1 at free
	// experiment-2 waits
	// after a minute compilers have 101 worker-seconds at p0
}
