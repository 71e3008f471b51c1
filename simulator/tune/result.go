package tune

// ResultVersion is the version of the JSON form of Result.
const ResultVersion = 1

// Result is what a search has come to.
type Result struct {
	// Version is ResultVersion.
	Version int `json:"version"`
	// Interrupted says that the search ended early; what is not known then is missing.
	Interrupted bool `json:"interrupted"`
	// Seed and Starts are as in Options, and Runs is what all phases cost.
	Seed   uint64  `json:"seed"`
	Starts int     `json:"starts"`
	Runs   float64 `json:"runs"`
	// Knobs and Goals are those of the problem.
	Knobs []Knob `json:"knobs"`
	Goals []Goal `json:"goals"`
	// Found says that some point met all goals while searching; else the goals cannot be met, as far
	// as the search can tell, and Chosen is the closest point.
	Found bool `json:"found"`
	// Chosen is the point of choice, with the figures of the search.
	Chosen *Measured `json:"chosen"`
	// Limits say of each goal what was the best that was found for it.
	Limits []Limit `json:"limits"`
	// HeldOut are the chosen point's goals in cases that were never seen before, and Before those of
	// the settings at the beginning; nil if the search was interrupted.
	HeldOut *Verdict `json:"held_out"`
	Before  *Verdict `json:"before"`
	// Frontier says what other bounds of each goal would cost.
	Frontier []Step `json:"frontier"`
	// Effects say what each knob does, in the order of Knobs.
	Effects []Effect `json:"effects"`
	// Points are all that were measured with the whole workload.
	Points []*Measured `json:"points"`
}

// Met reports whether the settings meet all goals in cases that were never seen before.
func (r *Result) Met() bool {
	if r.HeldOut == nil || !r.Found {
		return false
	}
	for i := range r.HeldOut.Goals {
		if r.HeldOut.Goals[i].Status == Missed {
			return false
		}
	}
	return true
}

// Limit is how far one goal can be met.
type Limit struct {
	// Best is the best figure of all points, and WithOthers that of those that meet all other goals;
	// infinite if there is none.
	Best       Figure `json:"best"`
	WithOthers Figure `json:"with_others"`
	// Forbids says that the other goals can be met together, but not with this one.
	Forbids bool `json:"forbids"`
}

// Status says how a goal does in cases that were never seen before.
type Status string

// The statuses.
const (
	// Met is a goal whose mean is within the bound, and so is its 95 % confidence interval.
	Met Status = "met"
	// Likely is one whose mean is within the bound, while the interval is not, or not known.
	Likely Status = "likely met"
	// Missed is one whose mean is not within the bound.
	Missed Status = "missed"
)

// Verdict is how a point does in cases that were never seen before.
type Verdict struct {
	// Cases is how many there are.
	Cases     int    `json:"cases"`
	Objective Figure `json:"objective"`
	// Goals are in the order of the problem.
	Goals []GoalVerdict `json:"goals"`
}

// GoalVerdict is how a point does for one goal.
type GoalVerdict struct {
	// Mean is the mean of the figure; Low and High bound its 95 % confidence interval, by Student's t.
	// Both are Mean if chance is not known.
	Mean Figure `json:"mean"`
	Low  Figure `json:"low"`
	High Figure `json:"high"`
	// CasesMet is in how many of Of cases, or parts of the one case, the goal was met.
	CasesMet int    `json:"cases_met"`
	Of       int    `json:"of"`
	Status   Status `json:"status"`
}

// Step is another bound of a goal, and what it costs.
type Step struct {
	// Goal is its place in Result.Goals, and Bound the bound.
	Goal  int    `json:"goal"`
	Bound Figure `json:"bound"`
	// Objective is the least that was found with all goals met under this bound; infinite if no point
	// meets them.
	Objective Figure `json:"objective"`
	// Point is where that was.
	Point []float64 `json:"point"`
}

// Effect is what a knob does around the chosen point.
type Effect struct {
	// Down and Up are the point with the knob a tenth of its range down and up.
	Down *Measured `json:"down"`
	Up   *Measured `json:"up"`
	// Size is the largest change that makes, of the objective as a part of itself, and of a goal's
	// figure as a part of its bound; On is the place of that goal, or -1 for the objective.
	Size Figure `json:"size"`
	On   int    `json:"on"`
}

// Matters reports whether the knob changes anything by two percent or more.
func (e *Effect) Matters() bool { return e.Size >= 0.02 }
