package tune

import (
	"math"
	"slices"
)

// Measured is a point and what it comes to, as means over the cases.
type Measured struct {
	// Point has the value of each knob.
	Point []float64 `json:"point"`
	// Share is how much of the workload it was measured with.
	Share float64 `json:"share"`
	// Objective is the mean of the objective.
	Objective Figure `json:"objective"`
	// Goals has the mean of the figure of each goal, and Errors its standard error over the cases; 0
	// if there is one case.
	Goals  []Figure `json:"goals"`
	Errors []Figure `json:"errors"`
}

// Summary sums the cases of a point up.
func summary(point []float64, share float64, cases []Outcome) *Measured {
	m := &Measured{Point: point, Share: share}
	var objective []float64
	for i := range cases {
		objective = append(objective, cases[i].Objective)
	}
	mean, _ := meanOf(objective)
	m.Objective = Figure(mean)
	for g := range cases[0].Goals {
		var list []float64
		for i := range cases {
			list = append(list, cases[i].Goals[g])
		}
		mean, deviation := meanOf(list)
		m.Goals = append(m.Goals, Figure(mean))
		m.Errors = append(m.Errors, Figure(deviation/math.Sqrt(float64(len(list)))))
	}
	return m
}

// meanOf returns the mean and the standard deviation; the latter is 0 of one number, and where the
// mean is infinite.
func meanOf(list []float64) (mean, deviation float64) {
	for _, x := range list {
		mean += x
	}
	mean /= float64(len(list))
	if len(list) < 2 || math.IsInf(mean, 0) || math.IsNaN(mean) {
		return mean, 0
	}
	squares := 0.0
	for _, x := range list {
		squares += (x - mean) * (x - mean)
	}
	return mean, math.Sqrt(squares / float64(len(list)-1))
}

// missed returns by how much the goals are missed together, with a margin of so many standard
// errors; 0 if all are met.
func (m *Measured) missed(goals []Goal, margin float64) float64 {
	sum := 0.0
	for i := range goals {
		sum += goals[i].misses(m.careful(goals, i, margin))
	}
	return sum
}

// careful returns the figure of a goal, made worse by a margin.
func (m *Measured) careful(goals []Goal, i int, margin float64) float64 {
	if goals[i].AtLeast {
		margin = -margin
	}
	return float64(m.Goals[i]) + margin*float64(m.Errors[i])
}

// tension returns the figure of the tightest goal as a part of its bound.
func (m *Measured) tension(goals []Goal) float64 {
	most := math.Inf(-1)
	for i := range goals {
		part := float64(m.Goals[i]) / goals[i].Bound
		if goals[i].AtLeast {
			part = goals[i].Bound / float64(m.Goals[i])
		}
		if !math.IsNaN(part) {
			most = max(most, part)
		}
	}
	return most
}

// searchMargin is by how many standard errors goals must be met while searching.
const searchMargin = 1

// order compares two points: negative if a is better.
func order(goals []Goal, a, b *Measured) int {
	missA, missB := a.missed(goals, searchMargin), b.missed(goals, searchMargin)
	switch {
	case missA != missB:
		return sign(missA - missB)
	case missA > 0:
		return 0
	case a.Objective != b.Objective:
		return sign(float64(a.Objective) - float64(b.Objective))
	}
	return sign(a.tension(goals) - b.tension(goals))
}

func sign(x float64) int {
	switch {
	case x < 0:
		return -1
	case x > 0:
		return 1
	}
	return 0
}

// best returns the best of the points that were measured with the largest share that any was; the
// first of equal ones, nil of none.
func best(goals []Goal, list []*Measured) *Measured {
	var found *Measured
	for _, m := range list {
		if found == nil || m.Share > found.Share || m.Share == found.Share && order(goals, m, found) < 0 {
			found = m
		}
	}
	return found
}

// atShare returns those that were measured with a share.
func atShare(list []*Measured, share float64) []*Measured {
	return slices.DeleteFunc(slices.Clone(list), func(m *Measured) bool { return m.Share != share })
}
