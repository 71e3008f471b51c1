package reference_test

import (
	"fmt"
	"math/rand/v2"

	"pgregory.net/rapid"
)

// dice decide what a generator leaves open.
type dice interface {
	// roll returns a number from 0 to n-1.
	roll(n int) int
}

// rapidDice are rolled by rapid, which makes a failure small.
type rapidDice struct{ t *rapid.T }

// faces has, for each n, the generator of 0 to n-1.
var faces = map[int]*rapid.Generator[int]{}

func (d rapidDice) roll(n int) int {
	if faces[n] == nil {
		all := make([]int, n)
		for i := range all {
			all[i] = i
		}
		faces[n] = rapid.SampledFrom(all)
	}
	return faces[n].Draw(d.t, fmt.Sprintf("d%d", n))
}

// seededDice roll the same for the same seed on every machine.
type seededDice struct{ r *rand.Rand }

func newSeededDice(seed uint64) seededDice {
	return seededDice{rand.New(rand.NewPCG(seed, 0))}
}

func (d seededDice) roll(n int) int { return d.r.IntN(n) }

// pick returns one of the values; one that stands there twice is picked twice as often.
func pick[T any](d dice, values ...T) T { return values[d.roll(len(values))] }

// chance is true percent times in a hundred. What is rarer comes first when a failure is made
// small, so false is the number 0.
func chance(d dice, percent int) bool { return d.roll(100) >= 100-percent }

// between returns a number from lo to hi.
func between(d dice, lo, hi int) int { return lo + d.roll(hi-lo+1) }

// weighted is one of several things to do, and how often to do it.
type weighted[T any] struct {
	weight int
	value  T
}

// pickWeighted returns one of the values, in proportion to their weights.
func pickWeighted[T any](d dice, choices []weighted[T]) T {
	total := 0
	for _, c := range choices {
		total += c.weight
	}
	n := d.roll(total)
	for _, c := range choices {
		if n < c.weight {
			return c.value
		}
		n -= c.weight
	}
	panic("weights do not add up")
}
