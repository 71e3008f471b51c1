package scheduler

// A heap gives its items in order, least first. The order is the function's that each call is
// given, and must be the same in all calls.
type heap[T any] struct {
	items []T
}

// init makes a heap of the items, in O(n).
func (h *heap[T]) init(before func(a, b T) bool) {
	for i := len(h.items)/2 - 1; i >= 0; i-- {
		h.down(i, before)
	}
}

func (h *heap[T]) len() int { return len(h.items) }

// top returns the least item; the heap must not be empty.
func (h *heap[T]) top() T { return h.items[0] }

// fixTop puts the top where it belongs after its rank has grown.
func (h *heap[T]) fixTop(before func(a, b T) bool) { h.down(0, before) }

// pop removes the top.
func (h *heap[T]) pop(before func(a, b T) bool) T {
	top, n := h.items[0], len(h.items)-1
	h.items[0] = h.items[n]
	var zero T
	h.items[n] = zero
	h.items = h.items[:n]
	h.down(0, before)
	return top
}

func (h *heap[T]) push(x T, before func(a, b T) bool) {
	h.items = append(h.items, x)
	i := len(h.items) - 1
	for i > 0 {
		up := (i - 1) / 2
		touchCompare()
		if !before(h.items[i], h.items[up]) {
			return
		}
		h.items[i], h.items[up] = h.items[up], h.items[i]
		i = up
	}
}

func (h *heap[T]) down(i int, before func(a, b T) bool) {
	for {
		least := i
		for c := 2*i + 1; c <= 2*i+2 && c < len(h.items); c++ {
			touchCompare()
			if before(h.items[c], h.items[least]) {
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

// reset empties the heap and keeps its memory.
func (h *heap[T]) reset() {
	clear(h.items)
	h.items = h.items[:0]
}
