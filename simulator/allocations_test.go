//go:build !race && !invariants

package simulator_test

import (
	"context"
	"fmt"
	"runtime"
	"testing"

	"github.com/quotasched/quotasched/simulator"
)

// crowd is a setup in which all requests arrive in the first minutes, and wait for few workers.
func crowd(requests, workers int) *simulator.Setup {
	list := make([]simulator.Submission, requests)
	for i := range list {
		account := fmt.Sprintf("account-%d", i%7)
		list[i] = sub(fmt.Sprintf("request-%d", i), account, i*300/requests, 600+i*7919%3600)
	}
	setup := handMade(workers, list...)
	setup.Timing = simulator.DefaultTiming()
	setup.SkipChecks = true
	quota(setup, "account-0", "account-1", "account-2")
	return setup
}

// What a task costs from its arrival to its end has a bound that no machine changes: in operations
// of the pool, which are its arrival, start and end, and passes; and in allocations and bytes.
func TestWhatATaskCosts(t *testing.T) {
	const requests = 20_000
	setup := crowd(requests, 1000)
	var f *simulator.Figures
	var before, after runtime.MemStats
	allocations := testing.AllocsPerRun(1, func() {
		runtime.ReadMemStats(&before)
		f = run(t, setup)
		runtime.ReadMemStats(&after)
	})
	if f.Pool.Starts < requests {
		t.Fatalf("%d tasks started, should be at least %d", f.Pool.Starts, requests)
	}
	starts := float64(f.Pool.Starts)
	if got := float64(f.Pool.Operations-f.Pool.Passes) / starts; got > 3.1 {
		t.Errorf("%.2f operations per start, passes apart, should be at most 3.1", got)
	}
	if got := allocations / starts; got > 16 {
		t.Errorf("%.1f allocations per start, should be at most 16", got)
	}
	if got := float64(after.TotalAlloc-before.TotalAlloc) / starts; got > 2000 {
		t.Errorf("%.0f bytes per start, should be at most 2000", got)
	}
	setup.SkipChecks = false
	if got := testing.AllocsPerRun(1, func() { run(t, setup) }) / starts; got > 80 {
		t.Errorf("%.1f allocations per start with checks, should be at most 80", got)
	}
}

// BenchmarkRun tells how many tasks start in a second.
func BenchmarkRun(b *testing.B) {
	for _, size := range []struct{ requests, workers int }{{10_000, 250}, {100_000, 2500}} {
		b.Run(fmt.Sprintf("requests=%d/workers=%d", size.requests, size.workers), func(b *testing.B) {
			setup := crowd(size.requests, size.workers)
			b.ReportAllocs()
			starts := 0
			for b.Loop() {
				f, err := simulator.Run(context.Background(), setup)
				if err != nil {
					b.Fatal(err)
				}
				if f.All.Completed != size.requests || f.BrokenCount > 0 {
					b.Fatalf("%d of %d requests ran to their end, %d promises were broken",
						f.All.Completed, size.requests, f.BrokenCount)
				}
				starts += f.Pool.Starts
			}
			b.ReportMetric(float64(starts)/b.Elapsed().Seconds(), "starts/s")
		})
	}
}
