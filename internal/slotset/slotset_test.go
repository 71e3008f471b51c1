package slotset_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/internal/slotset"
)

// drawSet makes a set by adding and removing slots, and the same one as a map.
func drawSet(t *rapid.T, slots int) (*slotset.Set, map[uint32]bool) {
	set, members := &slotset.Set{}, map[uint32]bool{}
	for range rapid.IntRange(0, slots).Draw(t, "changes") {
		slot := uint32(rapid.IntRange(0, slots-1).Draw(t, "slot"))
		if members[slot] {
			set.Remove(slot)
			delete(members, slot)
		} else {
			set.Add(slot, slots)
			members[slot] = true
		}
	}
	return set, members
}

// A set has what a map has, sparse or not, and an intersection what all maps have, in order.
func TestSetsAreMaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slots := rapid.IntRange(1, 3000).Draw(t, "slots")
		var sets []*slotset.Set
		var common map[uint32]bool
		for range rapid.IntRange(1, 4).Draw(t, "sets") {
			set, members := drawSet(t, slots)
			require.Equal(t, len(members), set.Len())
			for slot := range uint32(slots + 100) {
				require.Equal(t, members[slot], set.Has(slot), "slot %d", slot)
			}
			sets = append(sets, set)
			if common == nil {
				common = members
			}
			maps.DeleteFunc(common, func(slot uint32, _ bool) bool { return !members[slot] })
		}
		want := slices.Sorted(maps.Keys(common))
		stop := rapid.IntRange(0, len(want)).Draw(t, "stop")
		var all, some []uint32 // nil if empty, as want
		slotset.Intersect(sets, func(slot uint32) bool {
			all = append(all, slot)
			return true
		})
		require.Equal(t, want, all)
		require.Equal(t, len(want) > 0, slotset.Meet(sets))
		slotset.Intersect(sets, func(slot uint32) bool {
			some = append(some, slot)
			return len(some) < stop
		})
		if len(want) > 0 {
			require.Equal(t, want[:max(1, stop)], some)
		}
	})
}
