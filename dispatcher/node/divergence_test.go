package node

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestJudge(t *testing.T) {
	a, b, c := hash{1}, hash{2}, hash{3}
	type said = map[uint64]hash
	for name, tc := range map[string]struct {
		ballot ballot
		want   verdict
		at     uint64
	}{
		"alone":              {ballot{1, said{64: a}, nil}, agrees, 0},
		"all agree":          {ballot{3, said{64: a}, map[string]said{"2": {64: a}, "3": {64: a}}}, agrees, 64},
		"another one is off": {ballot{3, said{64: a}, map[string]said{"2": {64: a}, "3": {64: b}}}, agrees, 64},
		"this one is off":    {ballot{3, said{64: a}, map[string]said{"2": {64: b}, "3": {64: b}}}, diverged, 64},
		"everybody differs":  {ballot{3, said{64: a}, map[string]said{"2": {64: b}, "3": {64: c}}}, disputed, 64},
		"two nodes":          {ballot{2, said{64: a}, map[string]said{"2": {64: b}}}, disputed, 64},
		"one of three heard": {ballot{3, said{64: a}, map[string]said{"2": {64: b}}}, disputed, 64},
		"the others know later entries": {
			ballot{3, said{64: a, 128: a}, map[string]said{"2": {192: b}, "3": {256: b}}}, agrees, 0},
		"off since the second": {ballot{3, said{64: a, 128: a},
			map[string]said{"2": {64: a, 128: b}, "3": {64: a, 128: b}}}, diverged, 128},
		"one peer behind": {ballot{3, said{64: a, 128: a, 192: a},
			map[string]said{"2": {64: a, 128: b}, "3": {64: a, 128: b, 192: b}}}, diverged, 128},
	} {
		t.Run(name, func(t *testing.T) {
			got, at := tc.ballot.judge()
			require.Equal(t, tc.want, got)
			require.Equal(t, tc.at, at)
		})
	}
}

// TestTheOddOneOutIsFound lets nodes apply different ranges of a history, one of them with another
// outcome somewhere, and asks each of them.
func TestTheOddOneOutIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		voters := rapid.SampledFrom([]int{3, 5}).Draw(t, "voters")
		entries := uint64(rapid.IntRange(500, 1500).Draw(t, "entries"))
		odd := rapid.IntRange(0, voters-1).Draw(t, "odd")
		off := uint64(rapid.IntRange(1, 400).Draw(t, "off at"))
		skip := uint64(rapid.IntRange(1, 5).Draw(t, "index step")) // others' entries lie between
		trails := make([]hashTrail, voters)
		for i := range trails {
			from := uint64(0)
			if i != odd && rapid.Bool().Draw(t, "has a snapshot") {
				from = uint64(rapid.IntRange(0, 300).Draw(t, "snapshot")) / skip * skip
				trails[i].restart(from)
			}
			for index := from + skip; index <= entries; index += skip {
				trails[i].add(index, func() hash {
					h := hash{byte(index), byte(index >> 8)}
					if i == odd && index >= off {
						h[31] = 1
					}
					return h
				})
			}
		}
		for i := range trails {
			b := ballot{voters: voters, mine: trails[i].at(), peers: map[string]map[uint64]hash{}}
			for j := range trails {
				if j != i {
					said := map[uint64]hash{}
					for _, h := range trails[j].newest() {
						said[h.GetIndex()] = hash(h.GetHash())
					}
					b.peers[string(rune('a'+j))] = said
				}
			}
			got, _ := b.judge()
			require.Equal(t, i == odd, got == diverged, "node %d, odd %d", i, odd)
		}
	})
}

func TestTrailIsBounded(t *testing.T) {
	var trail hashTrail
	for i := uint64(1); i < hashEvery*5000; i += hashEvery / 2 {
		trail.add(i, func() hash { return hash{1} })
		require.LessOrEqual(t, len(trail.points), 2*hashesMax)
	}
	require.Len(t, trail.newest(), hashesSent)
}
