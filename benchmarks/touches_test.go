//go:build invariants

package benchmarks

import (
	"testing"

	"github.com/quotasched/quotasched/scheduler"
)

// touched runs a case and returns what its rounds touch on average, outside the preparation.
func touched(c *Case, size Size) (t scheduler.Touches) {
	rounds := 10
	if c.fresh {
		rounds = 1
	}
	p := c.pool(engine(), size)
	if c.prepare != nil {
		c.prepare(p)
	}
	for round := range rounds {
		if c.between != nil {
			c.between(p, round)
		}
		scheduler.Touched()
		c.op(p)
		u := scheduler.Touched()
		t.Lanes += u.Lanes
		t.Kinds += u.Kinds
		t.Needs += u.Needs
		t.Runs += u.Runs
		t.Comparisons += u.Comparisons
	}
	t.Lanes /= rounds
	t.Kinds /= rounds
	t.Needs /= rounds
	t.Runs /= rounds
	t.Comparisons /= rounds
	return t
}

// What passes look at stays within bounds that no machine changes: a slip to the size of the pool
// fails here at once. The bounds are half as much again as what is counted today.
func TestPassesTouchLittle(t *testing.T) {
	pool := Size{Requests: 5_000, Workers: 500, Accounts: 50}
	for _, c := range []struct {
		name  string
		size  Size
		bound scheduler.Touches
	}{
		{"first pass, shaped, idle", pool, scheduler.Touches{Lanes: 7_500, Kinds: 3_300,
			Needs: 1_700, Comparisons: 18_000}},
		{"preemptions", Size{100, 1_000, 50}, scheduler.Touches{Lanes: 500, Kinds: 240, Runs: 360,
			Comparisons: 4_000}},
		{"pass after 100 changes", pool, scheduler.Touches{Lanes: 4_900, Kinds: 630, Needs: 200,
			Runs: 3, Comparisons: 1_000}},
		{"pass after 10 idle", pool, scheduler.Touches{Lanes: 1_050, Kinds: 240, Needs: 86,
			Comparisons: 225}},
		{"AssignTasks, one worker", pool, scheduler.Touches{Lanes: 130, Kinds: 8, Needs: 9,
			Comparisons: 17}},
		{"100 rounds, 16 label sets", Size{5_000, 500, 20}, scheduler.Touches{Lanes: 7_200,
			Kinds: 8_100, Needs: 5_000, Comparisons: 26_000}},
		{"100 rounds, random labels", Size{5_000, 500, 20}, scheduler.Touches{Lanes: 61_000,
			Kinds: 150_000, Needs: 410_000, Runs: 17, Comparisons: 170_000}},
		{"pass, nothing changed", pool, scheduler.Touches{}},
		{"levels of many accounts", Size{Workers: 1_000, Accounts: 100}, scheduler.Touches{}},
		{"UpdateTime", pool, scheduler.Touches{}},
		{"Explain", pool, scheduler.Touches{Lanes: 1_900, Kinds: 700, Needs: 95, Runs: 250,
			Comparisons: 4_200}},
	} {
		got := touched(named(t, c.name), c.size)
		if got.Lanes > c.bound.Lanes || got.Kinds > c.bound.Kinds || got.Needs > c.bound.Needs ||
			got.Runs > c.bound.Runs || got.Comparisons > c.bound.Comparisons {
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
