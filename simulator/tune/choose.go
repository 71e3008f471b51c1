package tune

import (
	"context"
	"slices"
)

// tightenings are the factors of all bounds, and the margins in standard errors, under which the
// best points are candidates.
var tightenings = []struct{ factor, margin float64 }{
	{1, 0}, {1, 1}, {0.97, 1}, {0.93, 1}, {0.88, 1}, {0.8, 1}, {0.7, 1},
}

// choose measures the candidates in other cases than the search, and returns the best of them, with
// the figures of the search.
func (s *session) choose(ctx context.Context) (*Measured, error) {
	var candidates []*Measured
	for _, t := range tightenings {
		goals := s.problem.Goals
		for i := range goals {
			goals = loosened(goals, i, t.factor)
		}
		var found *Measured
		for _, m := range atShare(s.points, 1) {
			if m.missed(goals, t.margin) == 0 && (found == nil || m.Objective < found.Objective) {
				found = m
			}
		}
		if found != nil && !slices.Contains(candidates, found) {
			candidates = append(candidates, found)
		}
	}
	closest := best(s.problem.Goals, s.points)
	part := Part{Selecting, 1}
	if len(candidates) == 0 || s.problem.Cases(part) == 0 {
		return closest, nil
	}
	var points [][]float64
	for _, m := range candidates {
		points = append(points, m.Point)
	}
	list, _, err := s.measurePoints(ctx, part, points)
	if err != nil {
		return closest, err
	}
	at := 0
	for i := range list {
		if order(s.problem.Goals, list[i], list[at]) < 0 {
			at = i
		}
	}
	return candidates[at], nil
}
