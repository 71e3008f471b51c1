package scheduler

import "slices"

// A fifo gives items in the order in which they came. The zero value is empty. Its memory is used
// again: an item that goes through a fifo of n costs no allocation, and O(1) on average.
type fifo[T any] struct {
	items []T
	head  int // those before it are gone
}

// all returns the items, in the memory of the fifo.
func (q *fifo[T]) all() []T { return q.items[q.head:] }

func (q *fifo[T]) len() int { return len(q.items) - q.head }

// last returns the item that came last; there must be one.
func (q *fifo[T]) last() T { return q.items[len(q.items)-1] }

func (q *fifo[T]) push(x T) {
	if len(q.items) == cap(q.items) && q.head > len(q.items)/2 {
		q.compact()
	}
	q.items = append(q.items, x)
}

// pop takes the first item out; there must be one.
func (q *fifo[T]) pop() {
	var none T
	q.items[q.head] = none
	if q.head++; q.head == len(q.items) {
		q.items, q.head = q.items[:0], 0
	}
}

// remove takes items out wherever they are.
func (q *fifo[T]) remove(which func(T) bool) {
	q.compact()
	q.items = slices.DeleteFunc(q.items, which)
}

// compact moves the items to the beginning of the memory.
func (q *fifo[T]) compact() {
	n := copy(q.items, q.all())
	clear(q.items[n:])
	q.items, q.head = q.items[:n], 0
}
