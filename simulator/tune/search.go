package tune

import (
	"context"
	"math/rand/v2"
	"slices"
)

// Start is what one search from one start has found.
type Start struct {
	// Number is that of the start, from 0.
	Number int `json:"number"`
	// Runs is what it has cost.
	Runs float64 `json:"runs"`
	// Points are all that it measured, in order.
	Points []*Measured `json:"points"`
}

// stages are the shares of the workload that CMA-ES sees, and the part of a start's budget that is
// spent when each ends. The rest is for the pattern search.
var stages = []struct{ share, until float64 }{{0.25, 0.25}, {0.5, 0.5}, {1, 0.8}}

const (
	// firstSigma is the step at the beginning: most of the cube is within two of them. A stage with
	// more of the workload takes at least laterSigma.
	firstSigma, laterSigma = 0.3, 0.08
	// staleMax is how many generations without a new point end a stage.
	staleMax = 3
)

// Search does phase 1 from one start: the first one begins at the settings of the beginning, the
// others anywhere. If ctx ends, its error comes with what was found so far.
func Search(ctx context.Context, p *Problem, o Options, number int) (*Start, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	s := newSession(p, &o)
	s.phase = "search"
	random := rand.New(rand.NewPCG(o.Seed, uint64(number)))
	mean := p.start()
	if number > 0 {
		for i := range mean {
			mean[i] = random.Float64()
		}
	}
	budget := searchUntil / float64(max(1, o.Starts))
	strategy := newStrategy(random, mean, firstSigma)
	place, err := mean, error(nil)
	for _, stage := range stages {
		strategy.sigma = max(strategy.sigma, laterSigma)
		part := Part{Searched, stage.share}
		if p.Cases(part) == 0 {
			continue
		}
		place, err = s.evolve(ctx, strategy, evolution{part, p.Goals, budget * stage.until, place})
		if err != nil {
			return s.start(number), err
		}
	}
	return s.start(number), s.pattern(ctx, budget)
}

func (s *session) start(number int) *Start {
	return &Start{Number: number, Runs: s.meter.runs, Points: s.points}
}

// evolution is a search by CMA-ES: with a part of the cases, for goals, until a part of the budget
// is spent. The place is measured with the first generation.
type evolution struct {
	part  Part
	goals []Goal
	until float64
	place []float64
}

// evolve lets a strategy go through generations, at least one. It returns the best place.
func (s *session) evolve(ctx context.Context, st *strategy, e evolution) ([]float64, error) {
	var found *Measured
	stale := 0
	for generation := 0; generation == 0 || s.spent() < e.until && stale < staleMax; generation++ {
		places := st.ask()
		if generation == 0 {
			places[0] = e.place
		}
		list, news, err := s.measure(ctx, e.part, places)
		if err != nil {
			return e.place, err
		}
		if stale++; news {
			stale = 0
		}
		ranks := make([]int, len(list))
		for i := range ranks {
			ranks[i] = i
		}
		slices.SortStableFunc(ranks, func(a, b int) int { return order(e.goals, list[a], list[b]) })
		sorted := make([][]float64, len(ranks))
		for i, at := range ranks {
			sorted[i] = places[at]
		}
		if found == nil || order(e.goals, list[ranks[0]], found) < 0 {
			found = list[ranks[0]]
		}
		st.tell(sorted)
	}
	return s.problem.units(found.Point), nil
}

// firstStep is the step of the pattern search at the beginning.
const firstStep = 0.08

// pattern improves the best point that was measured with all of the workload, one knob at a time,
// until nothing does or a part of the budget is spent.
func (s *session) pattern(ctx context.Context, until float64) error {
	goals := s.problem.Goals
	at := best(goals, atShare(s.points, 1))
	if at == nil {
		return nil
	}
	step := firstStep
	for s.spent() < until {
		list, _, err := s.measure(ctx, whole, s.around(at, step))
		if err != nil {
			return err
		}
		next := best(goals, append(list, at))
		switch {
		case order(goals, next, at) < 0:
			at = next
		case s.finest(step):
			return nil
		default:
			step /= 2
		}
	}
	return nil
}

// around returns the places next to a point: each knob a step down and up, by at least its own
// least step.
func (s *session) around(m *Measured, step float64) [][]float64 {
	var places [][]float64
	units := s.problem.units(m.Point)
	for i := range s.problem.Knobs {
		size := max(step, s.problem.Knobs[i].step())
		for _, to := range []float64{units[i] - size, units[i] + size} {
			place := slices.Clone(units)
			place[i] = max(0, min(1, to))
			places = append(places, place)
		}
	}
	return places
}

// finest reports whether a step is below the least ones of all knobs.
func (s *session) finest(step float64) bool {
	for i := range s.problem.Knobs {
		if step > s.problem.Knobs[i].step() {
			return false
		}
	}
	return true
}
