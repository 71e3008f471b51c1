package tune

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
)

// frontierFactors are by what the bounds of goals are multiplied, or divided if they are lower
// ones; those that are searched for come first.
var frontierFactors = []float64{0.5, 2, 0.75, 1, 1.5}

const frontierSearched = 2

// loosened returns the goals with another bound of one.
func loosened(goals []Goal, i int, factor float64) []Goal {
	goals = slices.Clone(goals)
	if goals[i].AtLeast {
		factor = 1 / factor
	}
	goals[i].Bound *= factor
	return goals
}

// frontier searches for points with other bounds of each goal, the tighter ones first, as far as
// its part of the budget goes: a generation of one at least.
func (s *session) frontier(ctx context.Context) error {
	each := len(s.problem.Goals)
	n := each * frontierSearched
	for k := range n {
		if k > 0 && s.spent() >= frontierUntil {
			break
		}
		goals := loosened(s.problem.Goals, k%each, frontierFactors[k/each])
		from := best(goals, s.points)
		random := rand.New(rand.NewPCG(s.options.Seed, 1<<32+uint64(k)))
		place := s.problem.units(from.Point)
		part := (frontierUntil - searchUntil) / float64(n)
		_, err := s.evolve(ctx, newStrategy(random, place, 0.12), evolution{whole, goals,
			searchUntil + part*float64(k+1), place})
		if err != nil {
			return err
		}
	}
	return nil
}

// steps says what other bounds of each goal cost, from all that was measured.
func (s *session) steps() []Step {
	factors := slices.Sorted(slices.Values(frontierFactors))
	list := []Step{}
	for i := range s.problem.Goals {
		for _, factor := range factors {
			goals := loosened(s.problem.Goals, i, factor)
			step := Step{Goal: i, Bound: Figure(goals[i].Bound), Objective: Figure(math.Inf(1))}
			for _, m := range atShare(s.points, 1) {
				if m.missed(goals, 0) == 0 && m.Objective < step.Objective {
					step.Objective, step.Point = m.Objective, m.Point
				}
			}
			list = append(list, step)
		}
	}
	return list
}
