package benchmarks

import (
	"runtime"
	"slices"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// snapshotCases are about a scheduler's way to the bytes of its snapshot and back.
func snapshotCases(usual []Size) []*Case {
	return []*Case{
		{
			Name: "snapshot", Sizes: usual, Reach: 1500 * millisecond, rounds: 3,
			What: "From the scheduler to the bytes of its snapshot.",
			op:   func(p *world) int { return len(snapshot(p)) },
		},
		restoring("restore", shaped, usual, 1200*millisecond),
		restoring("restore, random", random, sizes(24, 1_000, 10_000, 100_000), 400*millisecond),
	}
}

// restoring is the way back from the bytes of a snapshot.
func restoring(name string, l labelling, sizes []Size, reach time.Duration) *Case {
	var bytes []byte
	return &Case{
		Name: name, shape: shape{labelling: l}, Sizes: sizes, Reach: reach, rounds: 3,
		What:    "From the bytes of a snapshot to a scheduler.",
		prepare: func(p *world) { bytes = snapshot(p) },
		op: func(p *world) int {
			s, err := scheduler.RestoreBytes(bytes)
			must(err)
			if !s.Knows(requestID(0)) || !s.Knows(requestID(p.next-1)) {
				panic("a request is not in the restored scheduler")
			}
			return p.next
		},
	}
}

// restoreBesideArrivals returns how much longer it takes, in processor time, to restore a pool with
// idle workers than to build it by telling a new scheduler the same: the median of some turns.
func restoreBesideArrivals(l labelling, size Size) float64 {
	const turns = 5
	var ratios []float64
	for range turns {
		p := emptyWorld(engineTarget(), size, shape{labelling: l})
		p.addAccounts()
		p.drawAll()
		built := cpuOf(func() { p.enlist(); p.enqueue() })
		bytes := snapshot(p)
		restored := cpuOf(func() {
			s, err := scheduler.RestoreBytes(bytes)
			must(err)
			if s.Counts() != p.Target.(*scheduler.Scheduler).Counts() {
				panic("the restored scheduler has other requests or workers")
			}
		})
		ratios = append(ratios, float64(restored)/float64(built))
	}
	slices.Sort(ratios)
	return ratios[turns/2]
}

// cpuOf returns the processor time that f takes, without what was left behind before it.
func cpuOf(f func()) time.Duration {
	runtime.GC()
	began := cpuTime()
	f()
	return cpuTime() - began
}
