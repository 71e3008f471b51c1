package simulator

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/quotasched/quotasched/internal/minheap"
)

// A heapEvent is an event for the shared heap.
type heapEvent event

func (a heapEvent) Before(b heapEvent) bool { return (*event)(&a).before((*event)(&b)) }

// The next event is taken and another one added, as in a simulation, from the agenda and from the
// shared heap.
func BenchmarkAgenda(b *testing.B) {
	for _, events := range []int{100, 10_000, 100_000} {
		dice := rand.New(rand.NewPCG(1, 2))
		later := func() time.Duration { return time.Duration(dice.Int64N(int64(time.Hour))) }
		b.Run(fmt.Sprintf("agenda/events=%d", events), func(b *testing.B) {
			var a agenda
			for range events {
				a.add(event{at: later()})
			}
			for b.Loop() {
				e := a.take()
				e.at += later()
				a.add(e)
			}
		})
		b.Run(fmt.Sprintf("minheap/events=%d", events), func(b *testing.B) {
			var h minheap.Heap[heapEvent]
			added := uint64(0)
			add := func(e heapEvent) {
				e.order = added
				added++
				h.Push(e)
			}
			for range events {
				add(heapEvent{at: later()})
			}
			for b.Loop() {
				e := h.Pop()
				e.at += later()
				add(e)
			}
		})
	}
}
