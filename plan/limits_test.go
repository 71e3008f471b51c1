package plan_test

import (
	"context"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/quotasched/quotasched/history"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

var monday = time.Date(2026, time.January, 5, 0, 0, 0, 0, time.UTC)

// task is a request that comes, and when it started and ended on which worker; seconds.
type task struct {
	id             string
	base           []string
	at, start, end int
	worker         string
}

// told is a record of an empty pool that is told of tasks, whatever it would have decided. The
// workers w0 to w2 have the label pool:x, and v has pool:y. There is a turn each ten seconds.
func told(t *testing.T, tasks ...task) *record {
	t.Helper()
	config := &scheduler.Config{Accounts: map[scheduler.AccountID]*scheduler.AccountConfig{
		"a": {MaxCharge: time.Hour, ChargeRate: [scheduler.NumPriorities]scheduler.Rate{5000}}}}
	p, err := pool.New(monday, config)
	if err != nil {
		t.Fatal(err)
	}
	p.Step(context.Background(), pool.AddAccount(monday, pool.Account{ID: "a",
		Config: config.Accounts["a"], Balance: scheduler.Balance{scheduler.WorkerSeconds(1e6)}}))
	r := &record{snapshot: p.Snapshot(), config: config}
	recorder, err := history.New(r.snapshot)
	if err != nil {
		t.Fatal(err)
	}
	// say applies an operation at a second, whatever its own time.
	say := func(second int, op *protos.Operation) {
		op.Time = timestamppb.New(monday.Add(time.Duration(second) * time.Second))
		out, _ := p.Step(context.Background(), op)
		if out.GetError() != "" {
			t.Fatal(out.GetError())
		}
		recorder.Step(op, out)
	}
	for second := 0; second <= 600; second++ {
		for _, k := range tasks {
			if k.at == second {
				say(second, pool.TaskWaiting(monday, scheduler.TaskRequest{
					ID: scheduler.RequestID(k.id), Account: "a", BaseLabels: k.base,
					EnqueueTime: monday.Add(time.Duration(second) * time.Second)}))
			}
			if k.end == second {
				say(second, pool.TaskAbsent(monday, scheduler.RequestID(k.id)))
			}
			if k.start == second {
				say(second, pool.TaskRunning(monday, scheduler.RequestID(k.id),
					scheduler.WorkerID(k.worker)))
			}
		}
		if second%10 == 0 {
			var pull []*protos.IdleWorker
			if second%100 == 0 && (second == 0 || second > 130) { // when nothing waits or runs
				for _, w := range []string{"w0", "w1", "w2"} {
					pull = append(pull,
						&protos.IdleWorker{WorkerId: w, Labels: []string{"pool:x"}})
				}
				pull = append(pull,
					&protos.IdleWorker{WorkerId: "v", Labels: []string{"pool:y"}})
			}
			say(second, pool.AssignTasks(monday, pull...))
		}
	}
	r.history = recorder.History()
	return r
}

// What limits cost is worked out by hand: three tasks of 100 s come at once, just before a tick, or
// while the first one runs.
func TestLimits(t *testing.T) {
	x := []string{"pool:x"}
	r := told(t,
		task{id: "r1", base: x, at: 5, start: 10, end: 110, worker: "w0"},
		task{id: "r2", base: x, at: 5, start: 10, end: 110, worker: "w1"},
		task{id: "r3", base: x, at: 25, start: 30, end: 130, worker: "w2"})
	for _, c := range []struct {
		name   string
		change func(*scheduler.AccountConfig)
		hits   int
		waits  float64 // at limits
		mean   float64 // wait
	}{
		{"none", func(*scheduler.AccountConfig) {}, 0, 0, 5},
		// r2 waits from 10 to 110, when r1 ends, and then r3, which came at 25, until 210.
		{"fanout of 1", func(a *scheduler.AccountConfig) { a.MaxFanout, a.DisableFreeTasks = 1, true },
			2, 100 + 85 + 100, (5 + 105 + 185) / 3.},
		// Beyond the fanout they run free, so that they wait only until the tick.
		{"fanout of 1, free beyond", func(a *scheduler.AccountConfig) { a.MaxFanout = 1 }, 1, 5, 5},
		{"fanout of 2", func(a *scheduler.AccountConfig) { a.MaxFanout, a.DisableFreeTasks = 2, true },
			1, 85, (5 + 5 + 85) / 3.},
		{"two of pool:x", func(a *scheduler.AccountConfig) {
			a.PerLabelTaskLimits = map[string]int{"pool": 2}
		}, 1, 85, (5 + 5 + 85) / 3.},
		{"two of another label", func(a *scheduler.AccountConfig) {
			a.PerLabelTaskLimits = map[string]int{"poo": 2}
		}, 0, 0, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			p := r.make(t, func(config *scheduler.Config) { c.change(config.Accounts["a"]) })
			f := p.Accounts[0].New
			if f.LimitHits != c.hits || f.LimitWaitSeconds != c.waits {
				t.Errorf("%d waited for %v s at limits, want %d and %v", f.LimitHits,
					f.LimitWaitSeconds, c.hits, c.waits)
			}
			if f.WaitMeanSeconds != c.mean || f.Requests != 3 || f.Completed != 3 {
				t.Errorf("got %+v, want a mean wait of %v", f, c.mean)
			}
			if f.PaidSeconds+f.FreeSeconds != 300 {
				t.Errorf("paid %v, free %v", f.PaidSeconds, f.FreeSeconds)
			}
		})
	}
}
