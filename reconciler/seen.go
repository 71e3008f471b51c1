package reconciler

import (
	"hash/maphash"
	"math/bits"
	"slices"

	"github.com/quotasched/quotasched/scheduler"
)

// seenWorkers finds workers that are in a call twice. It keeps its memory from call to call.
type seenWorkers struct {
	seed maphash.Seed
	// slots is a hash table: 1 + the position of a pull, or 0. It is empty while they are few.
	slots []int32
}

// few pulls are compared one by one.
const few = 16

// begin begins a call of at most so many pulls.
func (seen *seenWorkers) begin(pulls int) {
	if pulls <= few {
		seen.slots = seen.slots[:0]
		return
	}
	n := 1 << bits.Len(uint(2*pulls)) // more than half of the slots stay free
	if n > cap(seen.slots) {
		seen.seed, seen.slots = maphash.MakeSeed(), make([]int32, n)
	}
	seen.slots = seen.slots[:n]
	clear(seen.slots)
}

// has reports whether a worker is among pulls. If not, it is to be added to them.
func (seen *seenWorkers) has(pulls []pull, id scheduler.WorkerID) bool {
	if len(seen.slots) == 0 {
		return slices.ContainsFunc(pulls, func(p pull) bool { return p.id == id })
	}
	last := uint64(len(seen.slots) - 1)
	for at := maphash.String(seen.seed, string(id)); ; at++ {
		slot := &seen.slots[at&last]
		if *slot == 0 {
			*slot = int32(len(pulls) + 1)
			return false
		}
		if pulls[*slot-1].id == id {
			return true
		}
	}
}
