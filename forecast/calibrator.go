package forecast

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/scheduler"
)

// A Calibrator makes forecasts at times of the past, while a journal is run again, for a
// calibration to learn from. A [Learner] with the same calibration then notes their outcomes:
//
//	for each step of the journal {
//		err := calibrator.Before(ctx, step's time, p)
//		outcome := p.Step(ctx, operation)
//		learner.Step(operation, outcome, p.Scheduler())
//	}
type Calibrator struct {
	calibration *Calibration
	runTimes    RunTimes
	options     CalibratorOptions
	made        int
}

// CalibratorOptions say which forecasts are made.
type CalibratorOptions struct {
	// Times are when forecasts are made, in order; see CalibrationTimes.
	Times []time.Time
	// Sample is how many requests are forecast at a time at most; 0 means 25.
	Sample int
	// Forecast says how, as for Run. Requests and Calibration are of no account. The run times and
	// arrivals that it draws from are to be filled by the learner.
	Forecast Options
	// Progress, if not nil, is told how many forecasts of how many were made.
	Progress func(made, all int)
}

// NewCalibrator returns a calibrator for a calibration, which draws from run times.
func NewCalibrator(c *Calibration, t RunTimes, o CalibratorOptions) *Calibrator {
	o.Sample = cmp.Or(o.Sample, 25)
	return &Calibrator{calibration: c, runTimes: t, options: o}
}

// Before makes the forecast that is due before an operation at a time, of the pool as it is then.
// If nothing waits, it is made as soon as something does. The errors are those of Run.
func (c *Calibrator) Before(ctx context.Context, at time.Time, p *pool.Pool) error {
	due := c.made
	for due < len(c.options.Times) && !c.options.Times[due].After(at) {
		due++
	}
	if due == c.made || !anyWaits(p.Scheduler()) {
		return nil
	}
	c.made = due
	if err := c.forecast(ctx, at, p); err != nil {
		return err
	}
	if c.options.Progress != nil {
		c.options.Progress(c.made, len(c.options.Times))
	}
	return nil
}

// anyWaits reports whether a request waits.
func anyWaits(s *scheduler.Scheduler) bool {
	for range s.Waiting() {
		return true
	}
	return false
}

// forecast makes a forecast.
func (c *Calibrator) forecast(ctx context.Context, at time.Time, p *pool.Pool) error {
	o := c.options.Forecast
	o.Begin, o.Calibration = at, nil
	o.Requests = Sample(p.Scheduler(), c.options.Sample, o.Group)
	if len(o.Requests) == 0 {
		return nil
	}
	answer, err := Run(ctx, p.Snapshot(), c.runTimes, o)
	if err != nil {
		return fmt.Errorf("forecast as of %s: %w", at.Format(time.RFC3339), err)
	}
	c.calibration.Note(answer)
	return nil
}

// CalibrationTimes returns n times from one time to before another, evenly spread but for a part
// that differs from one to the next, so that they are at different hours of the day.
func CalibrationTimes(from, to time.Time, n int) []time.Time {
	const golden = 0.6180339887498949
	times := make([]time.Time, 0, max(0, n))
	if !from.Before(to) {
		return times
	}
	step := to.Sub(from) / time.Duration(max(1, n))
	for i, part := 0, 0.5; i < n; i++ {
		times = append(times, from.Add(time.Duration(i)*step+time.Duration(part*float64(step))))
		if part += golden; part >= 1 {
			part--
		}
	}
	return times
}

// Sample returns at most n of the requests that wait, each of another group, evenly from the first
// to the last one in order of enqueue time, then id. A nil group means DefaultGroup.
func Sample(s *scheduler.Scheduler, n int,
	group func(*scheduler.TaskRequest) string) []scheduler.RequestID {
	if group == nil {
		group = DefaultGroup
	}
	var all []scheduler.RequestID
	seen := map[string]bool{}
	for r := range s.Waiting() {
		if g := group(&r); !seen[g] {
			seen[g] = true
			all = append(all, r.ID)
		}
	}
	if n <= 0 || len(all) <= n {
		return all
	}
	picked := make([]scheduler.RequestID, 0, n)
	for i := range n {
		picked = append(picked, all[(2*i+1)*len(all)/(2*n)])
	}
	return picked
}
