package simulator_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
)

func TestDeviceLabFleet(t *testing.T) {
	for _, n := range []int{1, 7, 12, 120, 1001} {
		fleet := simulator.DeviceLabFleet(n)
		equal(t, "size", len(fleet), n)
		ids := map[scheduler.WorkerID]bool{}
		for _, w := range fleet {
			ids[w.ID] = true
			equal(t, "labels", len(w.Labels), 3)
		}
		equal(t, "different ids", len(ids), n)
	}
	perf := 0
	for _, w := range simulator.DeviceLabFleet(120) {
		if slices.Contains(w.Labels, "pool:perf") {
			perf++
		}
	}
	equal(t, "perf devices", perf, 9)
}

// The week is what it says: seven days, six teams, quiet nights and weekends for people, a build a
// day.
func TestDeviceLabWeek(t *testing.T) {
	w := simulator.DeviceLab(1)
	requests := map[scheduler.AccountID]int{}
	weekend, night := 0, 0
	builds := map[string]bool{}
	for _, s := range w.Submissions {
		requests[s.Account]++
		if s.Account == "cq" {
			if s.Submit > 5*24*time.Hour {
				weekend++
			}
			if hour := s.Submit % (24 * time.Hour); hour < 6*time.Hour {
				night++
			}
		}
		builds[s.ProvisionableLabels[0]] = true
		if s.Submit > 7*24*time.Hour || s.Run < time.Minute || s.Run > 4*time.Hour {
			t.Fatalf("%+v", s)
		}
		if !strings.HasPrefix(s.ID, string(s.Account)+"-") {
			t.Fatalf("%+v", s)
		}
	}
	equal(t, "teams", len(requests), 6)
	equal(t, "nightly", requests["nightly"], 7*1300)
	equal(t, "builds", len(builds), 1+8) // the stable one; yesterday's before five on Monday
	if cq := requests["cq"]; cq < 12_000 || cq > 18_000 || weekend*10 > cq || night*8 > cq {
		t.Errorf("cq: %d, %d at weekends, %d at night", cq, weekend, night)
	}
	equal(t, "start", w.Start.Weekday(), time.Monday)
	equal(t, "accounts", len(w.AccountIDs()), 6)
}

// The week as a whole makes sense: everything runs, those who pay wait less, those who pay nothing
// get what is left over and are preempted.
func TestDeviceLabRuns(t *testing.T) {
	f := run(t, labDays(1, 3))
	equal(t, "completed", f.All.Completed, f.All.Requests)
	cq, fuzz := account(t, f, "cq"), account(t, f, "fuzz")
	if cq.Wait.P50Seconds > 30 || fuzz.Wait.P50Seconds < 10*cq.Wait.P50Seconds {
		t.Errorf("median waits: cq %v s, fuzz %v s", cq.Wait.P50Seconds, fuzz.Wait.P50Seconds)
	}
	equal(t, "fuzz pays", fuzz.PaidSeconds, 0.0)
	if fuzz.Preempted == 0 || cq.PaidSeconds < 0.9*cq.UsedSeconds || cq.ProvisionSeconds == 0 {
		t.Errorf("cq %+v\nfuzz %+v", cq, fuzz)
	}
	if u := f.Pool.Utilisation; u < 0.6 || u > 1 {
		t.Errorf("utilisation %v", u)
	}
	equal(t, "trouble", f.Pool.Timeouts+f.Pool.IgnoredNews+f.Pool.ExpiredWorkers, 0)
}
