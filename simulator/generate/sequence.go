package generate

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
)

// sequence is a sequence of random numbers. Each kind of choice that a stream makes has one of its
// own, which depends on the seed, the stream's name and the kind alone: whoever makes tests longer
// has the same tests at the same times as before.
type sequence struct {
	source *rand.PCG
}

// newSequence returns the sequence of a seed and names.
func newSequence(seed uint64, names ...string) sequence {
	b := binary.BigEndian.AppendUint64(nil, seed)
	for _, name := range names {
		b = binary.BigEndian.AppendUint64(b, uint64(len(name)))
		b = append(b, name...)
	}
	sum := sha256.Sum256(b)
	return sequence{rand.NewPCG(binary.BigEndian.Uint64(sum[:8]),
		binary.BigEndian.Uint64(sum[8:16]))}
}

// uniform returns a number between 0 and 1, never one of them.
func (s sequence) uniform() float64 {
	const bits = 52
	return (float64(s.source.Uint64()>>(64-bits)) + 0.5) / (1 << bits)
}

// exponential returns a number more than 0, 1 on average.
func (s sequence) exponential() float64 { return -ln(s.uniform()) }

// below returns one of 0 to n-1; n is more than 0.
func (s sequence) below(n int) int { return min(n-1, int(float64(s.uniform()*float64(n)))) }

// shuffle puts values in a random order.
func (s sequence) shuffle(values []float64) {
	for i := len(values) - 1; i > 0; i-- {
		j := s.below(i + 1)
		values[i], values[j] = values[j], values[i]
	}
}
