//go:build invariants

package benchmarks

import (
	"testing"

	"github.com/quotasched/quotasched/internal/touches"
)

// touched runs a case and returns what its rounds touch on average, outside the preparation.
func touched(c *Case, size Size) (t touches.Counts) {
	rounds := 10
	if c.fresh {
		rounds = 1
	}
	p := c.world(engine(), size)
	if c.prepare != nil {
		c.prepare(p)
	}
	for round := range rounds {
		if c.between != nil {
			c.between(p, round)
		}
		touches.Take()
		c.op(p)
		u := touches.Take()
		t.Lanes += u.Lanes
		t.Classes += u.Classes
		t.Demands += u.Demands
		t.Runs += u.Runs
		t.Comparisons += u.Comparisons
		t.Slots += u.Slots
	}
	t.Lanes /= rounds
	t.Classes /= rounds
	t.Demands /= rounds
	t.Runs /= rounds
	t.Comparisons /= rounds
	t.Slots /= rounds
	return t
}

// What passes look at stays within bounds that no machine changes: a slip to the size of the pool
// fails here at once. The bounds are half as much again as what is counted today.
func TestPassesTouchLittle(t *testing.T) {
	pool := Size{Requests: 5_000, Workers: 500, Accounts: 50}
	for _, c := range []struct {
		name  string
		size  Size
		bound touches.Counts
	}{
		{"first pass, shaped, idle", pool, touches.Counts{Lanes: 3_000, Classes: 2_400,
			Demands: 1_700, Comparisons: 16_000, Slots: 550}},
		{"preemptions", Size{100, 1_000, 50}, touches.Counts{Lanes: 320, Classes: 210, Runs: 310,
			Comparisons: 4_000, Slots: 240}},
		{"pass after 100 changes", pool, touches.Counts{Lanes: 1_500, Classes: 190, Demands: 420,
			Runs: 3, Comparisons: 800, Slots: 60}},
		{"pass after 10 idle", pool, touches.Counts{Lanes: 480, Classes: 90, Demands: 125,
			Comparisons: 150}},
		// A run that is handed out comes into another list, and is watched until it is protected.
		{"AssignTasks, one worker", pool, touches.Counts{Lanes: 40, Classes: 5, Demands: 9,
			Comparisons: 80}},
		{"100 rounds, 16 label sets", Size{5_000, 500, 20}, touches.Counts{Lanes: 7_200,
			Classes: 8_100, Demands: 5_000, Comparisons: 26_000, Slots: 54}},
		{"100 rounds, random labels", Size{5_000, 500, 20}, touches.Counts{Lanes: 55_000,
			Classes: 33_000, Demands: 1_100_000, Runs: 17, Comparisons: 35_000, Slots: 30}},
		// Nearly all requests match no worker, and no pass looks at them twice.
		{"the ancestor's simulation", Size{5_000, 500, 20}, touches.Counts{Lanes: 41, Classes: 20,
			Demands: 95_000, Comparisons: 42, Slots: 74}},
		{"pass, nothing changed", pool, touches.Counts{}},
		{"levels of many accounts", Size{Workers: 1_000, Accounts: 100}, touches.Counts{}},
		{"pass after 100 changes, protected", Size{1_000, 200, 10}, touches.Counts{Lanes: 1_100,
			Classes: 780, Demands: 220, Comparisons: 1_500, Slots: 130}},
		// What nothing can be found for is not looked at.
		{"pass, label limits reached", Size{500, 200, 5}, touches.Counts{}},
		{"pass, nothing outranked", Size{500, 200, 5}, touches.Counts{}},
		{"UpdateTime", pool, touches.Counts{}},
		{"Explain", pool, touches.Counts{Lanes: 960, Classes: 590, Demands: 65, Runs: 400,
			Comparisons: 4_800, Slots: 1_900}},
	} {
		got := touched(named(t, c.name), c.size)
		if got.Lanes > c.bound.Lanes || got.Classes > c.bound.Classes || got.Demands > c.bound.Demands ||
			got.Runs > c.bound.Runs || got.Comparisons > c.bound.Comparisons || got.Slots > c.bound.Slots {
			t.Errorf("%s at %v touches %+v, more than %+v", c.name, c.size, got, c.bound)
		}
	}
}

func named(t *testing.T, name string) *Case {
	t.Helper()
	for _, c := range Cases(false) {
		if c.Name == name {
			return c
		}
	}
	t.Fatalf("there is no case %q", name)
	return nil
}
