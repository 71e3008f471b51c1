package main

import (
	"runtime"
	"sync"
	"time"

	"github.com/quotasched/quotasched/internal/yardstick"
)

// samples is how many each processor takes of the pace, before a benchmark and after it.
const samples = 100

// pace returns the pace of all processors of the machine, at work together as servers and clients
// have them. Meanwhile none would be left for it, so it is asked before and after a benchmark.
func pace() (mean float64) {
	began, n := time.Now(), runtime.NumCPU()
	paces := make([]float64, n)
	var all sync.WaitGroup
	for i := range paces {
		all.Go(func() {
			y := yardstick.New()
			y.Take(samples, func() time.Duration { return time.Since(began) })
			paces[i] = y.Pace()
		})
	}
	all.Wait()
	runtime.GC() // of the yardsticks, which are large, clients shall have nothing to clear away
	for _, p := range paces {
		mean += p / float64(n)
	}
	return mean
}
