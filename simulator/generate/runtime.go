package generate

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/quotasched/quotasched/internal/field"
)

// RunTime is a distribution of run times. Tasks run for whole seconds, at least one, and
// provisioning comes on top. It is one of: Constant; From and To; Median with P90 or Sigma; Mean;
// Quantiles.
type RunTime struct {
	// Constant lets all tasks run equally long.
	Constant time.Duration `yaml:"constant,omitempty,nonzero" json:"constant,omitempty"`
	// From is the shortest time, where all times from it to To are equally likely.
	From time.Duration `yaml:"from,omitempty" json:"from,omitempty"`
	// To is the longest time, where all times from From to it are equally likely.
	To time.Duration `yaml:"to,omitempty,nonzero" json:"to,omitempty"`
	// Median is what half of the tasks stay below. The times are log-normal: many are near the
	// median, some are much longer. P90 or Sigma says how much.
	Median time.Duration `yaml:"median,omitempty,nonzero" json:"median,omitempty"`
	// P90 is what nine in ten tasks stay below, beside the median.
	P90 time.Duration `yaml:"p90,omitempty,nonzero" json:"p90,omitempty"`
	// Sigma is the standard deviation of the logarithm of the times, for those who know it better
	// than P90; at most 5. With 0.5 nine in ten stay below 1.9 times the median, with 1 below 3.6
	// times.
	Sigma float64 `yaml:"sigma,omitempty,nonzero" json:"sigma,omitempty"`
	// Mean is that of exponential times: short ones are the most likely.
	Mean time.Duration `yaml:"mean,omitempty,nonzero" json:"mean,omitempty"`
	// Quantiles are measured times, such as those that 10, 50, 90 and 99 percent of the tasks stay
	// below. Between two of them all times are equally likely; none is shorter than the first or
	// longer than the last.
	Quantiles []Quantile `yaml:"quantiles,omitempty" json:"quantiles,omitempty"`
	// Min bounds the times from below: what would be shorter is as long as Min.
	Min time.Duration `yaml:"min,omitempty" json:"min,omitempty"`
	// Max bounds the times from above: what would be longer is as long as Max.
	// Without it, 365 days.
	Max time.Duration `yaml:"max,omitempty,nonzero" json:"max,omitempty"`
}

// Quantile is a time that so many percent of tasks stay below.
type Quantile struct {
	// Percent is from 0 to 100, and rises from each quantile to the next.
	Percent float64 `yaml:"percent" json:"percent"`
	// Run is the time; it never falls from a quantile to the next.
	Run time.Duration `yaml:"run" json:"run"`
}

const (
	runMax   = 365 * day
	sigmaMax = 5
)

// ways returns the names of the distributions that are described.
func (r *RunTime) ways() []string {
	var ways []string
	for _, way := range []struct {
		name string
		is   bool
	}{
		{"constant", r.Constant != 0},
		{"from and to", r.From != 0 || r.To != 0},
		{"median", r.Median != 0 || r.P90 != 0 || r.Sigma != 0},
		{"mean", r.Mean != 0},
		{"quantiles", len(r.Quantiles) > 0},
	} {
		if way.is {
			ways = append(ways, way.name)
		}
	}
	return ways
}

// validate returns nil, or an error that names all mistakes.
func (r *RunTime) validate() error {
	var all mistakes
	ways := r.ways()
	if len(ways) != 1 {
		const needed = "one of constant, from and to, median, mean or quantiles is needed"
		if len(ways) == 0 {
			return errors.New(needed)
		}
		return fmt.Errorf("%s, not %s", needed, strings.Join(ways, " with "))
	}
	const least = time.Millisecond
	switch ways[0] {
	case "constant":
		all.duration("constant", r.Constant, least, runMax)
	case "from and to":
		all.duration("from", r.From, 0, runMax)
		all.duration("to", r.To, max(r.From, least), runMax)
	case "median":
		all.duration("median", r.Median, least, runMax)
		all.number("sigma", r.Sigma, 0, sigmaMax)
		if r.P90 != 0 {
			all.duration("p90", r.P90, max(r.Median, least), runMax)
		}
		if (r.P90 == 0) == (r.Sigma == 0) {
			all.addIn("p90", "one of p90 and sigma is needed beside the median")
		}
	case "mean":
		all.duration("mean", r.Mean, least, runMax)
	case "quantiles":
		all.add(r.validateQuantiles())
	}
	all.duration("min", r.Min, 0, runMax)
	if r.Max != 0 {
		all.duration("max", r.Max, max(r.Min, time.Second), runMax)
	}
	return all.join()
}

// validateQuantiles returns nil, or an error that names all mistakes.
func (r *RunTime) validateQuantiles() error {
	var all mistakes
	for i, q := range r.Quantiles {
		var here mistakes
		here.number("percent", q.Percent, 0, 100)
		here.duration("run", q.Run, 0, runMax)
		if i > 0 && len(here) == 0 {
			before := r.Quantiles[i-1]
			if q.Percent <= before.Percent {
				here.addIn("percent", "%v is not more than the %v before", q.Percent,
					before.Percent)
			}
			if q.Run < before.Run {
				here.addIn("run", "%v is less than the %v before", q.Run, before.Run)
			}
		}
		all.add(field.In("quantiles", field.In(field.Index(i), here.join())))
	}
	return all.join()
}

// at returns the time that a part p of the tasks, between 0 and 1, stays below.
func (r *RunTime) at(p float64) time.Duration {
	run := 0.0
	switch {
	case r.Constant > 0:
		run = float64(r.Constant)
	case r.To > 0:
		run = mulAdd(p, float64(r.To-r.From), float64(r.From))
	case r.Median > 0:
		sigma := r.Sigma
		if r.P90 > 0 {
			sigma = ln(float64(r.P90)/float64(r.Median)) / normalQuantile(0.9)
		}
		run = float64(float64(r.Median) * exp(float64(sigma*normalQuantile(p))))
	case r.Mean > 0:
		run = float64(float64(r.Mean) * -ln(1-p))
	default:
		run = r.quantile(float64(p * 100))
	}
	longest := r.Max
	if longest == 0 {
		longest = runMax
	}
	d := time.Duration(min(max(run, float64(r.Min)), float64(longest)))
	return max(d.Round(time.Second), time.Second)
}

// quantile returns the time that so many percent of tasks stay below, in nanoseconds.
func (r *RunTime) quantile(percent float64) float64 {
	before := r.Quantiles[0]
	for _, q := range r.Quantiles {
		if percent < q.Percent {
			if q.Percent == before.Percent { // below the first one
				break
			}
			part := (percent - before.Percent) / (q.Percent - before.Percent)
			return mulAdd(part, float64(q.Run-before.Run), float64(before.Run))
		}
		before = q
	}
	return float64(before.Run)
}
