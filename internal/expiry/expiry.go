// Package expiry has a queue of items that expire unless something is heard of them.
//
// The queue is lazy. What is heard of an item, or that it is gone, is not said to the queue: when
// the item's time has come, the caller looks at it again, and either lets it expire, or drops
// it, or pushes it again with the time at which it was last heard of. So an item that is heard of
// again and again costs nothing in between, and the queue needs no way to find an item in it.
//
// What is left in the queue of items that are gone is dropped when its time has come, or by Compact
// when such leftovers outnumber the living.
package expiry

import (
	"iter"
	"slices"

	"github.com/quotasched/quotasched/internal/minheap"
)

// A Time is a point in time, such as a time.Time.
type Time[S any] interface {
	Before(S) bool
}

// A Queue gives items whose time has come, the one with the earliest time first. The zero value is
// an empty queue.
//
// Items mostly come in the order of their times, and stand in a line then, which costs nothing to
// keep. The others are in a heap.
type Queue[S Time[S], T any] struct {
	line []entry[S, T] // from index first on, in order of their times
	// first is where the line begins; what stands before has been taken out.
	first int
	heap  minheap.Heap[entry[S, T]]
}

// An entry is an item, and since when nothing has been heard of it.
type entry[S Time[S], T any] struct {
	since S
	item  T
}

func (e entry[S, T]) Before(f entry[S, T]) bool { return e.since.Before(f.since) }

// Len returns the number of items, leftovers included.
func (q *Queue[S, T]) Len() int { return len(q.line) - q.first + q.heap.Len() }

// All yields the items with their times, in no order that means anything. The queue must not change
// meanwhile.
func (q *Queue[S, T]) All() iter.Seq2[S, T] {
	return func(yield func(S, T) bool) {
		for _, part := range [][]entry[S, T]{q.line[q.first:], q.heap.Items()} {
			for _, e := range part {
				if !yield(e.since, e.item) {
					return
				}
			}
		}
	}
}

// Push adds an item of which nothing has been heard since a time. It costs O(1) if no item in line
// has a later time, else O(log n).
func (q *Queue[S, T]) Push(since S, item T) {
	e := entry[S, T]{since, item}
	if n := len(q.line); n > q.first && e.Before(q.line[n-1]) {
		q.heap.Push(e)
		return
	}
	q.line = append(q.line, e)
}

// PopDue takes out the item with the earliest time, if due says of that time that it has come. It
// costs O(1) for an item in line and if no item is due, else O(log n).
func (q *Queue[S, T]) PopDue(due func(since S) bool) (item T, ok bool) {
	if q.heap.Len() > 0 && (q.first == len(q.line) || q.heap.Top().Before(q.line[q.first])) {
		if !due(q.heap.Top().since) {
			return item, false
		}
		return q.heap.Pop().item, true
	}
	if q.first == len(q.line) || !due(q.line[q.first].since) {
		return item, false
	}
	item = q.line[q.first].item
	q.line[q.first] = entry[S, T]{}
	q.first++
	if q.first > len(q.line)/2 { // so that each item is moved once on average
		q.line = slices.Delete(q.line, 0, q.first)
		q.first = 0
	}
	return item, true
}

// compactAbove is the length up to which leftovers are not worth a look.
const compactAbove = 64

// Compact takes out the items that are gone, if they must be more than half of a queue that is not
// short, as no more than the given number are living. Called after each Push, it costs O(1) for
// each item on average, and keeps the queue's memory in proportion to the living.
func (q *Queue[S, T]) Compact(living int, gone func(T) bool) {
	if q.Len() > compactAbove && q.Len() > 2*living {
		leftover := func(e entry[S, T]) bool { return gone(e.item) }
		q.line = slices.DeleteFunc(slices.Delete(q.line, 0, q.first), leftover)
		q.first = 0
		q.heap.Delete(leftover)
	}
}
