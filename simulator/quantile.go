package simulator

import (
	"math"
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
		MeanSeconds: seconds(sum) / float64(len(values)),
		P50Seconds:  seconds(quantile(values, 0.50)),
		P90Seconds:  seconds(quantile(values, 0.90)),
		P95Seconds:  seconds(quantile(values, 0.95)),
		P99Seconds:  seconds(quantile(values, 0.99)),
		MaxSeconds:  seconds(values[len(values)-1]),
	}
}

// quantile returns the smallest of the sorted values that a part q of them does not exceed.
func quantile(sorted []int64, q float64) int64 {
	rank := int(math.Ceil(q * float64(len(sorted))))
	return sorted[max(rank, 1)-1]
}

// seconds turns milliseconds into seconds.
func seconds(millis int64) float64 { return float64(millis) / 1000 }

// DistributionOf sums up durations, each rounded down to a millisecond. Cost: O(n log n).
func DistributionOf(values []time.Duration) Distribution {
	in := make([]int64, len(values))
	for i, d := range values {
		in[i] = millis(d)
	}
	return distribution(in)
}
