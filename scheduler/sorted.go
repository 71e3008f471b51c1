package scheduler

import (
	"cmp"
	"encoding/binary"
	"iter"
	"maps"
	"slices"
)

// sortedKeys returns the keys of a map in order, which makes going through a map deterministic.
func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	return slices.Sorted(maps.Keys(m))
}

// A named item is one that is sorted by its id.
type named[T any] struct {
	id   string
	item T
}

// itemsByID yields the items of a map by id. The map must not change meanwhile.
func itemsByID[K ~string, T any](m map[K]T) iter.Seq[T] {
	list := make([]named[T], 0, len(m))
	for id, item := range m {
		list = append(list, named[T]{string(id), item})
	}
	return byID(list)
}

// byID yields items by id. Ids of a pool tend to begin alike, so what they have in common is passed
// over, and most pairs are told apart by the eight bytes behind it. What is sorted are these bytes
// and the items' places in the list, in which there are no pointers: moving pointers costs several
// times as much while the garbage collector runs.
func byID[T any](list []named[T]) iter.Seq[T] {
	common := commonPrefix(list)
	type place struct {
		digest uint64
		at     int32
	}
	order := make([]place, len(list))
	for i := range list {
		var word [8]byte
		copy(word[:], list[i].id[common:])
		order[i] = place{binary.BigEndian.Uint64(word[:]), int32(i)}
	}
	slices.SortFunc(order, func(a, b place) int {
		if a.digest != b.digest {
			return cmp.Compare(a.digest, b.digest)
		}
		return cmp.Compare(list[a.at].id, list[b.at].id)
	})
	return func(yield func(T) bool) {
		for _, o := range order {
			if !yield(list[o.at].item) {
				return
			}
		}
	}
}

// commonPrefix returns how many bytes the ids of all items begin with.
func commonPrefix[T any](list []named[T]) int {
	if len(list) == 0 {
		return 0
	}
	common := list[0].id
	for i := range list {
		n := 0
		for id := list[i].id; n < len(common) && n < len(id) && id[n] == common[n]; {
			n++
		}
		common = common[:n]
	}
	return len(common)
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
