package tune

import (
	"context"
	"encoding/json"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

// lab is a made-up lab: waits fall with the rates, and lost work rises with them. Case by case the
// figures differ by up to two percent.
func lab(knobs int) *Problem {
	p := &Problem{Goals: []Goal{{Name: "wait a", Bound: 100}, {Name: "wait b", Bound: 400}}}
	for range knobs {
		p.Knobs = append(p.Knobs, Knob{Name: "rate", From: 1, To: 100, Log: true, Start: math.NaN()})
	}
	p.Cases = func(part Part) int {
		return map[Use]int{Searched: 3, Selecting: 5, HeldOut: 10}[part.Use]
	}
	p.Evaluate = func(ctx context.Context, part Part, points [][]float64) ([][]Outcome, error) {
		var all [][]Outcome
		for _, x := range points {
			if x == nil {
				x = p.point(p.start())
			}
			var cases []Outcome
			for c := range p.Cases(part) {
				noise := 1 + 0.02*math.Sin(float64(c*7+len(part.Use)))
				o := Outcome{Goals: []float64{noise * 1000 / x[0], noise * 4000 / x[1]}}
				for i, v := range x {
					o.Objective += noise * v
					if i > 1 { // best at 20
						o.Objective += 3 * math.Abs(math.Log(v/20)) * 20
					}
				}
				cases = append(cases, o)
			}
			all = append(all, cases)
		}
		return all, ctx.Err()
	}
	return p
}

// TestTheOptimumIsFound asks for waits that need a rate of ten each.
func TestTheOptimumIsFound(t *testing.T) {
	r, err := Run(context.Background(), lab(5), Options{Seed: 1, Runs: 1500})
	require.NoError(t, err)
	require.True(t, r.Found)
	require.True(t, r.Met())
	for i, want := range []float64{10, 10} {
		require.InDelta(t, want, r.Chosen.Point[i], 1.5, "knob %d of %v", i, r.Chosen.Point)
	}
	for _, v := range r.Chosen.Point[2:] {
		require.InDelta(t, 20, v, 4, "%v", r.Chosen.Point)
	}
	require.Len(t, r.Effects, 5)
	require.Equal(t, 10, r.HeldOut.Cases)
	half, same := r.Frontier[0], r.Frontier[2] // of the first goal
	require.EqualValues(t, 50, half.Bound)
	require.Greater(t, float64(half.Objective), float64(same.Objective)+5, "half the wait costs more")
}

// TestTheSameSeedGivesTheSameBytes also compares starts that were searched elsewhere.
func TestTheSameSeedGivesTheSameBytes(t *testing.T) {
	o := Options{Seed: 7, Runs: 400, Starts: 3}
	first, err := Run(context.Background(), lab(3), o)
	require.NoError(t, err)
	var starts []*Start
	for _, number := range []int{2, 0, 1} {
		start, err := Search(context.Background(), lab(3), o, number)
		require.NoError(t, err)
		text, err := json.Marshal(start)
		require.NoError(t, err)
		read := &Start{}
		require.NoError(t, json.Unmarshal(text, read))
		starts = append(starts, read)
	}
	second, err := Finish(context.Background(), lab(3), o, starts)
	require.NoError(t, err)
	a, err := json.Marshal(first)
	require.NoError(t, err)
	b, err := json.Marshal(second)
	require.NoError(t, err)
	require.Equal(t, string(a), string(b))
	other, err := Run(context.Background(), lab(3), Options{Seed: 8, Runs: 400, Starts: 3})
	require.NoError(t, err)
	require.NotEqual(t, first.Points, other.Points)
}

// TestWhatCannotBeMetIsSaidToBe asks for a wait that the best rate does not give.
func TestWhatCannotBeMetIsSaidToBe(t *testing.T) {
	p := lab(2)
	p.Goals[0].Bound = 5 // at best, it is 10
	r, err := Run(context.Background(), p, Options{Seed: 1, Runs: 400})
	require.NoError(t, err)
	require.False(t, r.Found)
	require.False(t, r.Met())
	require.True(t, r.Limits[0].Forbids)
	require.False(t, r.Limits[1].Forbids)
	require.InDelta(t, 10, float64(r.Limits[0].Best), 0.5)
	require.InDelta(t, 100, r.Chosen.Point[0], 5, "as close as it gets")
}

// TestTheLeastWholeNumberIsFound has one knob, as for the size of a fleet.
func TestTheLeastWholeNumberIsFound(t *testing.T) {
	p := &Problem{
		Knobs: []Knob{{Name: "workers", From: 10, To: 900, Whole: true, Start: 500}},
		Goals: []Goal{{Name: "wait", Bound: 60}},
		Cases: func(Part) int { return 1 },
		Evaluate: func(_ context.Context, _ Part, points [][]float64) ([][]Outcome, error) {
			var all [][]Outcome
			for _, x := range points {
				if x == nil {
					x = []float64{500}
				}
				all = append(all, []Outcome{{Objective: x[0], Goals: []float64{60 * 237 / x[0]}}})
			}
			return all, nil
		},
	}
	r, err := Run(context.Background(), p, Options{Seed: 3, Runs: 200})
	require.NoError(t, err)
	require.EqualValues(t, 237, r.Chosen.Point[0])
}

// TestTheLeastThatHoldsElsewhereIsFound has cases in which more workers are needed than in those
// that the search sees, and an edge that chance has made ragged.
func TestTheLeastThatHoldsElsewhereIsFound(t *testing.T) {
	selected := 0
	p := &Problem{
		Knobs: []Knob{{Name: "workers", From: 10, To: 900, Whole: true, Start: 500}},
		Goals: []Goal{{Name: "wait", Bound: 60}},
		Cases: func(Part) int { return 1 },
		Evaluate: func(_ context.Context, part Part, points [][]float64) ([][]Outcome, error) {
			var all [][]Outcome
			for _, x := range points {
				if x == nil {
					x = []float64{500}
				}
				least := 237.0
				if part.Use != Searched {
					selected++
					least = 291
				}
				wait := 60 * least / x[0]
				if part.Use != Searched && (x[0] == 290 || x[0] == 288) {
					wait = 59
				}
				all = append(all, []Outcome{{Objective: x[0], Goals: []float64{wait}}})
			}
			return all, nil
		},
	}
	r, err := Run(context.Background(), p, Options{Seed: 3, Runs: 200})
	require.NoError(t, err)
	require.EqualValues(t, 288, r.Chosen.Point[0])
	require.True(t, r.Met())
	require.Less(t, selected, 40, "it does not try all of them")
}

// TestAnInterruptedSearchKeepsTheBest ends after some batches.
func TestAnInterruptedSearchKeepsTheBest(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	p, batches := lab(3), 0
	evaluate := p.Evaluate
	p.Evaluate = func(ctx context.Context, part Part, points [][]float64) ([][]Outcome, error) {
		if batches++; batches > 4 {
			cancel()
		}
		return evaluate(ctx, part, points)
	}
	r, err := Run(ctx, p, Options{Seed: 1, Runs: 1500})
	require.NoError(t, err)
	require.True(t, r.Interrupted)
	require.NotNil(t, r.Chosen)
	require.Nil(t, r.HeldOut)
	_, err = Run(ctx, p, Options{Seed: 1, Runs: 1500})
	require.ErrorIs(t, err, ErrNothingFound)
}
