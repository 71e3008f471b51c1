package tune

import (
	"context"
	"math"

	"gonum.org/v1/gonum/stat/distuv"
)

// verdict measures a point in cases that were never seen before.
func (s *session) verdict(ctx context.Context, point []float64) (*Verdict, error) {
	cases, err := s.cases(ctx, Part{HeldOut, 1}, point)
	if err != nil || len(cases) == 0 {
		return nil, err
	}
	parts := cases
	if s.problem.Cases(Part{HeldOutParts, 1}) > 0 {
		if parts, err = s.cases(ctx, Part{HeldOutParts, 1}, point); err != nil {
			return nil, err
		}
	}
	sum := summary(point, 1, cases)
	v := &Verdict{Cases: len(cases), Objective: sum.Objective}
	for i := range s.problem.Goals {
		v.Goals = append(v.Goals, s.problem.Goals[i].verdict(float64(sum.Goals[i]), i, parts))
	}
	return v, nil
}

// cases measures one point in the cases of a part.
func (s *session) cases(ctx context.Context, part Part, point []float64) ([]Outcome, error) {
	if s.problem.Cases(part) == 0 {
		return nil, nil
	}
	outcomes, err := s.problem.Evaluate(ctx, part, [][]float64{point})
	if err != nil {
		return nil, err
	}
	s.meter.runs += part.Share * float64(len(outcomes[0]))
	s.tell()
	return outcomes[0], nil
}

// verdict judges the mean of a figure by how it differs from part to part.
func (g *Goal) verdict(mean float64, i int, parts []Outcome) GoalVerdict {
	v := GoalVerdict{Mean: Figure(mean), Low: Figure(mean), High: Figure(mean), Of: len(parts)}
	var list []float64
	for _, p := range parts {
		list = append(list, p.Goals[i])
		if g.misses(p.Goals[i]) == 0 {
			v.CasesMet++
		}
	}
	known := len(list) > 1
	if _, deviation := meanOf(list); known {
		n := float64(len(list))
		half := distuv.StudentsT{Sigma: 1, Nu: n - 1}.Quantile(0.975) * deviation / math.Sqrt(n)
		v.Low, v.High = Figure(mean-half), Figure(mean+half)
	}
	edge := float64(v.High)
	if g.AtLeast {
		edge = float64(v.Low)
	}
	switch {
	case g.misses(mean) > 0:
		v.Status = Missed
	case known && g.misses(edge) == 0:
		v.Status = Met
	default:
		v.Status = Likely
	}
	return v
}
