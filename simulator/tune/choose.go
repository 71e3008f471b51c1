package tune

import (
	"context"
	"math"
	"slices"
)

// tightenings are the factors of all bounds under which the best points are candidates.
var tightenings = []float64{1, 0.93, 0.85, 0.75, 0.65, 0.55, 0.45, 0.35, 0.25}

// selectMargin is by how many standard errors a candidate must meet the goals in cases that the
// search did not see.
const selectMargin = 2

// candidates returns the best points under ever tighter bounds, those with the least objective
// first. What few cases can tell is little: a point that is well within the bounds there may be at
// them elsewhere.
func (s *session) candidates() []*Measured {
	var list []*Measured
	for _, factor := range tightenings {
		goals := s.problem.Goals
		for i := range goals {
			goals = loosened(goals, i, factor)
		}
		var found *Measured
		for _, m := range atShare(s.points, 1) {
			if m.missed(goals, 0) == 0 && (found == nil || m.Objective < found.Objective) {
				found = m
			}
		}
		if found != nil && !slices.Contains(list, found) {
			list = append(list, found)
		}
	}
	return list
}

// choose returns the first candidate that meets the goals in cases that the search did not see, or
// else the one that misses them by the least, with the figures of the search.
func (s *session) choose(ctx context.Context) (*Measured, error) {
	closest := best(s.problem.Goals, s.points)
	part := Part{Selecting, 1}
	if s.problem.Cases(part) == 0 {
		return closest, nil
	}
	chosen, least := closest, math.Inf(1)
	for _, m := range s.candidates() {
		list, _, err := s.measurePoints(ctx, part, [][]float64{m.Point})
		if err != nil {
			return chosen, err
		}
		if missed := list[0].missed(s.problem.Goals, selectMargin); missed < least {
			chosen, least = m, missed
		}
		if least == 0 {
			break
		}
	}
	return chosen, nil
}
