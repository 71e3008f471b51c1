package benchmarks

import (
	"fmt"
	"testing"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// timed returns how long f takes.
func timed(f func()) time.Duration {
	start := time.Now()
	f()
	return time.Since(start)
}

// report adds the reference's time and the ratio to a benchmark's figures.
func report(b *testing.B, engine, naive time.Duration) {
	b.ReportMetric(float64(naive.Nanoseconds()), "reference-ns/op")
	b.ReportMetric(float64(naive)/float64(max(1, engine)), "ratio")
}

// The first pass after all requests have arrived. That arrival is where requests and workers are
// matched, so its cost is reported beside.
func BenchmarkFirstPass(b *testing.B) {
	for _, s := range []spec{
		{requests: 1_000, workers: 1_000},
		{requests: 10_000, workers: 1_000},
		{requests: 10_000, workers: 1_000, busy: true},
		{requests: 10_000, workers: 1_000, shaped: true},
		{requests: 10_000, workers: 1_000, shaped: true, busy: true},
		{requests: 100_000, workers: 10_000},
		{requests: 100_000, workers: 10_000, busy: true},
		{requests: 100_000, workers: 10_000, shaped: true},
		{requests: 100_000, workers: 10_000, shaped: true, busy: true},
		{requests: 1_000_000, workers: 100_000, shaped: true},
	} {
		if testing.Short() && s.requests > 100_000 {
			continue
		}
		b.Run(s.String(), func(b *testing.B) { firstPass(b, s) })
	}
}

func firstPass(b *testing.B, s spec) {
	var engine, arrival time.Duration
	var placed []scheduler.Assignment
	for b.Loop() {
		b.StopTimer()
		p := build(b, newEngine(), s)
		arrival += p.arrival
		b.StartTimer()
		engine += timed(func() { placed = p.RunOnce(nil) })
	}
	if len(placed) == 0 {
		b.Fatal("nothing was placed")
	}
	b.ReportMetric(float64(len(placed)), "placed")
	b.ReportMetric(float64(arrival.Nanoseconds())/float64(b.N*s.requests), "arrival-ns/request")
	if s.requests*s.workers <= 10_000_000 {
		p := build(b, newReference(), s)
		var again []scheduler.Assignment
		naive := timed(func() { again = p.RunOnce(nil) })
		if len(again) != len(placed) {
			b.Fatalf("the reference placed %d, the engine %d", len(again), len(placed))
		}
		report(b, engine/time.Duration(b.N), naive)
	}
}

// A pass in which ten workers became idle, in a pool that is otherwise at rest.
func BenchmarkPassTenIdle(b *testing.B) {
	for _, s := range []spec{
		{requests: 1_000, workers: 1_000, shaped: true, busy: true},
		{requests: 10_000, workers: 1_000, busy: true},
		{requests: 100_000, workers: 10_000, busy: true},
		{requests: 100_000, workers: 10_000, shaped: true, busy: true},
		{requests: 1_000_000, workers: 100_000, shaped: true, busy: true},
	} {
		if testing.Short() && s.requests > 100_000 {
			continue
		}
		b.Run(s.String(), func(b *testing.B) { passTenIdle(b, s) })
	}
}

func passTenIdle(b *testing.B, s spec) {
	p := build(b, newEngine(), s)
	p.RunOnce(nil)
	round, placed := 0, 0
	var engine time.Duration
	for b.Loop() {
		b.StopTimer()
		p.step()
		p.free(b, round, 10)
		round++
		b.StartTimer()
		engine += timed(func() { placed += len(p.RunOnce(nil)) })
	}
	if s.shaped && placed == 0 {
		b.Fatal("nothing was placed")
	}
	b.ReportMetric(float64(placed)/float64(b.N), "placed/op")
	if s.requests*s.workers <= 10_000_000 {
		p := build(b, newReference(), s)
		p.RunOnce(nil)
		p.step()
		p.free(b, 0, 10)
		report(b, engine/time.Duration(b.N), timed(func() { p.RunOnce(nil) }))
	}
}

// A pass in which nothing changed but the time.
func BenchmarkPassNothing(b *testing.B) {
	for _, s := range []spec{
		{requests: 10_000, workers: 1_000, busy: true},
		{requests: 10_000, workers: 1_000, shaped: true, busy: true},
		{requests: 100_000, workers: 10_000, busy: true},
		{requests: 100_000, workers: 10_000, shaped: true, busy: true},
		{requests: 1_000_000, workers: 100_000, shaped: true, busy: true},
	} {
		if testing.Short() && s.requests > 100_000 {
			continue
		}
		b.Run(s.String(), func(b *testing.B) { passNothing(b, s) })
	}
}

func passNothing(b *testing.B, s spec) {
	p := settled(b, newEngine(), s)
	var engine time.Duration
	for b.Loop() {
		p.now = p.now.Add(time.Millisecond)
		p.UpdateTime(p.now, nil)
		engine += timed(func() {
			if n := len(p.RunOnce(nil)); n != 0 {
				b.Fatalf("%d requests were placed", n)
			}
		})
	}
	if s.requests*s.workers <= 10_000_000 {
		p := settled(b, newReference(), s)
		report(b, engine/time.Duration(b.N), timed(func() { p.RunOnce(nil) }))
	}
}

// settled returns a pool whose last pass placed something and whose next one will not.
func settled(b *testing.B, t target, s spec) *pool {
	p := build(b, t, s)
	placed := len(p.RunOnce(nil))
	if placed == 0 {
		b.Fatal("nothing was placed")
	}
	for range 10 {
		if len(p.RunOnce(nil)) == 0 {
			return p
		}
	}
	b.Fatal(fmt.Errorf("the pool does not come to rest"))
	return nil
}
