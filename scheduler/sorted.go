package scheduler

import (
	"cmp"
	"maps"
	"slices"
)

// sortedKeys returns the keys of a map in order, which makes going through a map deterministic.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}

// collect returns the items of an ordered list, so that the list may change meanwhile.
func collect[T ranked[T]](o *ordered[T]) []T {
	return slices.AppendSeq(make([]T, 0, o.len()), o.all())
}
