package forecast

import "math"

// Past scores say what forks get wrong in cases like those that were forecast. Where there were few
// such cases, something else must be said: that a real wait is mostly within a factor of twenty of
// the forks' median, either way, and sometimes beyond. This prior counts as much as the outcomes of
// one time that are just like the new forecast. Outcomes of one time are alike, as all of them
// waited in one queue, so it is times that are weighed against it, and not outcomes (as in
// hierarchical conformal prediction: Lee, Barber, Willett, 2023). So the answer in a case that the
// past has not seen, such as the first burst of hundreds of tasks, is wide; where thirty past times
// agree, the prior is 3 %.
//
// The answer is a mixture of the outcomes and the prior, and outcomes that are open hand nothing on
// to the prior: how long they go on is another question (see the file openoutcomes.go).
const (
	// priorTimes is how many times' outcomes the prior counts for.
	priorTimes = 1
	// priorSpread is the logarithm from the median to either decile of the prior.
	priorSpread = 3
	// priorParts is in how many scores of equal weight it is.
	priorParts = 20
)

// priorWeight returns the weight of the prior beside outcomes with a total weight, given how near
// each of their times is to the forecast, 0 to 1.
func priorWeight(near []float64, total float64) float64 {
	times := 0.0
	for _, n := range near {
		times += n
	}
	if times == 0 {
		return 1
	}
	return priorTimes * total / times
}

// priorOf returns the scores of the prior, in order, beside forks with a scale.
func priorOf(s scale, weight float64) []weightedScore {
	list := make([]weightedScore, priorParts)
	for i := range list {
		r := priorSpread * laplaceQuantile((float64(i)+0.5)/priorParts)
		score := r / s.up
		if r < 0 {
			score = r / s.down
		}
		list[i] = weightedScore{score, weight / priorParts}
	}
	return list
}

// laplaceQuantile returns the quantile at a share of the Laplace distribution, which has more of
// what is far out than the normal one, scaled to have its deciles at -1 and 1.
func laplaceQuantile(share float64) float64 {
	if share < 0.5 {
		return math.Log(2*share) / math.Log(5)
	}
	return -math.Log(2*(1-share)) / math.Log(5)
}
