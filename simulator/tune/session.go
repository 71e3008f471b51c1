package tune

import (
	"context"
	"fmt"
)

// session measures points, each once, and remembers them.
type session struct {
	problem *Problem
	options *Options
	meter   *meter
	// base is what was spent before the session began, of one that goes on with others' points.
	base float64
	// points are all that were measured of the cases that the search sees, in order.
	points []*Measured
	known  map[string]*Measured
	phase  string
}

func newSession(p *Problem, o *Options) *session {
	return &session{problem: p, options: o, meter: newMeter(o), known: map[string]*Measured{}}
}

// adopt takes points over that were measured elsewhere.
func (s *session) adopt(points []*Measured) {
	for _, m := range points {
		if key := keyOf(Part{Searched, m.Share}, m.Point); s.known[key] == nil {
			s.known[key] = m
			s.points = append(s.points, m)
		}
	}
}

func keyOf(part Part, point []float64) string { return fmt.Sprint(part, point) }

// spent returns the part of the budget that is spent.
func (s *session) spent() float64 { return s.base + s.meter.spent() }

// measure returns what places of the unit cube come to, and whether any of them is new.
func (s *session) measure(ctx context.Context, part Part, places [][]float64) (list []*Measured,
	news bool, err error) {
	points := make([][]float64, len(places))
	for i, place := range places {
		points[i] = s.problem.point(place)
	}
	return s.measurePoints(ctx, part, points)
}

// measurePoints returns what points come to, and whether any of them is new.
func (s *session) measurePoints(ctx context.Context, part Part, points [][]float64) (
	list []*Measured, news bool, err error) {
	var fresh [][]float64
	asked := map[string]bool{}
	for _, point := range points {
		key := keyOf(part, point)
		if s.known[key] == nil && !asked[key] {
			asked[key] = true
			fresh = append(fresh, point)
		}
	}
	if len(fresh) > 0 {
		outcomes, err := s.problem.Evaluate(ctx, part, fresh)
		if err != nil {
			return nil, true, err
		}
		for i, cases := range outcomes {
			m := summary(fresh[i], part.Share, cases)
			s.known[keyOf(part, fresh[i])] = m
			s.meter.runs += part.Share * float64(len(cases))
			if part.Use == Searched {
				s.points = append(s.points, m)
			}
		}
		s.tell()
	}
	for _, point := range points {
		list = append(list, s.known[keyOf(part, point)])
	}
	return list, len(fresh) > 0, nil
}

// tell says how far it has come.
func (s *session) tell() {
	if s.options.Progress == nil {
		return
	}
	s.options.Progress(Progress{Phase: s.phase, Runs: s.meter.runs, Spent: s.spent(),
		Best: best(s.problem.Goals, s.points)})
}
