package generate

import (
	"fmt"
	"maps"
	"slices"
	"sort"
	"strconv"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/words"
)

// Mix has weights of what is chosen from: {birch: 3, oak: 1} is birch three times in four. Only
// the proportions count.
type Mix map[string]float64

const (
	// weightMax bounds weights, so that their sums are exact enough.
	weightMax = 1e9
	keysMax   = 1000
)

// checkWeight returns an error if a weight is out of range.
func checkWeight(weight float64) error {
	if !(weight >= 0 && weight <= weightMax) {
		return fmt.Errorf("a weight of %s is not from 0 to %s", words.Plain(weight),
			words.Plain(weightMax))
	}
	return nil
}

// validate returns nil, or errors that name the keys; check, if not nil, looks at each of them.
func (m Mix) validate(check func(key string) error) error {
	var all mistakes
	if len(m) > keysMax {
		all.addf("there are %s keys, more than %s", words.Number(len(m)), words.Number(keysMax))
		return all.join()
	}
	sum := 0.0
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if err := checkWeight(m[key]); err != nil {
			all.add(field.In(key, err))
			continue
		}
		sum += m[key]
		if check != nil {
			all.add(field.In(key, check(key)))
		}
	}
	if len(all) == 0 && sum == 0 {
		all.addf("no weight is more than 0")
	}
	return all.join()
}

// sizesMix returns a mix of sizes as one of texts; nil of nil.
func sizesMix(m map[int]float64) Mix {
	if m == nil {
		return nil
	}
	out := make(Mix, len(m))
	for size, weight := range m {
		out[strconv.Itoa(size)] = weight
	}
	return out
}

// choice is a mix, ready to be drawn from.
type choice struct {
	keys []string
	// upTo has, for each key, the sum of the weights up to and with its own.
	upTo []float64
}

// newChoice orders a mix by its keys, without those of weight 0.
func newChoice(m Mix) choice {
	var c choice
	sum := 0.0
	for _, key := range slices.Sorted(maps.Keys(m)) {
		if m[key] > 0 {
			sum += m[key]
			c.keys = append(c.keys, key)
			c.upTo = append(c.upTo, sum)
		}
	}
	return c
}

// at returns the index of the key at a place between 0 and 1, where each key takes up as much room
// as its weight says.
func (c choice) at(place float64) int {
	last := len(c.keys) - 1
	place *= c.upTo[last]
	return min(last, sort.Search(last, func(i int) bool { return place < c.upTo[i] }))
}

// places returns n random places for a choice. If they are even, each n-th of the room between 0
// and 1 has one of them, so that every key is met as often as its weight says, give or take one.
func (s sequence) places(n int, even bool) []float64 {
	places := make([]float64, n)
	if !even {
		for i := range places {
			places[i] = s.uniform()
		}
		return places
	}
	offset := s.uniform()
	for i := range places {
		places[i] = (float64(i) + offset) / float64(n)
	}
	s.shuffle(places)
	return places
}
