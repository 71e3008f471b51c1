package forecast

import (
	"errors"

	"github.com/quotasched/quotasched/scheduler"
)

// ErrInvalid is wrapped by all errors about what a forecast is asked: its text says what is wrong.
var ErrInvalid = errors.New("invalid forecast")

// RunTimes says what is known of how long tasks run. It is asked once for each request of a
// forecast, in order of id.
type RunTimes interface {
	Of(*scheduler.TaskRequest) Estimate
}

// RunTimesFunc is a function as RunTimes.
type RunTimesFunc func(*scheduler.TaskRequest) Estimate

// Of implements RunTimes.
func (f RunTimesFunc) Of(r *scheduler.TaskRequest) Estimate { return f(r) }

// Estimate is what is known of how long the task of a request runs.
type Estimate struct {
	// RunTime is how long it may run in all, provisioning included; nil if nothing is known.
	RunTime *Distribution
	// Source says for people where that is known from.
	Source string
	// Runs is how many past runs it rests on; 0 for what does not rest on runs.
	Runs int
	// Foreign is true if it rests on runs of other accounts alone.
	Foreign bool
	// Kind names the tasks whose run times go together, such as those of an account with the same
	// labels, and Similarity says how much: the correlation between tasks of different groups, 0 to
	// 1. Tasks of one group have one draw in any case.
	Kind       string
	Similarity float64
}
