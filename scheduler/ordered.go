package scheduler

import (
	"iter"
	"slices"
	"sort"
)

// A ranked item knows its place among its like. The order must be total, and may not change for an
// item while it is in an ordered list.
type ranked[T any] interface {
	comparable
	before(T) bool
}

// An ordered list keeps items in order in short chunks. Adding at either end and taking from it
// cost O(1) comparisons, everything else O(log n), and all of it one move within a chunk at most.
// The zero value is an empty list.
//
// Queues of requests, idle workers and runs all have this shape: nearly everything happens at the
// ends, and anything can leave from the middle.
type ordered[T ranked[T]] struct {
	chunks [][]T // none empty
	n      int
}

const (
	chunkMax   = 128 // a chunk that would grow above this is split
	chunkMerge = 32  // neighbours that hold no more than this together are joined
)

func (o *ordered[T]) len() int { return o.n }

// first returns the first item; the list must not be empty.
func (o *ordered[T]) first() T { return o.chunks[0][0] }

// last returns the last item; the list must not be empty.
func (o *ordered[T]) last() T {
	c := o.chunks[len(o.chunks)-1]
	return c[len(c)-1]
}

// all yields the items in order. The list must not change meanwhile.
func (o *ordered[T]) all() iter.Seq[T] {
	return func(yield func(T) bool) {
		for _, c := range o.chunks {
			for _, x := range c {
				if !yield(x) {
					return
				}
			}
		}
	}
}

// search returns the place of the first item for which after is true; after must be false for a
// first part of the list and true for the rest. ok is false if it is true for none.
func (o *ordered[T]) search(after func(T) bool) (x T, ok bool) {
	lo, hi := 0, len(o.chunks)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		touchCompare()
		if c := o.chunks[mid]; after(c[len(c)-1]) {
			hi = mid
		} else {
			lo = mid + 1
		}
	}
	if lo == len(o.chunks) {
		return x, false
	}
	c := o.chunks[lo]
	i, j := 0, len(c)
	for i < j {
		mid := int(uint(i+j) >> 1)
		touchCompare()
		if after(c[mid]) {
			j = mid
		} else {
			i = mid + 1
		}
	}
	return c[i], true
}

// rank counts the items for which after is false; after is as search wants it. It costs O(log n),
// and one look at each chunk.
func (o *ordered[T]) rank(after func(T) bool) (n int) {
	for _, c := range o.chunks {
		touchCompare()
		if !after(c[len(c)-1]) {
			n += len(c)
			continue
		}
		return n + sort.Search(len(c), func(i int) bool {
			touchCompare()
			return after(c[i])
		})
	}
	return n
}

// previous returns the last item before x, which itself need not be in the list.
func (o *ordered[T]) previous(x T) (prev T, ok bool) {
	ci := o.chunkFor(x)
	if ci < len(o.chunks) {
		if i := o.position(ci, x); i > 0 {
			return o.chunks[ci][i-1], true
		}
	}
	if ci == 0 {
		return prev, false
	}
	c := o.chunks[ci-1]
	return c[len(c)-1], true
}

// append adds x, which comes after all that is in the list.
func (o *ordered[T]) append(x T) {
	o.n++
	last := len(o.chunks) - 1
	if last < 0 || len(o.chunks[last]) >= chunkMax {
		o.chunks = append(o.chunks, []T{x})
		return
	}
	o.chunks[last] = append(o.chunks[last], x)
}

// insert adds x, which must not be in the list.
func (o *ordered[T]) insert(x T) {
	ci := o.chunkFor(x)
	if ci == len(o.chunks) {
		o.append(x)
		return
	}
	o.n++
	i := o.position(ci, x)
	if ci == 0 && i == 0 && len(o.chunks[0]) >= chunkMax {
		o.chunks = slices.Insert(o.chunks, 0, []T{x})
		return
	}
	c := slices.Insert(o.chunks[ci], i, x)
	o.chunks[ci] = c
	if len(c) > chunkMax {
		half := len(c) / 2
		right := slices.Clone(c[half:])
		clear(c[half:])
		o.chunks[ci] = c[:half]
		o.chunks = slices.Insert(o.chunks, ci+1, right)
	}
}

// popFirst takes out the first item; the list must not be empty.
func (o *ordered[T]) popFirst() T {
	o.n--
	c := o.chunks[0]
	x := c[0]
	var zero T
	c[0] = zero
	o.chunks[0] = c[1:]
	if len(c) == 1 {
		o.tidy(0)
	}
	return x
}

// remove takes x out, and reports whether it was there.
func (o *ordered[T]) remove(x T) bool {
	ci := o.chunkFor(x)
	if ci == len(o.chunks) {
		return false
	}
	c := o.chunks[ci]
	i := slices.Index(c, x) // cheaper than a search, which looks at items and not at the chunk alone
	if i < 0 {
		return false
	}
	o.n--
	if i == 0 { // from the front, as from a queue: the rest stays where it is
		var zero T
		c[0] = zero
		c = c[1:]
	} else {
		c = slices.Delete(c, i, i+1)
	}
	o.chunks[ci] = c
	o.tidy(ci)
	return true
}

// tidy drops chunk ci if it is empty, or joins it with a neighbour if both are small.
func (o *ordered[T]) tidy(ci int) {
	c := o.chunks[ci]
	switch {
	case len(c) == 0 && len(o.chunks) == 1:
		o.chunks = nil
	case len(c) == 0 && ci == 0:
		o.chunks[0] = nil
		o.chunks = o.chunks[1:]
	case len(c) == 0:
		o.chunks = slices.Delete(o.chunks, ci, ci+1)
	case ci > 0 && len(c)+len(o.chunks[ci-1]) <= chunkMerge:
		o.chunks[ci-1] = append(o.chunks[ci-1], c...)
		o.chunks = slices.Delete(o.chunks, ci, ci+1)
	}
}

// chunkFor returns the first chunk whose last item is not before x.
func (o *ordered[T]) chunkFor(x T) int {
	n := len(o.chunks)
	if n == 0 {
		return 0
	}
	touchCompare()
	if c := o.chunks[n-1]; c[len(c)-1].before(x) {
		return n // the usual case of a queue: x is the newest
	}
	touchCompare()
	if !o.chunks[0][0].before(x) {
		return 0 // the usual case of runs: what has just begun has cost the least
	}
	lo, hi := 0, n-1
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		touchCompare()
		if c := o.chunks[mid]; c[len(c)-1].before(x) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

// position returns the first place in chunk ci whose item is not before x.
func (o *ordered[T]) position(ci int, x T) int {
	c := o.chunks[ci]
	touchCompare()
	if !c[0].before(x) {
		return 0
	}
	lo, hi := 1, len(c)
	for lo < hi {
		mid := int(uint(lo+hi) >> 1)
		touchCompare()
		if c[mid].before(x) {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}
