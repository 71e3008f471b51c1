// Package minheap has a binary heap of items that know their order. Unlike container/heap it is
// typed: no item is boxed, and nobody writes Len, Less, Swap, Push and Pop again.
package minheap

import (
	"slices"

	"github.com/quotasched/quotasched/internal/touches"
)

// An Item knows its order among its like. The order must be total if the order in which a heap
// gives equal items matters.
type Item[T any] interface {
	Before(T) bool
}

// A Heap gives its items in order, the least one first. The zero value is an empty heap.
//
// An item whose order changes while it is in the heap must be put right with ReplaceTop or FixTop
// before anything else is done; so only the top may change.
type Heap[T Item[T]] struct {
	items []T
}

// Len returns the number of items.
func (h *Heap[T]) Len() int { return len(h.items) }

// Top returns the least item; the heap must not be empty.
func (h *Heap[T]) Top() T { return h.items[0] }

// Items returns all items in no order that means anything, in the memory of the heap. They are to
// be read before the heap changes.
func (h *Heap[T]) Items() []T { return h.items }

// Push adds an item. It costs O(log n) comparisons.
func (h *Heap[T]) Push(x T) {
	h.items = append(h.items, x)
	i := len(h.items) - 1
	for i > 0 {
		up := (i - 1) / 2
		touches.Comparison()
		if !h.items[i].Before(h.items[up]) {
			return
		}
		h.items[i], h.items[up] = h.items[up], h.items[i]
		i = up
	}
}

// Pop takes out the top; the heap must not be empty. It costs O(log n) comparisons.
func (h *Heap[T]) Pop() T {
	top, n := h.items[0], len(h.items)-1
	h.items[0] = h.items[n]
	var zero T
	h.items[n] = zero
	h.items = h.items[:n]
	h.down(0)
	return top
}

// ReplaceTop puts an item in the place of the top, which it returns; the heap must not be empty. It
// costs O(log n) comparisons, and fewer the nearer the item is to the top.
func (h *Heap[T]) ReplaceTop(x T) T {
	top := h.items[0]
	h.items[0] = x
	h.down(0)
	return top
}

// FixTop puts the top where it belongs after it has moved back in the order.
func (h *Heap[T]) FixTop() { h.down(0) }

// Append adds an item to a heap that is being filled: until Init, nothing but Append, Len, Items
// and Reset may be called.
func (h *Heap[T]) Append(x T) { h.items = append(h.items, x) }

// Init puts the items in order after Append. It costs O(n) comparisons.
func (h *Heap[T]) Init() {
	for i := len(h.items)/2 - 1; i >= 0; i-- {
		h.down(i)
	}
}

// Delete takes out the items for which gone is true. It costs O(n) comparisons.
func (h *Heap[T]) Delete(gone func(T) bool) {
	h.items = slices.DeleteFunc(h.items, gone)
	h.Init()
}

// Reset empties the heap and keeps its memory.
func (h *Heap[T]) Reset() {
	clear(h.items)
	h.items = h.items[:0]
}

// down moves item i down to where it belongs.
func (h *Heap[T]) down(i int) {
	for {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(h.items); c++ {
			touches.Comparison()
			if h.items[c].Before(h.items[least]) {
				least = c
			}
		}
		if least == i {
			return
		}
		h.items[i], h.items[least] = h.items[least], h.items[i]
		i = least
	}
}
