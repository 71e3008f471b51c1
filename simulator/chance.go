package simulator

import (
	"math"
	"math/rand/v2"
	"time"
)

// stream names a source of chance. Each has numbers of its own, so that one fault happens when it
// does whatever the others do.
type stream uint64

const (
	streamPollLost stream = iota + 1
	streamStopLost
	streamNewsLost
	streamNewsRepeated
	streamNewsShuffled
	streamNewsDelayed
	streamRestarts
	streamSkew
	// streamDeaths is the first worker's, and those after it the others'.
	streamDeaths
)

// chance is a source of random numbers that depend on the seed and its stream alone.
type chance struct{ r *rand.Rand }

func newChance(seed uint64, s stream) chance {
	return chance{rand.New(rand.NewPCG(seed, uint64(s)))}
}

// hits is true for a part of the calls, 0 to 1.
func (c chance) hits(part float64) bool { return c.r.Float64() < part }

// below returns a number from 0 to n-1.
func (c chance) below(n int) int { return c.r.IntN(n) }

// around returns a time that is the mean on average: short ones are common, long ones rare, as
// between independent accidents. The longest is within maxSubmit.
func (c chance) around(mean time.Duration) time.Duration {
	return time.Duration(math.Min(c.r.ExpFloat64()*float64(mean), float64(maxSubmit)))
}

// untilNext returns how long it takes until something happens that happens so often a day.
func (c chance) untilNext(perDay float64) time.Duration {
	days := c.r.ExpFloat64() / perDay
	return time.Duration(math.Min(days*float64(24*time.Hour), float64(maxSubmit)))
}

// scatter turns three numbers into one that looks like chance, and is always the same for the same
// three: a stateless random number. It is the finalizer of SplitMix64, applied to each in turn.
func scatter(seed, a, b uint64) uint64 {
	x := seed
	for _, n := range [...]uint64{a, b} {
		x += n*0x9e3779b97f4a7c15 + 0x9e3779b97f4a7c15
		x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
		x = (x ^ x>>27) * 0x94d049bb133111eb
		x ^= x >> 31
	}
	return x
}
