package forecast

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Tasks of an account that come one after the other are alike: of one campaign, one version of a
// program, one user. So the run times of a queue of hundreds of tasks do not average out, as they
// would if each was drawn by itself, and forks that draw so are far too sure of when the queue is
// empty. Each fork therefore draws one number for all tasks of a kind (account and labels), and
// mixes it with that of a task's group by a Gaussian copula: the run time of each task has the
// distribution that it had, and two tasks of the kind are correlated as much as neighbours in the
// record are, their similarity.
const (
	// neighbours is how far apart in the record two runs are neighbours.
	neighbours = 10
	// similarityMax bounds a similarity: a record is never long enough to know more.
	similarityMax = 0.95
)

// similarityOf returns the mean correlation of the normal scores of neighbours among runs in order
// of time; 0 if it is less, or if there are too few runs to tell. O(n log n).
func similarityOf(runs []time.Duration) float64 {
	n := len(runs)
	if n < 2*neighbours {
		return 0
	}
	z := normalScores(runs)
	power, product, pairs := 0.0, 0.0, 0
	for i, a := range z {
		power += a * a
		for _, b := range z[i+1 : min(n, i+1+neighbours)] {
			product += a * b
			pairs++
		}
	}
	if power == 0 { // all are the same
		return 0
	}
	return max(0, min(similarityMax, product/float64(pairs)/(power/float64(n))))
}

// normalScores returns for each value the quantile of the normal distribution at its rank. Equal
// values share the mean of their ranks.
func normalScores(values []time.Duration) []float64 {
	n := len(values)
	order := make([]int, n)
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	z := make([]float64, n)
	for from := 0; from < n; {
		to := from + 1
		for to < n && values[order[to]] == values[order[from]] {
			to++
		}
		score := normalQuantile(float64(from+to) / 2 / float64(n))
		for _, i := range order[from:to] {
			z[i] = score
		}
		from = to
	}
	return z
}

// mix returns a share, 0 to 1, that depends on one of a kind and one of a group: evenly distributed
// if they are, and with a correlation of similarity between groups of the kind.
func mix(kind, group, similarity float64) float64 {
	if !(similarity > 0) { // also if it is not a number
		return group
	}
	similarity = min(1, similarity)
	z := math.Sqrt(similarity)*normalQuantile(kind) + math.Sqrt(1-similarity)*normalQuantile(group)
	return math.Erfc(-z/math.Sqrt2) / 2
}

// normalQuantile returns the quantile of the normal distribution at a share.
func normalQuantile(share float64) float64 {
	const least = 1e-12 // of what is infinitely far out
	return math.Sqrt2 * math.Erfinv(2*max(least, min(share, 1-least))-1)
}
