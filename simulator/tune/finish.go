package tune

import (
	"context"
	"errors"
	"slices"
)

// ErrNothingFound is an interrupted search that has not measured a single point.
var ErrNothingFound = errors.New("interrupted before anything was measured")

// Run does all phases.
func Run(ctx context.Context, p *Problem, o Options) (*Result, error) {
	var starts []*Start
	for number := range max(1, o.Starts) {
		start, err := Search(ctx, p, o, number)
		if start != nil {
			starts = append(starts, start)
		}
		if err != nil && ctx.Err() == nil {
			return nil, err
		}
	}
	return Finish(ctx, p, o, starts)
}

// Finish does the phases after the search, with what all starts have found. If ctx ends, the result
// is what is known so far, marked as interrupted.
func Finish(ctx context.Context, p *Problem, o Options, starts []*Start) (*Result, error) {
	if err := p.validate(); err != nil {
		return nil, err
	}
	s := newSession(p, &o)
	s.base = searchUntil
	slices.SortFunc(starts, func(a, b *Start) int { return a.Number - b.Number })
	runs := 0.0
	for _, start := range starts {
		runs += start.Runs
		s.adopt(start.Points)
	}
	if len(s.points) == 0 {
		return nil, ErrNothingFound
	}
	r := &Result{Version: ResultVersion, Seed: o.Seed, Starts: max(1, o.Starts), Knobs: p.Knobs,
		Goals: p.Goals, Frontier: []Step{}, Effects: []Effect{}}
	err := s.finish(ctx, r)
	if err != nil && ctx.Err() == nil {
		return nil, err
	}
	r.Interrupted = err != nil
	r.Runs = runs + s.meter.runs
	r.Points = atShare(s.points, 1)
	r.Limits = s.limits()
	r.Frontier = s.steps()
	return r, nil
}

// finish fills in a result as far as it gets.
func (s *session) finish(ctx context.Context, r *Result) error {
	choose := func(m *Measured) {
		r.Chosen = m
		r.Found = m.Share == 1 && slices.ContainsFunc(atShare(s.points, 1), func(m *Measured) bool {
			return m.missed(s.problem.Goals, 0) == 0
		})
	}
	choose(best(s.problem.Goals, s.points))
	if err := ctx.Err(); err != nil {
		return err
	}
	s.phase = "frontier"
	err := s.frontier(ctx)
	choose(best(s.problem.Goals, s.points))
	if err != nil {
		return err
	}
	s.phase = "select"
	chosen, err := s.choose(ctx)
	if err != nil {
		return err
	}
	choose(chosen)
	s.phase = "knobs"
	if r.Effects, err = s.effects(ctx, chosen); err != nil {
		return err
	}
	s.phase = "held out"
	if r.HeldOut, err = s.verdict(ctx, chosen.Point); err != nil {
		return err
	}
	r.Before, err = s.verdict(ctx, nil)
	return err
}
