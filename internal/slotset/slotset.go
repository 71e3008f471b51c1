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
	list []uint32 // sorted; used if bits is nil
	bits []uint64
	n    int
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
// order, until f returns false. It costs O(size of the smallest set) at most.
func Intersect(sets []*Set, f func(slot uint32) bool) {
	least := sets[0]
	for _, s := range sets[1:] {
		if s.n < least.n {
			least = s
		}
	}
	if least.bits == nil {
		for _, slot := range least.list {
			touches.Slot()
			if inAll(sets, least, slot) && !f(slot) {
				return
			}
		}
		return
	}
	for w, word := range least.bits {
		if word == 0 {
			continue
		}
		for _, s := range sets { // those that are lists are asked below
			if s.bits == nil {
				continue
			}
			if w >= len(s.bits) {
				return
			}
			if word &= s.bits[w]; word == 0 {
				break
			}
		}
		for ; word != 0; word &= word - 1 {
			slot := uint32(w<<6 + bits.TrailingZeros64(word))
			touches.Slot()
			if inLists(sets, slot) && !f(slot) {
				return
			}
		}
	}
}

// inAll reports whether the slot is in all the sets but skip.
func inAll(sets []*Set, skip *Set, slot uint32) bool {
	for _, s := range sets {
		if s != skip && !s.Has(slot) {
			return false
		}
	}
	return true
}

// inLists reports whether the slot is in all those sets that are lists.
func inLists(sets []*Set, slot uint32) bool {
	for _, s := range sets {
		if s.bits == nil && !s.Has(slot) {
			return false
		}
	}
	return true
}
