package forecast

import (
	"crypto/sha256"
	"encoding/binary"
	"math/rand/v2"
)

// draws are numbers from 0 to below 1 that depend on nothing but a seed, a fork and a group.
type draws struct{ key [32]byte }

// newDraws returns the draws of a group.
func newDraws(seed uint64, group string) draws {
	data := binary.LittleEndian.AppendUint64(nil, seed)
	return draws{sha256.Sum256(append(data, group...))}
}

// of returns the number for a fork.
func (d draws) of(fork int) float64 { return d.rand(fork).Float64() }

// rand returns the chances for a fork, of which the first number is that of the function of.
func (d draws) rand(fork int) *rand.Rand {
	lo := binary.LittleEndian.Uint64(d.key[:8])
	hi := binary.LittleEndian.Uint64(d.key[8:16])
	return rand.New(rand.NewPCG(lo, hi^uint64(fork)*0x9e3779b97f4a7c15))
}
