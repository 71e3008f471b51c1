package generate

import (
	"math"
	"strconv"
)

// spreader spreads mixes over workers evenly: after any number of them, each key has been taken as
// often as its weight says, give or take one, and so it is with each further mix among the workers
// that have the same keys of the mixes before.
type spreader map[string][]int

// next returns the keys of the next worker, one of each mix.
func (s spreader) next(mixes []choice) []string {
	path := ""
	keys := make([]string, len(mixes))
	for i, c := range mixes {
		taken := s[path]
		if taken == nil {
			taken = make([]int, len(c.keys))
			s[path] = taken
		}
		best := c.mostDue(taken)
		taken[best]++
		keys[i] = c.keys[best]
		path += strconv.Itoa(best) + " "
	}
	return keys
}

// mostDue returns the key that is the furthest behind its weight, once one more is taken; the first
// of equal ones.
func (c choice) mostDue(taken []int) int {
	n := 1
	for _, k := range taken {
		n += k
	}
	best, bestDue := 0, math.Inf(-1)
	for i, k := range taken {
		weight := c.upTo[i]
		if i > 0 {
			weight -= c.upTo[i-1]
		}
		due := float64(float64(n)*weight)/c.upTo[len(c.upTo)-1] - float64(k)
		if due > bestDue+1e-9 {
			best, bestDue = i, due
		}
	}
	return best
}
