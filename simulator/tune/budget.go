package tune

import "time"

// Options say how to search.
type Options struct {
	// Seed decides everything that is left to chance.
	Seed uint64
	// Starts is how many searches there are, each from another start; 0 means 1. They share the
	// budget.
	Starts int
	// Runs is the budget in runs; 0 means that Time is the budget. What looks at the chosen point
	// costs what it costs, with the tenth that the search leaves or more.
	Runs int
	// Time is the budget in time on Clock, a stopwatch.
	Time  time.Duration
	Clock func() time.Duration
	// Progress, if not nil, is told after each batch how far it has come.
	Progress func(Progress)
}

// Progress is how far a search has come.
type Progress struct {
	// Phase is what goes on, such as "search".
	Phase string
	// Runs is how many runs there have been in all.
	Runs float64
	// Spent is the part of the budget that is spent, from 0 to 1 or a little more.
	Spent float64
	// Best is the best point so far; nil if there is none.
	Best *Measured
}

// The parts of a budget that phases have spent when they end. The rest is for the phases after
// them, whose cost does not depend on the budget.
const (
	searchUntil   = 0.60
	frontierUntil = 0.75
	selectUntil   = 0.95
)

// meter measures what is spent.
type meter struct {
	options *Options
	runs    float64
	begun   time.Duration // on the clock
}

func newMeter(o *Options) *meter {
	m := &meter{options: o}
	if o.Clock != nil {
		m.begun = o.Clock()
	}
	return m
}

// spent returns the part of the whole budget that is spent.
func (m *meter) spent() float64 {
	if m.options.Runs > 0 {
		return m.runs / float64(m.options.Runs)
	}
	return float64(m.options.Clock()-m.begun) / float64(m.options.Time)
}
