package simulator

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
