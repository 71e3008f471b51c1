package tune

import (
	"context"
	"errors"
	"math"
)

// Problem is what is searched for.
type Problem struct {
	// Knobs are what can be set; there is at least one.
	Knobs []Knob
	// Goals are what must be met.
	Goals []Goal
	// Evaluate measures points in all cases of a part: outcomes by point and case. Each part has the
	// same cases for all points. It ends early when ctx does, with its error.
	Evaluate func(ctx context.Context, part Part, points [][]float64) ([][]Outcome, error)
	// Cases returns how many cases a part has; 0 if there is no such part.
	Cases func(Part) int
}

// Goal is a bound of a figure.
type Goal struct {
	// Name is for people.
	Name string `json:"name"`
	// Bound is what the figure must not exceed, or must reach if AtLeast is set.
	Bound   float64 `json:"bound"`
	AtLeast bool    `json:"at_least"`
}

// Outcome is what a point comes to in one case.
type Outcome struct {
	// Objective is what is to be small, and Goals has the figure of each goal. Infinity is a figure
	// that could not be worse, as the wait of requests that never ran.
	Objective float64
	Goals     []float64
}

// Use says what a part is for.
type Use string

// The uses of parts.
const (
	// Searched are the cases that the search sees all the time.
	Searched Use = "search"
	// Selecting are those that choose among the best points.
	Selecting Use = "select"
	// HeldOut are those that nothing but the verdict sees.
	HeldOut Use = "held out"
	// HeldOutParts are shorter parts of the held-out cases, where there is one of these and chance
	// shows from part to part only.
	HeldOutParts Use = "held-out parts"
)

// Part is a part of what there is to measure with.
type Part struct {
	Use Use
	// Share is how much of the workload it has, above 0 and up to 1.
	Share float64
}

// whole is the part of all that the search sees.
var whole = Part{Searched, 1}

// validate returns an error that says what is wrong.
func (p *Problem) validate() error {
	if len(p.Knobs) == 0 {
		return errors.New("there is no knob")
	}
	if len(p.Goals) == 0 {
		return errors.New("there is no goal")
	}
	for i := range p.Knobs {
		if err := p.Knobs[i].validate(); err != nil {
			return err
		}
	}
	return nil
}

// point returns the values of a place in the unit cube.
func (p *Problem) point(units []float64) []float64 {
	values := make([]float64, len(units))
	for i, u := range units {
		values[i] = p.Knobs[i].value(u)
	}
	return values
}

// units returns the place of a point in the unit cube.
func (p *Problem) units(point []float64) []float64 {
	units := make([]float64, len(point))
	for i, v := range point {
		units[i] = p.Knobs[i].unit(v)
	}
	return units
}

// start returns the place of the settings at the beginning.
func (p *Problem) start() []float64 {
	units := make([]float64, len(p.Knobs))
	for i := range p.Knobs {
		units[i] = p.Knobs[i].start()
	}
	return units
}

// misses returns by how much a figure misses the goal: 0 if it meets it, and else the logarithm of
// how many times too large it is, at most missMax.
func (g *Goal) misses(figure float64) float64 {
	if math.IsNaN(figure) {
		return missMax
	}
	over, scale := figure-g.Bound, math.Abs(g.Bound)
	if g.AtLeast {
		over = -over
	}
	if over <= 0 {
		return 0
	}
	if scale == 0 {
		scale = 1
	}
	return min(math.Log1p(over/scale), missMax)
}

// missMax is by how much a figure can miss a goal at most.
const missMax = 50
