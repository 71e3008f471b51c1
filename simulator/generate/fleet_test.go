package generate_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/generate"
)

// A total alone is a fleet of equal workers, as for a log that knows nothing of machines.
func TestFleetOfATotal(t *testing.T) {
	workers := (&generate.Fleet{Total: 100}).Workers()
	equal(t, "workers", len(workers), 100)
	equal(t, "first", workers[0].ID, "worker-001")
	equal(t, "last", workers[99].ID, "worker-100")
	equal(t, "labels", len(workers[7].Labels), 0)
}

// labelCounts counts the sets of labels of workers.
func labelCounts(workers []simulator.Worker) map[string]int {
	counts := map[string]int{}
	for _, w := range workers {
		counts[fmt.Sprint(w.Labels)]++
	}
	return counts
}

// Mixes are spread evenly, each of them within what the ones before gave.
func TestFleetMixes(t *testing.T) {
	fleet := &generate.Fleet{Groups: []generate.WorkerGroup{
		{
			Name:   "{model}-{zone}-{n}",
			Count:  120,
			Labels: []string{"os:linux"},
			Mixes: []generate.Mix{
				{"model:oak memory:16g": 2, "model:fir memory:4g": 1},
				{"zone:a": 1, "zone:b": 1},
			},
		},
		{Name: "mac", Count: 5},
	}}
	if err := fleet.Validate(); err != nil {
		t.Fatal(err)
	}
	workers := fleet.Workers()
	equal(t, "kinds", fmt.Sprint(labelCounts(workers)), fmt.Sprint(map[string]int{
		"[memory:16g model:oak os:linux zone:a]": 40,
		"[memory:16g model:oak os:linux zone:b]": 40,
		"[memory:4g model:fir os:linux zone:a]":  20,
		"[memory:4g model:fir os:linux zone:b]":  20,
		"[]":                                     5,
	}))
	for _, id := range []string{"oak-a-01", "oak-b-40", "fir-a-20", "mac-5"} {
		if !slices.ContainsFunc(workers, func(w simulator.Worker) bool {
			return string(w.ID) == id
		}) {
			t.Errorf("there is no %s", id)
		}
	}
}

// Percentages share the total out, to the last worker, whatever it is.
func TestFleetPercentages(t *testing.T) {
	fleet := &generate.Fleet{Groups: []generate.WorkerGroup{
		{Name: "a", Percent: 33.3333333}, {Name: "b", Percent: 33.3333333},
		{Name: "c", Percent: 33.3333334},
	}}
	for total := 1; total < 200; total++ {
		fleet.Total = total
		counts := map[byte]int{}
		for _, w := range fleet.Workers() {
			counts[w.ID[0]]++
		}
		if sum := counts['a'] + counts['b'] + counts['c']; sum != total {
			t.Fatalf("%d workers of %d", sum, total)
		}
		for _, n := range counts {
			if n < total/3-1 || n > total/3+1 {
				t.Fatalf("%d: %v", total, counts)
			}
		}
	}
}
