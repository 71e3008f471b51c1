package scheduler

import (
	"cmp"
	"encoding/binary"
	"maps"
	"slices"
)

// sortedKeys returns the keys of a map in order, which makes going through a map deterministic.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}

// A named item is one that is sorted by its id.
type named[T any] struct {
	id     string
	digest uint64 // 8 bytes of the id, which order most pairs
	item   T
}

// sortedByID returns the items of a map by id.
func sortedByID[K ~string, T any](m map[K]T) []named[T] {
	list := make([]named[T], 0, len(m))
	for id, item := range m {
		list = append(list, named[T]{id: string(id), item: item})
	}
	sortByID(list)
	return list
}

// sortByID sorts items by id. Ids of a pool tend to begin alike, so what they have in common is
// passed over, and most pairs are told apart by the eight bytes behind it.
func sortByID[T any](list []named[T]) {
	if len(list) == 0 {
		return
	}
	common := list[0].id
	for i := range list {
		n := 0
		for id := list[i].id; n < len(common) && n < len(id) && id[n] == common[n]; {
			n++
		}
		common = common[:n]
	}
	for i := range list {
		var word [8]byte
		copy(word[:], list[i].id[len(common):])
		list[i].digest = binary.BigEndian.Uint64(word[:])
	}
	slices.SortFunc(list, func(a, b named[T]) int {
		if a.digest != b.digest {
			return cmp.Compare(a.digest, b.digest)
		}
		return cmp.Compare(a.id, b.id)
	})
}

// An idRank has the first 16 bytes of an id as numbers. Ids with different ranks are in the order
// of their ranks, which are compared without going where the ids' texts are.
type idRank [2]uint64

func rankOf(id string) idRank {
	var text [16]byte
	copy(text[:], id)
	return idRank{binary.BigEndian.Uint64(text[:8]), binary.BigEndian.Uint64(text[8:])}
}

func (r idRank) Before(q idRank) bool {
	return r[0] < q[0] || r[0] == q[0] && r[1] < q[1]
}
