package simulator

import "slices"

// samples are numbers, of which there may be many: they never move when more come.
type samples struct{ chunks [][]int64 }

// The first chunk has room for samplesMin numbers, each further one for twice as many as the one
// before, up to samplesMax.
const samplesMin, samplesMax = 16, 8192

// add adds a number.
func (s *samples) add(x int64) {
	last := len(s.chunks) - 1
	if last < 0 || len(s.chunks[last]) == cap(s.chunks[last]) {
		room := samplesMin
		if last >= 0 {
			room = min(2*cap(s.chunks[last]), samplesMax)
		}
		s.chunks = append(s.chunks, make([]int64, 0, room))
		last++
	}
	s.chunks[last] = append(s.chunks[last], x)
}

// join adds the numbers of others, which share them from then on.
func (s *samples) join(others *samples) { s.chunks = append(s.chunks, others.chunks...) }

// list returns the numbers in a new slice, in the order in which they came.
func (s *samples) list() []int64 { return slices.Concat(s.chunks...) }

// sum returns the sum of the numbers.
func (s *samples) sum() int64 {
	sum := int64(0)
	for _, c := range s.chunks {
		for _, x := range c {
			sum += x
		}
	}
	return sum
}
