// Package orderedlist has a list that keeps its items in order, for queues: nearly everything
// happens at the ends, and anything can leave from the middle.
package orderedlist

import (
	"iter"
	"slices"
	"sort"

	"github.com/quotasched/quotasched/internal/touches"
)

// An Item knows its place among its like. The order must be total, and may not change for an item
// while it is in a list.
type Item[T any] interface {
	comparable
	Before(T) bool
}

// A List keeps items in order in short chunks. Adding at either end and taking from it cost O(1)
// comparisons, everything else O(log n), and all of it one move within a chunk at most. The zero
// value is an empty list.
type List[T Item[T]] struct {
	chunks [][]T // none empty
	n      int
}

const (
	chunkMax   = 128 // a chunk that would grow above this is split
	chunkMerge = 32  // neighbours that hold no more than this together are joined
	// An empty list keeps a chunk that has room for no more than this. If it was a queue before, the
	// memory in front of that stays as well: at most a chunk's, until the list goes.
	keptMax = 4
)

// Len returns the number of items.
func (l *List[T]) Len() int { return l.n }

// First returns the first item; the list must not be empty.
func (l *List[T]) First() T { return l.chunks[0][0] }

// Last returns the last item; the list must not be empty.
func (l *List[T]) Last() T {
	c := l.chunks[len(l.chunks)-1]
	return c[len(c)-1]
}

// All yields the items in order. The list must not change meanwhile.
func (l *List[T]) All() iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, c := range l.chunks {
			for _, x := range c {
				if !yield(x) {
					return
				}
			}
		}
	}
}

// Search returns the place of the first item for which after is true; after must be false for a
// First part of the list and true for the rest. ok is false if it is true for none.
func (l *List[T]) Search(after func(T) bool) (x T, ok bool) {
	lo, hi := 0, len(l.chunks)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		touches.Comparison()
		if c := l.chunks[mid]; after(c[len(c)-1]) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	if lo == len(l.chunks) {
		return x, false
	}
	c := l.chunks[lo]
	i, j := 0, len(c)
	for i < j {
		mid := int(uint(i+j) >> 1)
		touches.Comparison()
		if after(c[mid]) {
			j = mid
		} else {
			i = mid + 1
		}
	}
	return c[i], true
}

// From yields the items from the first one on for which after is true; after is as Search wants it.
// It costs O(log n), and one step for each item. The list must not change meanwhile.
func (l *List[T]) From(after func(T) bool) iter.Seq[T] {
	return func(yield func(T) bool) {
		first := sort.Search(len(l.chunks), func(i int) bool {
			touches.Comparison()
			return after(l.chunks[i][len(l.chunks[i])-1])
		})
		for _, c := range l.chunks[first:] {
			for _, x := range c {
				if after(x) && !yield(x) {
					return
				}
			}
		}
	}
}

// Rank counts the items for which after is false; after is as search wants it. It costs O(log n),
// and one look at each chunk.
func (l *List[T]) Rank(after func(T) bool) (n int) {
	for _, c := range l.chunks {
		touches.Comparison()
		if !after(c[len(c)-1]) {
			n += len(c)
			continue
		}
		return n + sort.Search(len(c), func(i int) bool {
			touches.Comparison()
			return after(c[i])
		})
	}
	return n
}

// Previous returns the last item before x, which itself need not be in the list.
func (l *List[T]) Previous(x T) (prev T, ok bool) {
	ci := l.chunkFor(x)
	if ci < len(l.chunks) {
		if i := l.position(ci, x); i > 0 {
			return l.chunks[ci][i-1], true
		}
	}
	if ci == 0 {
		return prev, false
	}
	c := l.chunks[ci-1]
	return c[len(c)-1], true
}

// Of returns a list of items, which are in order. They are copied.
func Of[T Item[T]](items []T) (l List[T]) {
	if len(items) == 1 {
		l.Append(items[0])
		return l
	}
	l.n = len(items)
	for chunk := range slices.Chunk(items, chunkMax) {
		l.chunks = append(l.chunks, slices.Clone(chunk))
	}
	return l
}

// Append adds x, which comes after all that is in the list.
func (l *List[T]) Append(x T) {
	l.n++
	last := len(l.chunks) - 1
	if last < 0 {
		l.begin(x)
		return
	}
	if len(l.chunks[last]) >= chunkMax {
		l.chunks = append(l.chunks, []T{x})
		return
	}
	l.chunks[last] = append(l.chunks[last], x)
}

// begin makes the first chunk of an empty list, with all that it needs in one piece of memory: most
// lists never have more than an item or two. A list that has been emptied has kept that.
func (l *List[T]) begin(x T) {
	if cap(l.chunks) > 0 {
		l.chunks = l.chunks[:1]
		l.chunks[0] = append(l.chunks[0], x)
		return
	}
	m := &struct {
		chunks [1][]T
		items  [1]T
	}{items: [1]T{x}}
	m.chunks[0] = m.items[:]
	l.chunks = m.chunks[:]
}

// Insert adds x, which must not be in the list.
func (l *List[T]) Insert(x T) {
	ci := l.chunkFor(x)
	if ci == len(l.chunks) {
		l.Append(x)
		return
	}
	l.n++
	i := l.position(ci, x)
	if ci == 0 && i == 0 && len(l.chunks[0]) >= chunkMax {
		l.chunks = slices.Insert(l.chunks, 0, []T{x})
		return
	}
	c := slices.Insert(l.chunks[ci], i, x)
	l.chunks[ci] = c
	if len(c) > chunkMax {
		half := len(c) / 2
		right := slices.Clone(c[half:])
		clear(c[half:])
		l.chunks[ci] = c[:half]
		l.chunks = slices.Insert(l.chunks, ci+1, right)
	}
}

// PopFirst takes out the first item; the list must not be empty.
func (l *List[T]) PopFirst() T {
	l.n--
	c := l.chunks[0]
	x := c[0]
	l.chunks[0] = withoutFirst(c)
	if len(c) == 1 {
		l.tidy(0)
	}
	return x
}

// withoutFirst takes the first item out of a chunk. The rest stays where it is; if there is none,
// so does the memory.
func withoutFirst[T any](c []T) []T {
	var zero T
	c[0] = zero
	if len(c) == 1 {
		return c[:0]
	}
	return c[1:]
}

// Remove takes x out, and reports whether it was there.
func (l *List[T]) Remove(x T) bool {
	ci := l.chunkFor(x)
	if ci == len(l.chunks) {
		return false
	}
	c := l.chunks[ci]
	i := slices.Index(c, x) // cheaper than a search, which looks at items and not at the chunk alone
	if i < 0 {
		return false
	}
	l.n--
	if i == 0 { // as from a queue
		c = withoutFirst(c)
	} else {
		c = slices.Delete(c, i, i+1)
	}
	l.chunks[ci] = c
	l.tidy(ci)
	return true
}

// tidy drops chunk ci if it is empty, or joins it with a neighbour if both are small.
func (l *List[T]) tidy(ci int) {
	c := l.chunks[ci]
	switch {
	case len(c) == 0 && len(l.chunks) == 1 && cap(c) <= keptMax:
		l.chunks = l.chunks[:0]
	case len(c) == 0 && len(l.chunks) == 1:
		l.chunks = nil
	case len(c) == 0 && ci == 0:
		l.chunks[0] = nil
		l.chunks = l.chunks[1:]
	case len(c) == 0:
		l.chunks = slices.Delete(l.chunks, ci, ci+1)
	case ci > 0 && len(c)+len(l.chunks[ci-1]) <= chunkMerge:
		l.chunks[ci-1] = append(l.chunks[ci-1], c...)
		l.chunks = slices.Delete(l.chunks, ci, ci+1)
	}
}

// chunkFor returns the first chunk whose last item is not before x.
func (l *List[T]) chunkFor(x T) int {
	n := len(l.chunks)
	if n == 0 {
		return 0
	}
	touches.Comparison()
	if c := l.chunks[n-1]; c[len(c)-1].Before(x) {
		return n // the usual case of a queue: x is the newest
	}
	touches.Comparison()
	if !l.chunks[0][0].Before(x) {
		return 0 // the usual case of runs: what has just begun has cost the least
	}
	lo, hi := 0, n-1
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		touches.Comparison()
		if c := l.chunks[mid]; c[len(c)-1].Before(x) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// position returns the first place in chunk ci whose item is not before x.
func (l *List[T]) position(ci int, x T) int {
	c := l.chunks[ci]
	touches.Comparison()
	if !c[0].Before(x) {
		return 0
	}
	lo, hi := 1, len(c)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		touches.Comparison()
		if c[mid].Before(x) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}
