package scheduler

import (
	"math/big"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// advanceSlowly is the definition: one millisecond at a time.
func advanceSlowly(b Quota, rate Rate, limit Quota, runs int, millis int64) Quota {
	for range millis {
		b -= payPerMilli * Quota(runs)
		if b < limit {
			b = min(b+Quota(rate), limit)
		}
		b = clampQuota(b)
	}
	return b
}

func TestAdvanceEqualsSingleMilliseconds(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		rate := Rate(rapid.Int64Range(0, 20_000).Draw(t, "rate"))
		limit := Quota(rate) * Quota(rapid.Int64Range(0, 500).Draw(t, "max charge"))
		runs := rapid.IntRange(0, 25).Draw(t, "runs")
		near := rapid.SampledFrom([]Quota{0, limit, -maxQuota, maxQuota}).Draw(t, "near")
		b := clampQuota(near + Quota(rapid.Int64Range(-3_000_000, 3_000_000).Draw(t, "offset")))
		millis := rapid.Int64Range(0, 600).Draw(t, "millis")

		want := advanceSlowly(b, rate, limit, runs, millis)
		if got := advance(b, rate, limit, runs, millis); got != want {
			t.Fatalf("one step of %d ms gives %d, %d steps of 1 ms give %d", millis, got, millis, want)
		}
		split := rapid.Int64Range(0, millis).Draw(t, "split")
		two := advance(advance(b, rate, limit, runs, split), rate, limit, runs, millis-split)
		if two != want {
			t.Fatalf("two steps give %d, not %d", two, want)
		}
	})
}

// The cases in which the ancestor of these rules drifts by +1.8 % to -35 % in 30 days.
func TestThirtyDaysAreExactAtAnyStep(t *testing.T) {
	const days = 30 * 24 * time.Hour
	for _, c := range []struct {
		rate Rate
		runs int
		step time.Duration
		want Quota // worker-seconds
	}{
		{Workers(1000), 0, time.Second, 2_592_000_000},
		{Workers(1000), 999, time.Second, 2_592_000},
		{Workers(1), 0, time.Second, 2_592_000},
		{Workers(0.1), 0, time.Second, 259_200},
		{Workers(1.1), 1, time.Second, 259_200},
		{Workers(1), 0, 300 * time.Millisecond, 2_592_000},
		{Workers(10), 0, 100 * time.Millisecond, 25_920_000},
		{Workers(1), 0, 10 * time.Millisecond, 2_592_000},
		{Workers(0.001), 0, time.Millisecond, 2592},
		{Workers(3), 5, 7 * time.Millisecond, -5_184_000},
	} {
		b, limit := Quota(0), maxInitialQuota
		left := days
		for ; left >= c.step; left -= c.step {
			b = advance(b, c.rate, limit, c.runs, c.step.Milliseconds())
		}
		b = advance(b, c.rate, limit, c.runs, left.Milliseconds())
		if want := c.want * 1_000_000; b != want {
			t.Errorf("rate %v, %d runs, step %v: %v after 30 days, want %v",
				c.rate, c.runs, c.step, b, want)
		}
	}
}

// A balance above its cap pays and does not earn: 3 runs, rate 1, cap 100, start 300, for 100 s.
func TestAboveTheCapAnyStepAgrees(t *testing.T) {
	want := advanceSlowly(300_000_000, 1000, 100_000_000, 3, 100_000)
	for _, steps := range []int64{1, 2, 10, 1000, 100_000} {
		b := Quota(300_000_000)
		for range steps {
			b = advance(b, 1000, 100_000_000, 3, 100_000/steps)
		}
		if b != want {
			t.Errorf("%d steps give %v, want %v", steps, b, want)
		}
	}
}

func TestMayStartIsExactForHugeAmounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := &account{config: &AccountConfig{}}
		a.config.ChargeRate[0] = Rate(rapid.Int64Range(0, int64(maxRate)).Draw(t, "rate"))
		a.running[0] = rapid.IntRange(0, 2_000_000).Draw(t, "runs")
		a.balance[0] = Quota(rapid.Int64Range(-int64(maxQuota), int64(maxQuota)).Draw(t, "balance"))
		cover := time.Duration(rapid.Int64Range(0, 1<<62).Draw(t, "cover"))

		runs, rate := milliWorkers(a.running[0]), int64(a.config.ChargeRate[0])
		need := big.NewInt(max(0, runs+1000-rate))
		need.Mul(need, big.NewInt(cover.Milliseconds()))
		if runs < rate && rate < runs+1000 { // the rate covers the run in part, and the cap is zero
			need.SetInt64(0)
		}
		want := a.balance[0] > 0 && big.NewInt(int64(a.balance[0])).Cmp(need) > 0
		if got := a.mayStart(0, cover); got != want {
			t.Fatalf("mayStart is %v, want %v", got, want)
		}
	})
}
