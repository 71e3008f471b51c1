package tune

import (
	"context"
	"math"
)

// effectStep is how far knobs are moved to see what they do.
const effectStep = 0.1

// effects says what each knob does around a point, by a quarter of the workload: two points a knob
// with all of it would cost more than all that comes after them.
func (s *session) effects(ctx context.Context, m *Measured) ([]Effect, error) {
	if m.Share < 1 {
		return []Effect{}, nil
	}
	part := Part{Searched, 0.25}
	if s.problem.Cases(part) == 0 {
		part = whole
	}
	list, _, err := s.measure(ctx, part, append(s.around(m, effectStep), s.problem.units(m.Point)))
	if err != nil {
		return []Effect{}, err
	}
	m = list[len(list)-1]
	effects := make([]Effect, len(s.problem.Knobs))
	for i := range effects {
		e := &effects[i]
		e.Down, e.Up, e.On = list[2*i], list[2*i+1], -1
		for _, other := range []*Measured{e.Down, e.Up} {
			e.note(change(m.Objective, other.Objective, 0), -1)
			for g := range s.problem.Goals {
				e.note(change(m.Goals[g], other.Goals[g], s.problem.Goals[g].Bound), g)
			}
		}
	}
	return effects, nil
}

// change returns how large a change is, as a part of the largest of both figures and a scale.
func change(from, to Figure, scale float64) Figure {
	largest := max(math.Abs(float64(from)), math.Abs(float64(to)), math.Abs(scale))
	if from == to || largest == 0 {
		return 0
	}
	if math.IsInf(largest, 0) {
		return 1
	}
	return Figure(math.Abs(float64(to-from)) / largest)
}

// note keeps the largest change.
func (e *Effect) note(size Figure, on int) {
	if size > e.Size {
		e.Size, e.On = size, on
	}
}
