package tune

import (
	"context"
	"math"
	"math/rand/v2"
	"slices"
)

// SelectMargin is by how many standard errors a point must meet the goals in cases that the search
// did not see. Of ten cases the verdict's confidence takes 2.3 of them; with 0.7 more it comes out
// as met two times of three, and the mean is within the bounds 98 times of 100. More would cost
// more than it is worth.
const SelectMargin = 3

const (
	// selectRounds is how many points are tried in cases that the search did not see, at most.
	selectRounds = 6
	// tighter is by how much more than needed a bound is tightened from round to round.
	tighter = 0.95
)

// choose returns the first point that meets the goals in cases that the search did not see, or else
// the one that misses them by the least, with the figures of the search. The first that it tries is
// the best for the goals. What the cases that the search did not see add to a figure, the next
// bounds take off: the best point for these is tried then, after a short search for it if none that
// is known meets them.
func (s *session) choose(ctx context.Context) (*Measured, error) {
	closest := best(s.problem.Goals, s.points)
	part := Part{Selecting, 1}
	if s.problem.Cases(part) == 0 || closest.Share < 1 {
		return closest, nil
	}
	chosen, least := closest, math.Inf(1)
	goals := s.problem.Goals
	var tried []*Measured
	for round := range selectRounds {
		m, err := s.candidate(ctx, goals, round, tried)
		if m == nil || err != nil {
			return chosen, err
		}
		tried = append(tried, m)
		list, _, err := s.measurePoints(ctx, part, [][]float64{m.Point})
		if err != nil {
			return chosen, err
		}
		if missed := list[0].missed(s.problem.Goals, SelectMargin); missed < least {
			chosen, least = m, missed
		}
		if least == 0 {
			return s.cheapened(ctx, part, chosen, tried)
		}
		goals = s.tightened(goals, m, list[0])
	}
	return chosen, nil
}

// cheapened returns the least point for one knob, if it lies between the one that meets the goals
// and the dearest of those that were tried before.
func (s *session) cheapened(ctx context.Context, part Part, met *Measured, tried []*Measured) (
	*Measured, error) {
	if len(s.problem.Knobs) > 1 {
		return met, nil
	}
	var failed *Measured
	for _, m := range tried {
		if m.Objective < met.Objective && (failed == nil || m.Objective > failed.Objective) {
			failed = m
		}
	}
	if failed == nil {
		return met, nil
	}
	return s.edge(ctx, part, met, failed)
}

// candidate returns the point with the least objective that meets the goals; nil if there is none
// that was not tried before, not even after a search.
func (s *session) candidate(ctx context.Context, goals []Goal, round int, tried []*Measured) (
	*Measured, error) {
	find := func() *Measured {
		var found *Measured
		for _, m := range atShare(s.points, 1) {
			if m.missed(goals, 0) == 0 && !slices.Contains(tried, m) &&
				(found == nil || m.Objective < found.Objective) {
				found = m
			}
		}
		return found
	}
	if m := find(); m != nil {
		return m, nil
	}
	from := best(goals, s.points)
	random := rand.New(rand.NewPCG(s.options.Seed, 2<<32+uint64(round)))
	place := s.problem.units(from.Point)
	part := (selectUntil - frontierUntil) / selectRounds
	_, err := s.evolve(ctx, newStrategy(random, place, 0.12), evolution{whole, goals,
		frontierUntil + part*float64(round+1), place})
	if err != nil {
		return nil, err
	}
	if m := find(); m != nil {
		return m, nil
	}
	if m := best(goals, s.points); !slices.Contains(tried, m) {
		return m, nil
	}
	return nil, nil
}

// tightened returns bounds for the search under which a point should meet the goals in other cases,
// too: each by as much tighter as the figure there, with its margin, was above the goal's bound.
func (s *session) tightened(goals []Goal, seen, elsewhere *Measured) []Goal {
	goals = slices.Clone(goals)
	for i := range goals {
		want := s.problem.Goals[i]
		edge := elsewhere.careful(s.problem.Goals, i, SelectMargin)
		if want.misses(edge) == 0 {
			continue
		}
		factor := want.Bound / edge
		if want.AtLeast {
			factor = edge / want.Bound
		}
		if !(factor > 0.25) { // not infinite, negative or no number either
			factor = 0.25
		}
		factor *= tighter
		if want.AtLeast {
			goals[i].Bound = max(goals[i].Bound, float64(seen.Goals[i])) / factor
		} else {
			goals[i].Bound = min(goals[i].Bound, float64(seen.Goals[i])) * factor
		}
	}
	return goals
}
