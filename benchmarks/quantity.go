package benchmarks

import (
	"runtime"

	"github.com/quotasched/quotasched/scheduler"
)

// A Quantity is something that is measured in other units than time: memory, allocations, bytes.
type Quantity struct {
	// Name is short, What one sentence, and Unit what is counted, per what.
	Name, What, Unit string
	// Reach bounds it.
	Reach float64
	// Measure returns it, for a shaped pool of this size.
	Measure func(Size) float64
	Size    Size
}

// Quantities returns all quantities; with long, at full size.
func Quantities(long bool) []*Quantity {
	size := Size{Requests: 100_000, Workers: 10_000, Accounts: 50}
	if long {
		size = Size{Requests: 1_000_000, Workers: 100_000, Accounts: 50}
	}
	return []*Quantity{
		{
			Name: "memory, waiting request", Unit: "B/request", Reach: 200, Size: size,
			What: "What the heap grows by for each waiting request, its id included.",
			Measure: func(size Size) float64 {
				size.Workers = 100
				return perItem(size.Requests, func(n int) any {
					size.Requests = n
					return newPool(engineTarget(), size, shape{}).Target
				})
			},
		},
		{
			Name: "memory, worker", Unit: "B/worker", Reach: 1000, Size: size,
			What: "What the heap grows by for each idle worker with 50 labels, its id included.",
			Measure: func(size Size) float64 {
				size.Requests = 0
				return perItem(size.Workers, func(n int) any {
					size.Workers = n
					return newPool(engineTarget(), size, shape{}).Target
				})
			},
		},
		{
			Name: "snapshot, waiting request", Unit: "B/request", Reach: 60, Size: size,
			What: "What the bytes of a snapshot grow by for each waiting request.",
			Measure: func(size Size) float64 {
				with := len(snapshot(newPool(engineTarget(), size, shape{})))
				requests := size.Requests
				size.Requests = 0
				without := len(snapshot(newPool(engineTarget(), size, shape{})))
				return float64(with-without) / float64(requests)
			},
		},
		{
			Name: "allocations in a pass", Unit: "1/decision", Reach: 2, Size: size,
			What:    "Allocations by passes after 100 changes each, for each decision, without a sink.",
			Measure: allocations,
		},
	}
}

func engineTarget() Target { return scheduler.New(epoch) }

// snapshot returns the bytes of a pool's snapshot.
func snapshot(p *pool) []byte {
	return p.Target.(*scheduler.Scheduler).AppendSnapshot(nil)
}

// perItem returns by how many bytes the heap grows for each of n items.
func perItem(n int, build func(n int) any) float64 {
	few := n / 100
	base := heapOf(func() any { return build(few) })
	return (heapOf(func() any { return build(n) }) - base) / float64(n-few)
}

// heapOf returns the bytes in use by what build returns, and by nothing else that it made.
func heapOf(build func() any) float64 {
	before := heapInUse()
	kept := build()
	after := heapInUse()
	runtime.KeepAlive(kept)
	return float64(after) - float64(before)
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC() // what finalizers and pools held
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// allocations counts those of passes in a busy pool that goes on and on.
func allocations(size Size) float64 {
	p := newPool(engineTarget(), size, shape{busy: true})
	settle(p)
	var mallocs uint64
	decisions := 0
	for round := range 300 {
		hundredChanges(p, round)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		decided := p.RunOnce(scheduler.NullEventSink)
		runtime.ReadMemStats(&after)
		if round >= 100 { // from then on the lists have their size
			mallocs += after.Mallocs - before.Mallocs
			decisions += len(decided)
		}
		p.started(decided)
	}
	if decisions < 1000 {
		panic("too few decisions to speak of")
	}
	return float64(mallocs) / float64(decisions)
}
