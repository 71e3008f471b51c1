package generate_test

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/generate"
)

// Weights are met: of accounts and importances, of labels, of sizes.
func TestWeights(t *testing.T) {
	s := steady("a", 2000)
	s.Account = ""
	s.Accounts = generate.Mix{"red": 3, "blue": 1, "never": 0}
	s.Importances = generate.Mix{"high": 10, "low": 90}
	s.BaseLabels = []string{"pool:main"}
	s.BaseMixes = []generate.Mix{{"model:oak": 1, "model:fir pool:old": 1, "": 2}, {"gpu": 1, "": 3}}
	s.ProvisionableMixes = []generate.Mix{{"os:1": 9, "os:2": 1}}
	s.Sizes = map[int]float64{1: 6, 8: 3, 32: 1}
	all := submissions(t, 1, week, s)
	n := float64(len(all))
	for _, c := range []struct {
		what string
		part float64
		is   func(s *simulator.Submission) bool
	}{
		{"red", 0.75, func(s *simulator.Submission) bool { return s.Account == "red" }},
		{"blue", 0.25, func(s *simulator.Submission) bool { return s.Account == "blue" }},
		{"high", 0.1, func(s *simulator.Submission) bool { return s.Importance == "high" }},
		{"size 32", 0.1, func(s *simulator.Submission) bool { return s.Size == 32 }},
		{"size 8", 0.3, func(s *simulator.Submission) bool { return s.Size == 8 }},
		{"os:2", 0.1, func(s *simulator.Submission) bool {
			return slices.Equal(s.ProvisionableLabels, []string{"os:2"})
		}},
		{"oak", 0.25, func(s *simulator.Submission) bool {
			return slices.Contains(s.BaseLabels, "model:oak")
		}},
		{"fir in the old pool, and a gpu", 0.25 * 0.25, func(s *simulator.Submission) bool {
			return slices.Equal(s.BaseLabels, []string{"gpu", "model:fir", "pool:main", "pool:old"})
		}},
		{"only the pool", 0.5 * 0.75, func(s *simulator.Submission) bool {
			return slices.Equal(s.BaseLabels, []string{"pool:main"})
		}},
	} {
		expected(t, c.what, count(all, c.is), n*c.part)
	}
	for _, s := range all {
		if s.RealWait != simulator.Unknown || s.Account == "never" {
			t.Fatalf("%+v", s)
		}
	}
}

// A group has its size, one account and one time; an even deal meets the weights in each of them.
func TestGroups(t *testing.T) {
	s := steady("cq", 200)
	s.Account = ""
	s.Accounts = generate.Mix{"red": 1, "blue": 1}
	s.Group = generate.Group{Min: 10, Max: 30}
	s.BaseMixes = []generate.Mix{{"a": 5, "b": 3, "c": 2}, {"x": 1, "y": 1}}
	s.Deal = "even"
	groups := map[string][]simulator.Submission{}
	for _, s := range submissions(t, 1, week, s) {
		arrival, _, _ := strings.Cut(s.ID, ".")
		groups[arrival] = append(groups[arrival], s)
	}
	expected(t, "groups", len(groups), 1400)
	sizes := map[int]int{}
	for id, group := range groups {
		sizes[len(group)]++
		labels := map[string]int{}
		for i, s := range group {
			labels[s.BaseLabels[0]]++
			labels[s.BaseLabels[1]]++
			equal(t, "account of "+id, s.Account, group[0].Account)
			equal(t, "time of "+id, s.Submit, group[0].Submit)
			equal(t, "id", s.ID, fmt.Sprintf("%s.%d", id, i+1))
		}
		n := float64(len(group))
		for label, want := range map[string]float64{"a": n * 0.5, "b": n * 0.3, "c": n * 0.2,
			"x": n / 2, "y": n / 2} {
			if math.Abs(float64(labels[label])-want) > 1 {
				t.Fatalf("%s of %v: %v", id, n, labels)
			}
		}
	}
	for n := 10; n <= 30; n++ {
		expected(t, fmt.Sprintf("groups of %d", n), sizes[n], float64(len(groups))/21)
	}
	equal(t, "sizes", len(sizes), 21)
}

// A batch is dealt as a whole: 1,300 tests over five models are 260 of each.
func TestABatchIsDealtEvenly(t *testing.T) {
	s := steady("nightly", 0)
	s.Batches = []generate.Batch{{At: "02:00", Count: 1300}}
	s.BaseMixes = []generate.Mix{{"a": 1, "b": 1, "c": 1, "d": 1, "e": 1}}
	s.Deal = "even"
	models := map[string]int{}
	for _, s := range submissions(t, 1, day, s) {
		models[s.BaseLabels[0]]++
	}
	for _, model := range []string{"a", "b", "c", "d", "e"} {
		if n := models[model]; n < 259 || n > 261 {
			t.Errorf("%s: %d", model, n)
		}
	}
}

// A counter rises at its times, and labels have the number of the moment.
func TestCounter(t *testing.T) {
	s := steady("a", 2000)
	s.ProvisionableLabels = []string{"os:build-{build}", "stable"}
	w := workload(t, 1, &generate.Spec{
		Length: week,
		Counters: map[string]generate.Counter{"build": {
			First: 41,
			At:    []generate.TimeOfDay{"05:00", "17:30"},
			Days:  []string{"tue", "wed"},
		}},
		Streams: []generate.Stream{s},
	})
	rises := []time.Duration{29 * time.Hour, day + 17*time.Hour + 30*time.Minute, 53 * time.Hour,
		2*day + 17*time.Hour + 30*time.Minute}
	for _, s := range w.Submissions {
		build := 41
		for _, rise := range rises {
			if s.Submit >= rise {
				build++
			}
		}
		want := []string{fmt.Sprintf("os:build-%d", build), "stable"}
		if !slices.Equal(s.ProvisionableLabels, want) {
			t.Fatalf("at %v: got %v, want %v", s.Submit, s.ProvisionableLabels, want)
		}
	}
}

// Run times have the distribution that was asked for: each of these parts of them is below the time
// beside it.
func TestRunTimes(t *testing.T) {
	const minute = time.Minute
	type below struct {
		run  time.Duration
		part float64
	}
	for _, c := range []struct {
		name string
		run  generate.RunTime
		want []below
	}{
		{"constant", generate.RunTime{Constant: 90 * time.Second},
			[]below{{90 * time.Second, 0}, {91 * time.Second, 1}}},
		{"uniform", generate.RunTime{From: 10 * minute, To: 50 * minute},
			[]below{{10 * minute, 0}, {20 * minute, 0.25}, {40 * minute, 0.75}, {51 * minute, 1}}},
		{"log-normal", generate.RunTime{Median: 30 * minute, P90: 120 * minute},
			[]below{{450 * time.Second, 0.1}, {30 * minute, 0.5}, {120 * minute, 0.9}}},
		{"log-normal by sigma", generate.RunTime{Median: 30 * minute, Sigma: 1},
			[]below{{662 * time.Second, 0.1587}, {30 * minute, 0.5}, {4893 * time.Second, 0.8413}}},
		{"bounded", generate.RunTime{Median: 30 * minute, Sigma: 1, Min: 20 * minute, Max: 60 * minute},
			[]below{{20 * minute, 0}, {20*minute + 1, 0.3426}, {60 * minute, 0.7559}, {60*minute + 1, 1}}},
		{"exponential", generate.RunTime{Mean: 60 * minute},
			[]below{{60 * minute, 0.6321}, {120 * minute, 0.8647}}},
		{"quantiles", generate.RunTime{Quantiles: []generate.Quantile{
			{Percent: 20, Run: 10 * minute}, {Percent: 50, Run: 20 * minute},
			{Percent: 90, Run: 100 * minute}, {Percent: 99, Run: 200 * minute}}},
			[]below{{10 * minute, 0}, {10*minute + 1, 0.2}, {15 * minute, 0.35}, {20 * minute, 0.5},
				{60 * minute, 0.7}, {100 * minute, 0.9}, {200 * minute, 0.99}, {200*minute + 1, 1}}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := steady("a", 20_000)
			s.Run = c.run
			all := submissions(t, 1, day, s)
			for _, b := range c.want {
				n := count(all, func(s *simulator.Submission) bool { return s.Run < b.run })
				got := float64(n) / float64(len(all))
				// Four standard deviations, and what rounding to seconds can move.
				slack := 4*math.Sqrt(b.part*(1-b.part)/float64(len(all))) + 0.002
				if b.part == 0 || b.part == 1 {
					slack = 0
				}
				if math.Abs(got-b.part) > slack {
					t.Errorf("below %v: got %v, want %v", b.run, got, b.part)
				}
			}
			for _, s := range all {
				if s.Run%time.Second != 0 || s.Submit%time.Millisecond != 0 || s.Run <= 0 {
					t.Fatalf("%+v", s)
				}
			}
		})
	}
}

// The engine takes what is made, whatever streams are called and however they are grouped: no id is
// that of another request. Everything that is made can run.
func TestTheEngineTakesIt(t *testing.T) {
	one, two, three := steady("a", 20), steady("a-1", 20), steady("a-1-1", 20)
	one.Size = 3
	two.Group, two.Sizes = generate.Group{Min: 1, Max: 3}, map[int]float64{1: 1, 2: 1}
	spec := rich()
	spec.LoadFactor = 0.3
	spec.Streams = append(spec.Streams, one, two, three)
	labels := []string{"pool:main", "pool:old", "model:oak", "model:fir", "gpu"}
	setup := &simulator.Setup{
		Workload: workload(t, 1, spec),
		Workers: (&generate.Fleet{Groups: []generate.WorkerGroup{
			{Count: 20, Labels: labels}}}).Workers(),
		Policy: simulator.Policy{Accounts: simulator.Shares{
			Level: 1, Rate: scheduler.Workers(3), MaxCharge: time.Hour,
		}.Accounts([]scheduler.AccountID{"red", "blue", "a"})},
		Timing: simulator.DefaultTiming(),
	}
	f, err := simulator.Run(t.Context(), setup)
	if err != nil {
		t.Fatal(err)
	}
	equal(t, "completed", f.All.Completed, setup.Workload.Requests())
	equal(t, "broken", f.BrokenCount, 0)
}
