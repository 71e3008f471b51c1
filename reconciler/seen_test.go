package reconciler

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/scheduler"
)

// From call to call, few or many, a worker is seen if and only if it was mentioned before.
func TestSeenWorkersIsASet(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var seen seenWorkers
		for range rapid.IntRange(1, 5).Draw(t, "calls") {
			n := rapid.SampledFrom([]int{0, 1, few - 1, few, few + 1, 2 * few, 100, 300}).Draw(t, "pulls")
			ids := rapid.IntRange(1, 2*n+1).Draw(t, "ids")
			mentioned := map[scheduler.WorkerID]bool{}
			var pulls []pull
			seen.begin(n)
			for range n {
				id := scheduler.WorkerID(fmt.Sprint("w", rapid.IntRange(1, ids).Draw(t, "id")))
				if got := seen.has(pulls, id); got != mentioned[id] {
					t.Fatalf("%q is seen: %v, after %v", id, got, pulls)
				}
				if !mentioned[id] {
					mentioned[id] = true
					pulls = append(pulls, pull{id: id})
				}
			}
		}
	})
}
