package simulator

import (
	"slices"
	"time"
)

// Distribution sums up a set of durations, in seconds. Quantiles are exact: each is the smallest
// value that at least that part of the values does not exceed. All are 0 if there are no values.
type Distribution struct {
	// Count is the number of values.
	Count int `json:"count"`
	// MeanSeconds is their mean.
	MeanSeconds float64 `json:"mean_seconds"`
	// P50Seconds is the median; the others accordingly.
	P50Seconds float64 `json:"p50_seconds"`
	P90Seconds float64 `json:"p90_seconds"`
	P95Seconds float64 `json:"p95_seconds"`
	P99Seconds float64 `json:"p99_seconds"`
	// MaxSeconds is the largest value.
	MaxSeconds float64 `json:"max_seconds"`
}

// distribution sums up values in milliseconds. It sorts them.
func distribution(values []int64) Distribution {
	if len(values) == 0 {
		return Distribution{}
	}
	slices.Sort(values)
	sum := int64(0)
	for _, v := range values {
		sum += v
	}
	return Distribution{
		Count:       len(values),
		MeanSeconds: meanSeconds(sum, len(values)),
		P50Seconds:  seconds(percentile(values, 50)),
		P90Seconds:  seconds(percentile(values, 90)),
		P95Seconds:  seconds(percentile(values, 95)),
		P99Seconds:  seconds(percentile(values, 99)),
		MaxSeconds:  seconds(values[len(values)-1]),
	}
}

// percentile returns the smallest of the sorted values that percent in a hundred of them do not
// exceed; percent is from 0 to 100, and there is a value.
func percentile(sorted []int64, percent int) int64 {
	rank := (percent*len(sorted) + 99) / 100
	return sorted[max(rank, 1)-1]
}

// percentilesSeconds returns the percentiles 0 to 100 of sorted values in milliseconds: the
// smallest value comes first, the largest last. It is empty if there are no values.
func percentilesSeconds(sorted []int64) []float64 {
	list := []float64{}
	for percent := 0; percent <= 100 && len(sorted) > 0; percent++ {
		list = append(list, seconds(percentile(sorted, percent)))
	}
	return list
}

// DistributionOf sums up durations, each rounded down to a millisecond. Cost: O(n log n).
func DistributionOf(values []time.Duration) Distribution {
	in := make([]int64, len(values))
	for i, d := range values {
		in[i] = millis(d)
	}
	return distribution(in)
}
