// Package slotset has sets of small integers that can be intersected quickly.
package slotset

import (
	"math/bits"
	"slices"

	"github.com/quotasched/quotasched/internal/touches"
)

// A Set is a set of slots: small integers, such as positions in a slice. It is a sorted list while
// it is sparse, and a bitmap when at least one slot in 64 is in it. So its size is at most 8 bytes
// for each member, and where sets are bitmaps many can be intersected a word at a time.
type Set struct {
	n    int
	bits []uint64
	list []uint32 // sorted; used if bits is nil
}

// Len returns the number of slots in the set.
func (s *Set) Len() int { return s.n }

// Has reports whether a slot is in the set.
func (s *Set) Has(slot uint32) bool {
	if s.bits != nil {
		w := int(slot >> 6)
		return w < len(s.bits) && s.bits[w]&(1<<(slot&63)) != 0
	}
	_, ok := slices.BinarySearch(s.list, slot)
	return ok
}

// Add puts in a slot that is not in the set; slots is the number of slots that there are.
func (s *Set) Add(slot uint32, slots int) {
	s.n++
	if s.bits == nil && s.n*64 < max(slots, int(slot)+1) {
		i, _ := slices.BinarySearch(s.list, slot)
		s.list = slices.Insert(s.list, i, slot)
		return
	}
	if s.bits == nil {
		s.toBits()
	}
	s.setBit(slot)
}

func (s *Set) toBits() {
	s.bits = make([]uint64, 1)
	for _, slot := range s.list {
		s.setBit(slot)
	}
	s.list = nil
}

func (s *Set) setBit(slot uint32) {
	w := int(slot >> 6)
	if w >= len(s.bits) {
		s.bits = append(s.bits, make([]uint64, w+1-len(s.bits))...)
	}
	s.bits[w] |= 1 << (slot & 63)
}

// Remove takes out a slot that is in the set.
func (s *Set) Remove(slot uint32) {
	s.n--
	if s.bits == nil {
		i, _ := slices.BinarySearch(s.list, slot)
		s.list = slices.Delete(s.list, i, i+1)
		return
	}
	s.bits[slot>>6] &^= 1 << (slot & 63)
	if s.n*256 < len(s.bits)*64 { // sparse by far: a list again
		list := make([]uint32, 0, s.n)
		for w, word := range s.bits {
			for ; word != 0; word &= word - 1 {
				list = append(list, uint32(w<<6+bits.TrailingZeros64(word)))
			}
		}
		s.list, s.bits = list, nil
	}
}

// Intersect calls f with each slot that is in all the sets, of which there is at least one, in
// order, until f returns false. It puts the sets in another order. It costs O(size of the smallest
// set) at most.
func Intersect(sets []*Set, f func(slot uint32) bool) {
	smallestFirst(sets)
	if sets[0].bits == nil {
		for _, slot := range sets[0].list {
			if touches.Slot(); inAll(sets[1:], slot) && !f(slot) {
				return
			}
		}
		return
	}
	eachWord(sets, func(w int, word uint64) bool {
		for ; word != 0; word &= word - 1 {
			touches.Slot()
			if !f(uint32(w<<6 + bits.TrailingZeros64(word))) {
				return false
			}
		}
		return true
	})
}

// Meet reports whether any slot is in all the sets, of which there is at least one. It puts the
// sets in another order, and costs what Intersect does up to the first slot.
func Meet(sets []*Set) (meet bool) {
	smallestFirst(sets)
	if sets[0].bits == nil {
		return slices.ContainsFunc(sets[0].list, func(slot uint32) bool {
			touches.Slot()
			return inAll(sets[1:], slot)
		})
	}
	eachWord(sets, func(int, uint64) bool {
		meet = true
		return false
	})
	return meet
}

// eachWord calls f with the words of the intersection of bitmaps that are not zero, until f returns
// false. Most words are zero after the first two.
func eachWord(sets []*Set, f func(w int, word uint64) bool) {
	first, second := sets[0].bits, sets[min(1, len(sets)-1)].bits
	first = first[:min(len(first), len(second))]
	for w, word := range first {
		if word &= second[w]; word == 0 {
			continue
		}
		for _, s := range sets[min(2, len(sets)):] {
			if word &= s.word(w); word == 0 {
				break
			}
		}
		if word != 0 && !f(w, word) {
			return
		}
	}
}

// word returns a word of a bitmap.
func (s *Set) word(w int) uint64 {
	if w >= len(s.bits) {
		return 0
	}
	return s.bits[w]
}

// smallestFirst sorts sets by size, lists before bitmaps.
func smallestFirst(sets []*Set) {
	for i := 1; i < len(sets); i++ { // they are few
		for j := i; j > 0 && sets[j].before(sets[j-1]); j-- {
			sets[j], sets[j-1] = sets[j-1], sets[j]
		}
	}
}

func (s *Set) before(t *Set) bool {
	if list := s.bits == nil; list != (t.bits == nil) {
		return list
	}
	return s.n < t.n
}

// inAll reports whether the slot is in all the sets.
func inAll(sets []*Set, slot uint32) bool {
	for _, s := range sets {
		if !s.Has(slot) {
			return false
		}
	}
	return true
}
