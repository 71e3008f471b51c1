package words_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/internal/words"
)

func TestDurationsOfOneSentenceHaveOneUnit(t *testing.T) {
	for _, c := range []struct {
		in   []float64
		want []string
	}{
		{[]float64{5520, 3840}, []string{"92 min", "64 min"}},
		{[]float64{50, 1260}, []string{"0.8 min", "21 min"}},
		{[]float64{96, 2100}, []string{"1.6 min", "35 min"}},
		{[]float64{20_700, 2160}, []string{"5.8 h", "0.6 h"}},
		{[]float64{9, 12.3}, []string{"9.0 s", "12 s"}},
		{[]float64{10, 318}, []string{"0.2 min", "5.3 min"}},
		{[]float64{3, 90_000}, []string{"0.00 h", "25 h"}},
		{[]float64{0, 90_000}, []string{"0 h", "25 h"}},
		{[]float64{36_300, 36_900}, []string{"10.1 h", "10.2 h"}},
		{[]float64{36_000, 36_001}, []string{"10 h", "10 h"}},
		{[]float64{1e6, 1e9}, []string{"12 d", "11,574 d"}},
		{[]float64{math.NaN(), 60}, []string{"–", "60 s"}},
		{[]float64{-120, 60}, []string{"−2.0 min", "1.0 min"}},
		{nil, []string{}},
	} {
		require.Equal(t, c.want, words.SecondsAlike(c.in...), "%v", c.in)
	}
}
