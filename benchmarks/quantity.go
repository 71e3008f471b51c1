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
	// Measure returns it, for a pool of this size.
	Measure func(Size) float64
	Size    Size
}

// Quantities returns all quantities; with long, at full size.
func Quantities(long bool) []*Quantity {
	size := Size{Requests: 100_000, Workers: 10_000, Accounts: 50}
	if long {
		size = Size{Requests: 1_000_000, Workers: 100_000, Accounts: 50}
	}
	varied := Size{Requests: 100_000, Workers: 10_000, Accounts: 24}
	return []*Quantity{
		{
			Name: "memory, waiting request", Unit: "B/request", Reach: 190, Size: size,
			What:    "What the heap grows by for each waiting request, its id included.",
			Measure: func(size Size) float64 { return memoryOfRequest(shaped, size) },
		},
		{
			Name: "memory, waiting request, random", Unit: "B/request", Reach: 1000, Size: varied,
			What:    "The same where nearly no two have the same labels.",
			Measure: func(size Size) float64 { return memoryOfRequest(random, size) },
		},
		{
			Name: "memory, worker", Unit: "B/worker", Reach: 190, Size: size,
			What:    "What the heap grows by for each idle worker with 50 labels, its id included.",
			Measure: func(size Size) float64 { return memoryOfWorker(shaped, size) },
		},
		{
			Name: "memory, worker, random", Unit: "B/worker", Reach: 2000, Size: varied,
			What:    "The same where no two have the same labels.",
			Measure: func(size Size) float64 { return memoryOfWorker(random, size) },
		},
		{
			Name: "snapshot, waiting request", Unit: "B/request", Reach: 60, Size: size,
			What: "What the bytes of a snapshot grow by for each waiting request.",
			Measure: func(size Size) float64 {
				with := len(snapshot(newWorld(engineTarget(), size, shape{})))
				requests := size.Requests
				size.Requests = 0
				without := len(snapshot(newWorld(engineTarget(), size, shape{})))
				return float64(with-without) / float64(requests)
			},
		},
		{
			Name: "allocations in a pass", Unit: "1/decision", Reach: 2, Size: size,
			What:    "Allocations by passes after 100 changes each, for each decision, without a sink.",
			Measure: allocations,
		},
		{
			Name: "restore beside arrivals", Unit: "×", Reach: 1, Size: size,
			What:    "How much longer it takes to restore a pool than to build it by arrivals.",
			Measure: func(size Size) float64 { return restoreBesideArrivals(shaped, size) },
		},
		{
			Name: "restore beside arrivals, random", Unit: "×", Reach: 1, Size: varied,
			What:    "The same in a random pool.",
			Measure: func(size Size) float64 { return restoreBesideArrivals(random, size) },
		},
	}
}

// memoryOfRequest returns what one more waiting request takes, beside 100 workers.
func memoryOfRequest(l labelling, size Size) float64 {
	size.Workers = 100
	return perItem(size.Requests, func(n int) any {
		size.Requests = n
		return newWorld(engineTarget(), size, shape{labelling: l}).Target
	})
}

// memoryOfWorker returns what one more idle worker takes, where nothing waits.
func memoryOfWorker(l labelling, size Size) float64 {
	size.Requests = 0
	return perItem(size.Workers, func(n int) any {
		size.Workers = n
		return newWorld(engineTarget(), size, shape{labelling: l}).Target
	})
}

func engineTarget() Target { return scheduler.New(epoch) }

// snapshot returns the bytes of a pool's snapshot.
func snapshot(p *world) []byte {
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
	p := newWorld(engineTarget(), size, shape{busy: true})
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
