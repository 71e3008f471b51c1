package experiments_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/examples/experiments"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/experiment"
)

// lab returns the week of the device lab with a seed, and the fleet with so many workers.
func lab(t *testing.T, seed uint64, workers int) (*simulator.Workload, []simulator.Worker) {
	t.Helper()
	text, err := experiments.Files.ReadFile("device-lab.yaml")
	if err != nil {
		t.Fatal(err)
	}
	e, err := experiment.Parse("device-lab.yaml", text, fmt.Sprint("fleet.total=", workers))
	if err != nil {
		t.Fatal(err)
	}
	w, err := e.File.Workload.Workload("device lab", seed)
	if err != nil {
		t.Fatal(err)
	}
	return w, e.File.Fleet.Workers()
}

func TestDeviceLabFleet(t *testing.T) {
	for _, n := range []int{1, 7, 12, 120, 1001} {
		_, fleet := lab(t, 1, n)
		equal(t, "size", len(fleet), n)
		ids := map[scheduler.WorkerID]bool{}
		for _, w := range fleet {
			ids[w.ID] = true
			equal(t, "labels", len(w.Labels), 3)
		}
		equal(t, "different ids", len(ids), n)
	}
	_, fleet := lab(t, 1, 120)
	count := map[string]int{}
	for _, w := range fleet {
		for _, label := range w.Labels {
			count[label]++
		}
		if slices.Contains(w.Labels, "model:rowan") && !slices.Contains(w.Labels, "pool:main") {
			t.Errorf("%+v", w)
		}
	}
	equal(t, "devices", len(fleet), 120)
	equal(t, "perf devices", count["pool:perf"], 9)
	equal(t, "birch", count["model:birch"], 30)
	equal(t, "rowan", count["model:rowan"], 10)
	equal(t, "stable", count["os:stable"], 120)
	equal(t, "first", fleet[0].ID, "birch-01")
}

// The week is what it says: seven days, six teams, quiet nights and weekends for people, a build a
// day.
func TestDeviceLabWeek(t *testing.T) {
	w, _ := lab(t, 1, 120)
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
	if cq := requests["cq"]; cq < 12_000 || cq > 18_000 || weekend*8 > cq || night*8 > cq {
		t.Errorf("cq: %d, %d at weekends, %d at night", cq, weekend, night)
	}
	if n := len(w.Submissions); n < 32_000 || n > 37_000 {
		t.Errorf("%d requests", n)
	}
	equal(t, "start", w.Start.Weekday(), time.Monday)
	equal(t, "accounts", len(w.AccountIDs()), 6)
}

// A change has twelve tests at once: two on each of the five older models, give or take one.
func TestDeviceLabChanges(t *testing.T) {
	type test struct {
		model string
		at    time.Duration
	}
	changes := map[string][]test{}
	w, _ := lab(t, 2, 120)
	for _, s := range w.Submissions {
		if s.Account == "cq" {
			change, _, _ := strings.Cut(s.ID, ".")
			changes[change] = append(changes[change], test{s.BaseLabels[0], s.Submit})
		}
	}
	for id, tests := range changes {
		equal(t, "tests of "+id, len(tests), 12)
		models := map[string]int{}
		for _, test := range tests {
			models[test.model]++
			equal(t, "time of "+id, test.at, tests[0].at)
		}
		for model, n := range models {
			if len(models) != 5 || n < 2 || n > 3 || model == "model:rowan" {
				t.Fatalf("%s: %v", id, models)
			}
		}
	}
}

// The sweep over limits of lost work is of the same week, fleet and quotas.
func TestLostWorkIsOfTheSameLab(t *testing.T) {
	parsed := func(name string) *experiment.File {
		text, err := experiments.Files.ReadFile(name)
		require.NoError(t, err)
		e, err := experiment.Parse(name, text)
		require.NoError(t, err)
		return e.File
	}
	lab, swept := parsed("device-lab.yaml"), parsed("device-lab-lost-work.yaml")
	require.Equal(t, lab.Workload, swept.Workload)
	require.Equal(t, lab.Fleet, swept.Fleet)
	require.Equal(t, lab.Seeds, swept.Seeds)
	quota := func(f *experiment.File) experiment.Policy {
		i := slices.IndexFunc(f.Policies, func(p experiment.Policy) bool { return p.Name == "quota" })
		require.GreaterOrEqual(t, i, 0)
		return f.Policies[i]
	}
	require.Equal(t, quota(lab), quota(swept))
	require.Len(t, swept.Sweep, 1)
	require.Equal(t, "policies.quota.scheduler.max_lost_work", swept.Sweep[0].Field)
}

// Under quotas, the week makes sense: everything runs, those who pay wait less, those who pay nothing
// get what is left over and are preempted.
func TestDeviceLabRuns(t *testing.T) {
	e, err := experiment.Load(t.Context(), experiment.LoadOptions{Path: "device-lab.yaml",
		Only: []string{"quota"}, Sets: []string{"seeds=1", "workload.length=72h"}})
	if err != nil {
		t.Fatal(err)
	}
	results, err := e.Run(t.Context(), experiment.RunOptions{})
	if err != nil {
		t.Fatal(err)
	}
	f := results.Variants[0].Runs[0].Figures
	accounts := map[scheduler.AccountID]simulator.AccountFigures{}
	for _, a := range f.Accounts {
		accounts[a.Account] = a
	}
	equal(t, "completed", f.All.Completed, f.All.Requests)
	cq, fuzz := accounts["cq"], accounts["fuzz"]
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
	equal(t, "broken", f.BrokenCount, 0)
}

// equal fails the test if two values differ.
func equal[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
