package tune

import (
	"math"
	"slices"
)

// limits says how far each goal can be met.
func (s *session) limits() []Limit {
	goals := s.problem.Goals
	all := atShare(s.points, 1)
	list := make([]Limit, len(goals))
	met := slices.ContainsFunc(all, func(m *Measured) bool { return m.missed(goals, 0) == 0 })
	for i := range goals {
		l := &list[i]
		worst := Figure(math.Inf(1))
		if goals[i].AtLeast {
			worst = -worst
		}
		l.Best, l.WithOthers = worst, worst
		others := slices.Delete(slices.Clone(goals), i, i+1)
		for _, m := range all {
			without := *m
			without.Goals = slices.Delete(slices.Clone(m.Goals), i, i+1)
			without.Errors = slices.Delete(slices.Clone(m.Errors), i, i+1)
			l.Best = goals[i].better(l.Best, m.Goals[i])
			if without.missed(others, 0) == 0 {
				l.WithOthers = goals[i].better(l.WithOthers, m.Goals[i])
				l.Forbids = !met
			}
		}
	}
	return list
}

// better returns the better one of two figures.
func (g *Goal) better(a, b Figure) Figure {
	if g.AtLeast {
		return max(a, b)
	}
	return min(a, b)
}
