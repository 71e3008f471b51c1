package forecasts

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/quotasched/quotasched/dispatcher/journals"
	"github.com/quotasched/quotasched/forecast"
	"github.com/quotasched/quotasched/fork"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
)

const (
	// answerForks and learnForks are how many forks an answer, and a forecast of the past, makes.
	answerForks, learnForks = 50, 8
	// learnTimesMax is how many forecasts of the past one question makes at most, and learnEvery how
	// far they are apart at least.
	learnTimesMax = 24
	learnEvery    = 5 * time.Minute
)

// options are those of all forecasts. A dispatcher runs a pass as soon as there is news.
func options() forecast.Options {
	return forecast.Options{Forks: learnForks,
		Timing: fork.Timing{Tick: time.Second, Heartbeat: time.Minute}}
}

// errDiffers says that a journal is not that of this code: no forecast can be made of it.
var errDiffers = errors.New("the journal was written under other rules")

// A past is a pool that follows a journal, and what was learned of it.
type past struct {
	name  string
	from  uint64 // the entry with which the journal begins
	steps uint64 // how many were run

	pool        *pool.Pool // nil before the first step
	runTimes    *forecast.History
	arrivals    *forecast.Arrivals
	calibration *forecast.Calibration
	learner     *forecast.Learner
}

func newPast(name string, from uint64) *past {
	return &past{name: name, from: from, runTimes: forecast.NewHistory(forecast.HistoryOptions{}),
		arrivals: forecast.NewArrivals(forecast.ArrivalOptions{})}
}

// follow runs the steps that are new. Until is about when the last one of them was.
func (p *past) follow(ctx context.Context, c *journals.Chain, until time.Time) error {
	known := p.steps
	var calibrator *forecast.Calibrator
	return c.Read(ctx, journals.Reader{
		Snapshot: func(b []byte) error { return p.begin(b) },
		Step: func(step *protos.JournalStep) error {
			if step.GetNumber() <= known {
				return nil
			}
			at := step.GetOperation().GetTime().AsTime()
			if calibrator == nil {
				calibrator = p.calibrator(at, until)
			}
			if err := calibrator.Before(ctx, at, p.pool); err != nil {
				return err
			}
			return p.step(ctx, step, at)
		},
	})
}

// begin takes the pool that the journal begins with, the first time.
func (p *past) begin(snapshot []byte) (err error) {
	if p.pool != nil {
		return nil
	}
	restored, err := pool.RestoreBytes(snapshot)
	if err == nil {
		p.calibration, err = forecast.NewCalibration(forecast.CalibrationOptions{Pool: p.name})
	}
	if err != nil {
		return err
	}
	p.pool = restored
	p.learner = forecast.NewLearner(restored.Scheduler(), forecast.LearnerOptions{
		History: p.runTimes, Arrivals: p.arrivals, Calibration: p.calibration})
	return nil
}

// calibrator makes forecasts of the past at times from that of the first new step on. Of the first
// quarter of a journal too little is known.
func (p *past) calibrator(first, until time.Time) *forecast.Calibrator {
	if p.steps == 0 {
		first = first.Add(until.Sub(first) / 4)
	}
	n := min(learnTimesMax, int(until.Sub(first)/learnEvery))
	o := options()
	o.Arrivals = p.arrivals
	return forecast.NewCalibrator(p.calibration, p.runTimes, forecast.CalibratorOptions{
		Times: forecast.CalibrationTimes(first, until, n), Forecast: o})
}

// step runs a step, and learns from it.
func (p *past) step(ctx context.Context, step *protos.JournalStep, at time.Time) error {
	outcome, _ := p.pool.Replay(ctx, step.GetOperation()) // a refusal is in the outcome
	if hash := pool.Digest(outcome); !bytes.Equal(hash[:], step.GetOutcomeHash()) {
		return fmt.Errorf("%w: operation %d of pool %s", errDiffers, step.GetNumber(), p.name)
	}
	p.learner.Step(step.GetOperation(), outcome, p.pool.Scheduler())
	p.steps = step.GetNumber()
	return nil
}
