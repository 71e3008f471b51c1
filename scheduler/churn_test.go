package scheduler_test

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"go.chromium.org/luci/common/data/stringset"

	"github.com/quotasched/quotasched/scheduler"
)

// A week in which each hour brings a new build, new accounts come and go, and workers are labelled
// anew: what the structures keep of the past is nothing, so memory at the end of the week is what
// it was after a day.
func TestMemoryIsFlatOverAWeekOfChurn(t *testing.T) {
	const workers, requestsPerHour = 100, 300
	now := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	s := scheduler.New(now)
	running := map[scheduler.RequestID]bool{}
	atRest := map[int]uint64{}
	placed := 0
	for hour := range 7 * 24 {
		build := fmt.Sprintf("build:%d", hour)
		account := scheduler.AccountID(fmt.Sprintf("team-%d", hour))
		check(t, s.AddAccount(account, &scheduler.AccountConfig{
			ChargeRate:         [scheduler.NumPriorities]scheduler.Rate{scheduler.Workers(50)},
			MaxCharge:          time.Hour,
			MaxFanout:          10,
			PerLabelTaskLimits: map[string]int{"build": 20},
		}, scheduler.Balance{}))
		for i := range requestsPerHour {
			id := scheduler.RequestID(fmt.Sprintf("r-%d-%d", hour, i))
			r := scheduler.NewTaskRequest(id, account, stringset.NewFromSlice(build),
				stringset.NewFromSlice(fmt.Sprintf("shard:%d-%d", hour, i%30)), now)
			check(t, s.AddRequest(r, now, nil, nil))
			running[id] = true
		}
		for step := range 6 {
			now = now.Add(10 * time.Minute)
			for w := range workers {
				labels := stringset.NewFromSlice(build)
				for k := range 10 {
					labels.Add(fmt.Sprintf("shard:%d-%d", hour, (w+step*10+k)%30))
				}
				check(t, s.MarkIdle(workerID(w), labels, now, nil))
			}
			s.UpdateTime(now, nil)
			for _, a := range s.RunOnce(nil) {
				placed++
				check(t, s.NotifyTaskRunning(a.Request, a.Worker, now, nil))
			}
		}
		now = now.Add(time.Minute)
		for id := range running {
			check(t, s.NotifyTaskAbsent(id, now, nil))
		}
		clear(running)
		check(t, s.DeleteAccount(account))
		if hour%24 == 23 {
			atRest[hour/24] = heapAtRest()
		}
	}
	runtime.KeepAlive(s)
	if placed < 10_000 {
		t.Errorf("only %d requests were placed", placed)
	}
	if day, week := atRest[0], atRest[6]; week > day+day/10 {
		t.Errorf("the heap has %d bytes after a day and %d after a week", day, week)
	}
	if n := len(s.ToProto().GetLabels()); n > 40 {
		t.Errorf("%d labels are kept, although only those of the last hour are on workers", n)
	}
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func workerID(i int) scheduler.WorkerID { return scheduler.WorkerID(fmt.Sprintf("w-%03d", i)) }

// heapAtRest returns the bytes in use after everything that is not has been freed.
func heapAtRest() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
