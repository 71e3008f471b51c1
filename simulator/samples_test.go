package simulator

import (
	"slices"
	"testing"
)

// Samples have the numbers in their order, whatever the chunks.
func TestSamples(t *testing.T) {
	var s, all samples
	var want []int64
	sum := int64(0)
	for n := range int64(3 * samplesMax) {
		s.add(n * n)
		want, sum = append(want, n*n), sum+n*n
	}
	if !slices.Equal(s.list(), want) || s.sum() != sum {
		t.Errorf("%d numbers of the sum %d, want %d of %d", len(s.list()), s.sum(), len(want), sum)
	}
	all.join(&s)
	all.join(&samples{})
	all.join(&s)
	if got := all.list(); !slices.Equal(got, append(want, want...)) || all.sum() != 2*sum {
		t.Errorf("joined: %d numbers, want %d", len(got), 2*len(want))
	}
	if none := (&samples{}).list(); len(none) != 0 {
		t.Errorf("no numbers are %v", none)
	}
}
