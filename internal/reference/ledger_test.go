package reference_test

import (
	"testing"

	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/internal/reference"
)

// TestStepByHand has balances worked out by hand.
func TestStepByHand(t *testing.T) {
	for _, c := range []struct {
		name          string
		terms         reference.Terms
		balance, n    int64
		wantAfterStep int64
	}{
		{"nothing runs, nothing is earned", reference.Terms{}, 7, 100, 7},
		{"earns up to the cap", reference.Terms{Rate: 300, Cap: 1000}, 0, 3, 900},
		{"and no further", reference.Terms{Rate: 300, Cap: 1000}, 0, 5, 1000},
		{"above the cap is left alone", reference.Terms{Rate: 300, Cap: 1000}, 5000, 50, 5000},
		{"above the cap only pays", reference.Terms{Rate: 1000, Cap: 1000, Runs: 1}, 5000, 4, 1000},
		{"then earns what it pays", reference.Terms{Rate: 1000, Cap: 1000, Runs: 1}, 5000, 9, 1000},
		{"pays before it earns", reference.Terms{Rate: 500, Cap: 1000, Runs: 1}, 1000, 1, 500},
		{"cut off at the cap from above", reference.Terms{Rate: 900, Cap: 1000, Runs: 1}, 1999, 1, 1000},
		{"debt grows", reference.Terms{Rate: 500, Cap: 1000, Runs: 2}, 0, 10, -15_000},
		{"debt has a bottom", reference.Terms{Runs: 2}, -1 << 62, 10, -1 << 62},
		{"a long time", reference.Terms{Rate: 1000, Cap: 1_000_000, Runs: 3}, 1_000_000, 1_000_000,
			1_000_000 - 2_000*1_000_000},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := c.terms.Step(c.balance, c.n); got != c.wantAfterStep {
				t.Errorf("Step(%d, %d) of %+v = %d, want %d", c.balance, c.n, c.terms, got,
					c.wantAfterStep)
			}
			if got := c.terms.Leap(c.balance, c.n); got != c.wantAfterStep {
				t.Errorf("Leap(%d, %d) of %+v = %d, want %d", c.balance, c.n, c.terms, got,
					c.wantAfterStep)
			}
		})
	}
}

// TestLeapIsManyMillis compares the closed form with the recurrence that it stands for.
func TestLeapIsManyMillis(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		terms := reference.Terms{
			Rate: rapid.SampledFrom([]int64{0, 1, 7, 500, 999, 1000, 1001, 2500, 1_000_000_000}).
				Draw(t, "rate"),
			Runs: rapid.SampledFrom([]int64{0, 0, 1, 2, 3, 1000}).Draw(t, "runs"),
		}
		terms.Cap = terms.Rate * rapid.SampledFrom([]int64{0, 1, 2, 10, 1000}).Draw(t, "cap")
		near := rapid.SampledFrom([]int64{0, terms.Cap, 1 << 60, -1 << 62, 1 << 62}).Draw(t, "near")
		off := rapid.Int64Range(-1_000_000, 1_000_000).Draw(t, "off")
		balance := max(-1<<62, min(near+off, 1<<62))
		n := rapid.Int64Range(0, 3000).Draw(t, "n")
		want := balance
		for range n {
			want = terms.StepMilli(want)
		}
		if got := terms.Leap(balance, n); got != want {
			t.Fatalf("Leap(%d, %d) of %+v = %d, the loop comes to %d", balance, n, terms, got, want)
		}
		first := rapid.Int64Range(0, n).Draw(t, "first")
		if got := terms.Leap(terms.Leap(balance, first), n-first); got != want {
			t.Fatalf("Leap(%d, %d+%d) of %+v in two = %d, in one %d", balance, first, n-first,
				terms, got, want)
		}
	})
}
