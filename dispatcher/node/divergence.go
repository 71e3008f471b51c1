package node

import (
	"crypto/sha256"
	"maps"
	"slices"

	"github.com/quotasched/quotasched/protos/replica"
)

const (
	// hashEvery is how many entries apart the kept hashes are.
	hashEvery = 64
	// hashesMax is how many are kept, and hashesSent how many are told to others.
	hashesMax, hashesSent = 1024, 64
)

// A hash is what the state's rolling hash was at an entry.
type hash [sha256.Size]byte

// A hashTrail keeps the rolling hash at some entries: the first one at or after each multiple of
// hashEvery, which are the same on all nodes that applied the entries around it. The zero one is
// empty.
type hashTrail struct {
	last   uint64 // the newest entry that it was told of; 0 if none
	points []hashPoint
}

type hashPoint struct {
	index uint64
	hash  hash
}

// add tells the trail of an applied entry. at is called only if the entry is one to keep.
func (t *hashTrail) add(index uint64, at func() hash) {
	if index/hashEvery > t.last/hashEvery {
		t.points = append(t.points, hashPoint{index, at()})
		if n := len(t.points); n > 2*hashesMax {
			t.points = slices.Clone(t.points[n-hashesMax:])
		}
	}
	t.last = index
}

// restart empties the trail after a snapshot, which holds the entries up to index.
func (t *hashTrail) restart(index uint64) { *t = hashTrail{last: index} }

// newest returns what is told to others.
func (t *hashTrail) newest() []*replica.RollingHash {
	var told []*replica.RollingHash
	for _, p := range t.points[max(0, len(t.points)-hashesSent):] {
		told = append(told, &replica.RollingHash{Index: p.index, Hash: p.hash[:]})
	}
	return told
}

// at returns the kept hashes by entry.
func (t *hashTrail) at() map[uint64]hash {
	m := make(map[uint64]hash, len(t.points))
	for _, p := range t.points {
		m[p.index] = p.hash
	}
	return m
}

// A verdict says whether a node's state is that of the others.
type verdict int

const (
	agrees   verdict = iota // as far as is known
	disputed                // another node has another state, and no majority says whose is wrong
	diverged                // a majority has another state
)

// A ballot is what is known of the hashes of all nodes.
type ballot struct {
	voters int
	mine   map[uint64]hash
	// peers has what each other voter said, by node and entry.
	peers map[string]map[uint64]hash
}

// judge compares this node's hashes with those of the others, and returns the verdict and the entry
// that it stands on. A hash is rolling, so that nodes which differ at one entry differ at all later
// ones: the newest entry of which this node knows enough decides.
func (b ballot) judge() (verdict, uint64) {
	at, found := uint64(0), agrees
	for _, index := range slices.Backward(slices.Sorted(maps.Keys(b.mine))) {
		votes, others := map[hash]int{b.mine[index]: 1}, false
		for _, said := range b.peers {
			if h, ok := said[index]; ok {
				votes[h]++
				others = others || h != b.mine[index]
			}
		}
		for h, n := range votes {
			if 2*n > b.voters && h != b.mine[index] {
				return diverged, index
			}
		}
		switch {
		case 2*votes[b.mine[index]] > b.voters && b.voters > 1 && found == agrees:
			return agrees, index
		case others && found == agrees:
			at, found = index, disputed
		}
	}
	return found, at
}
