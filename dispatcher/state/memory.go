package state

import "github.com/quotasched/quotasched/dispatcher/internal/wire"

// A workMemory is what all pools of a state use again and again, one entry after the other.
type workMemory struct {
	reader    wire.EntryReader
	operation operationMemory
	steps     slab[stepMemory]
	decisions decisions
	changes   slab[changeMessage]
}

// A slab has values of a type made several at a time, in one piece of memory. That stays as long as
// one of them is needed, so they are for what goes together: the events and answers of an entry.
type slab[T any] struct{ free []T }

// slabSize is how many values are made at a time.
const slabSize = 16

// next returns a value that nobody else has.
func (s *slab[T]) next() *T {
	if len(s.free) == 0 {
		s.free = make([]T, slabSize)
	}
	v := &s.free[0]
	s.free = s.free[1:]
	return v
}

// copyOf returns a copy of a list; nil for an empty one.
func (s *slab[T]) copyOf(list []T) []T {
	n := len(list)
	if n == 0 {
		return nil
	}
	if n > len(s.free) {
		s.free = make([]T, max(n, slabSize))
	}
	c := s.free[:n:n]
	s.free = s.free[n:]
	copy(c, list)
	return c
}
