package tune

import (
	"context"
	"math"
)

// beyondEdge is how many steps beyond an edge are tried at once.
const beyondEdge = 4

// edge returns the point with the least objective, on the way from one that meets the goals in
// cases that the search did not see to one that does not, that meets them as well. It is for
// problems with one knob, such as the size of a fleet, where a jump from one bound to the next may
// be a long one, and every step can be tried. It halves the way until the two are a step apart. As
// chance makes the edge ragged, it then looks at some steps beyond, and goes on from there if one
// of them meets the goals.
func (s *session) edge(ctx context.Context, part Part, met, failed *Measured) (*Measured, error) {
	knob := &s.problem.Knobs[0]
	inside, outside := knob.unit(met.Point[0]), knob.unit(failed.Point[0])
	step := math.Copysign(knob.step(), outside-inside)
	for math.Abs(outside-inside) > 1.5*math.Abs(step) {
		middle := (inside + outside) / 2
		list, _, err := s.measure(ctx, part, [][]float64{{middle}})
		if err != nil {
			return met, err
		}
		if list[0].missed(s.problem.Goals, SelectMargin) > 0 {
			outside = middle
		} else {
			inside = middle
		}
	}
	for found := true; found; {
		var places [][]float64
		for k := range beyondEdge {
			if place := inside + float64(k+1)*step; place >= 0 && place <= 1 {
				places = append(places, []float64{place})
			}
		}
		list, _, err := s.measure(ctx, part, places)
		if err != nil {
			return met, err
		}
		found = false
		for i, m := range list {
			if m.missed(s.problem.Goals, SelectMargin) == 0 {
				inside, found = places[i][0], true
			}
		}
	}
	list, _, err := s.measure(ctx, whole, [][]float64{{inside}}) // with the figures of the search
	if err == nil && list[0].Objective < met.Objective {
		met = list[0]
	}
	return met, err
}
