package lifecycle_test

import (
	"context"
	"fmt"
	"log"
	"time"

	"github.com/quotasched/quotasched/lifecycle"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// What an account used at each level, and how long its requests waited: each change ends the time
// before it.
func Example() {
	nine := time.Date(2026, time.January, 5, 9, 0, 0, 0, time.UTC)
	account := &scheduler.AccountConfig{MaxCharge: time.Hour}
	account.ChargeRate[0] = scheduler.Workers(1)
	p, err := pool.New(nine, &scheduler.Config{
		Accounts: map[scheduler.AccountID]*scheduler.AccountConfig{"release": account}})
	if err != nil {
		log.Fatal(err)
	}
	at := func(minutes int) time.Time { return nine.Add(time.Duration(minutes) * time.Minute) }
	f := lifecycle.New(p.Snapshot())
	waited := map[scheduler.AccountID]time.Duration{}
	used := map[scheduler.Priority]time.Duration{}
	for _, op := range []*protos.Operation{
		pool.TaskWaiting(at(20), scheduler.TaskRequest{ID: "test", Account: "release",
			EnqueueTime: at(20)}),
		pool.AssignTasks(at(25), pool.IdleWorker("phone-1")),
		pool.TaskRunning(at(26), "test", "phone-1"),
		pool.TaskAbsent(at(56), "test"),
	} {
		outcome, err := p.Step(context.Background(), op)
		if err != nil {
			panic(err)
		}
		for _, c := range f.Step(op, outcome) {
			fmt.Printf("%s %s\n", c.Now.ID, c.Kind)
			switch {
			case c.Was.State == lifecycle.Waiting:
				waited[c.Was.Account] += c.Spent()
			case c.Was.State.OnWorker():
				used[c.Was.Level] += c.Spent()
			}
		}
	}
	fmt.Println("release waited for", waited["release"])
	fmt.Println("and used, at p0,", used[0])
	// Output:
	// test arrived
	// test assigned
	// test started
	// test acknowledged
	// test ended
	// release waited for 5m0s
	// and used, at p0, 31m0s
}
