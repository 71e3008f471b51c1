package scheduler

import (
	"slices"
	"testing"

	"pgregory.net/rapid"
)

type number int

func (n number) before(m number) bool { return n < m }

// The ordered list must do what a sorted slice does, also where it grows at one end.
func TestOrderedIsASortedSlice(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var o ordered[number]
		var want []number
		atFront := rapid.IntRange(0, 10).Draw(t, "at front")
		atBack := rapid.IntRange(0, 10).Draw(t, "at back")
		for range rapid.IntRange(1, 2000).Draw(t, "steps") {
			x := number(rapid.IntRange(0, 1500).Draw(t, "x"))
			if n := len(want); n > 0 {
				if int(x)%11 < atFront {
					x = want[0] - 1
				} else if int(x)%13 < atBack {
					x = want[n-1] + 1
				}
			}
			i, has := slices.BinarySearch(want, x)
			if has {
				want = slices.Delete(want, i, i+1)
			} else if rapid.IntRange(0, 3).Draw(t, "grow") > 0 {
				want = slices.Insert(want, i, x)
				o.insert(x)
				continue
			}
			if got := o.remove(x); got != has {
				t.Fatalf("remove(%d) is %v, want %v", x, got, has)
			}
		}
		if got := slices.Collect(o.all()); !slices.Equal(got, want) || o.len() != len(want) {
			t.Fatalf("got %v (len %d), want %v", got, o.len(), want)
		}
		x := number(rapid.IntRange(-1, 1501).Draw(t, "probe"))
		i, _ := slices.BinarySearch(want, x)
		if prev, ok := o.previous(x); ok != (i > 0) || ok && prev != want[i-1] {
			t.Fatalf("previous(%d) is %d, %v in %v", x, prev, ok, want)
		}
		next, ok := o.search(func(y number) bool { return y >= x })
		if ok != (i < len(want)) || ok && next != want[i] {
			t.Fatalf("search(%d) is %d, %v in %v", x, next, ok, want)
		}
		if len(want) > 0 && (o.first() != want[0] || o.last() != want[len(want)-1]) {
			t.Fatalf("ends are %d and %d, want those of %v", o.first(), o.last(), want)
		}
	})
}

// Ids of different ranks are in the order of their ranks.
func TestRanksOrderIDs(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.StringMatching("(bot|bot-|[a\\x00]{14,17})?[\\x00-b]{0,4}")
		a, b := id.Draw(t, "a"), id.Draw(t, "b")
		ra, rb := rankOf(a), rankOf(b)
		if ra.before(rb) && a >= b || rb.before(ra) && b >= a || ra == rb != !(ra.before(rb) || rb.before(ra)) {
			t.Fatalf("ranks of %q and %q are %v and %v", a, b, ra, rb)
		}
	})
}

func TestSlotSetsIntersectAsMapsDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		slots := rapid.IntRange(1, 3000).Draw(t, "slots")
		sets, want := make([]*slotSet, rapid.IntRange(1, 4).Draw(t, "sets")), map[uint32]int{}
		for i := range sets {
			sets[i] = &slotSet{}
			members := map[uint32]bool{}
			for range rapid.IntRange(0, slots).Draw(t, "changes") {
				slot := uint32(rapid.IntRange(0, slots-1).Draw(t, "slot"))
				if members[slot] {
					sets[i].remove(slot)
					delete(members, slot)
				} else {
					sets[i].add(slot, slots)
					members[slot] = true
				}
			}
			if sets[i].len() != len(members) {
				t.Fatalf("len is %d, want %d", sets[i].len(), len(members))
			}
			for slot := range members {
				want[slot]++
			}
		}
		got := map[uint32]bool{}
		intersect(sets, func(slot uint32) bool { got[slot] = true; return true })
		for slot, n := range want {
			if got[slot] != (n == len(sets)) {
				t.Fatalf("slot %d is in %d of %d sets, and in the intersection: %v",
					slot, n, len(sets), got[slot])
			}
		}
		if len(got) > len(want) {
			t.Fatalf("the intersection has slots that no set has")
		}
	})
}
