package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/quotasched/quotasched/forecast"
	"github.com/quotasched/quotasched/fork"
	"github.com/quotasched/quotasched/journal"
	"github.com/quotasched/quotasched/pool"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/replay"
	"github.com/quotasched/quotasched/simulator"
)

const (
	// calibrateMax bounds --calibrate; such a forecast makes calibrateForks forks. They go as far as
	// those of the answer: forks that are cut short earlier would teach nothing about it.
	calibrateMax, calibrateForks = 1000, 8
)

// A recordedPast is a pool, and what is known of its past.
type recordedPast struct {
	pool        *pool.Pool
	runTimes    forecast.RunTimes
	calibration *forecast.Calibration
	// options are those of all forecasts.
	options forecast.Options
}

// options returns what the flags say of all forecasts.
func (f *forecastFlags) options() forecast.Options {
	return forecast.Options{
		Timing:        fork.Timing{Tick: f.tick, Heartbeat: f.heartbeat},
		NoRetry:       f.noRetry,
		Group:         simulator.SubmissionOf,
		GroupedBy:     groupedBy,
		Coverage:      f.coverage,
		Seed:          f.seed,
		Forks:         calibrateForks,
		Horizon:       f.horizon,
		MaxOperations: f.maxOps,
	}
}

// load returns the pool of a file, and what a journal's past says of it.
func (f *forecastFlags) load(ctx context.Context, path string,
	stderr io.Writer) (*recordedPast, error) {
	history := forecast.NewHistory(forecast.HistoryOptions{})
	past := &recordedPast{runTimes: history, options: f.options()}
	if f.runTimes != "" {
		table, err := loadRunTimes(f.runTimes)
		if err != nil {
			return nil, err
		}
		past.runTimes = table
	}
	span, err := spanOf(path, replay.Point(f.at))
	if err != nil {
		return nil, err
	}
	if past.calibration, err = f.loadCalibration(span.pool); err != nil {
		return nil, err
	}
	if span.journal && !f.noArrivals {
		past.options.Arrivals = forecast.NewArrivals(forecast.ArrivalOptions{})
	}
	bar := newProgressBar(f.progress, stderr)
	defer bar.close()
	calibrator := forecast.NewCalibrator(past.calibration, past.runTimes,
		forecast.CalibratorOptions{Times: f.times(span, past.calibration.Until()),
			Forecast: past.options, Progress: bar.forecasts()})
	var learner *forecast.Learner
	loaded, err := loadPool(ctx, path, replay.Options{
		Until: replay.Point(f.at),
		Before: func(s *protos.JournalStep, p *pool.Pool) error {
			if learner == nil {
				learner = forecast.NewLearner(p.Scheduler(), forecast.LearnerOptions{
					History: history, Arrivals: past.options.Arrivals,
					Calibration: past.calibration, Group: simulator.SubmissionOf})
			}
			return calibrator.Before(ctx, s.GetOperation().GetTime().AsTime(), p)
		},
		After: func(s *protos.JournalStep, outcome *protos.Outcome, p *pool.Pool) error {
			learner.Step(s.GetOperation(), outcome, p.Scheduler())
			return nil
		},
	})
	switch {
	case err != nil:
		return nil, err
	case loaded.Torn != nil:
		fmt.Fprintf(stderr, "qsim: warning: %s: %v\n", path, loaded.Torn)
	case loaded.Header == nil && f.runTimes == "":
		fmt.Fprintf(stderr, "qsim: warning: %s is a snapshot, which has no past runs; name "+
			"--run-times FILE\n", path)
	}
	past.pool = loaded.Pool
	return past, nil
}

// forecasts returns what moves the bar with the forecasts that are made; nil without a bar.
func (p *progressBar) forecasts() func(made, all int) {
	if p == nil {
		return nil
	}
	return func(made, all int) {
		p.moved("forecasts of the past", int64(made), int64(all))
	}
}

// A journalSpan is the time that a journal is of, up to a point.
type journalSpan struct {
	// journal is false for a snapshot; then nothing else is set.
	journal     bool
	pool        string
	first, last time.Time
}

// spanOf reads a journal without running it. What is wrong with it is found out when it is run.
func spanOf(path string, until replay.Point) (*journalSpan, error) {
	r, err := journal.Open(path)
	if errors.Is(err, journal.ErrNotJournal) {
		return &journalSpan{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, cause(err))
	}
	defer func() { _ = r.Close() }()
	span := &journalSpan{journal: true, pool: r.Header().GetPool()}
	for {
		step, err := r.Next()
		if err != nil || until.IsBefore(step) {
			return span, nil
		}
		at := step.GetOperation().GetTime().AsTime()
		if span.first.IsZero() || at.Before(span.first) {
			span.first = at
		}
		if at.After(span.last) {
			span.last = at
		}
	}
}

// times returns when forecasts of the past are made: not in the first quarter of a journal, of
// which too little is known then, and not where the calibration has been.
func (f *forecastFlags) times(span *journalSpan, learned time.Time) []time.Time {
	if !span.journal {
		return nil
	}
	from := span.first.Add(span.last.Sub(span.first) / 4)
	if learned.After(from) {
		from = learned
	}
	return forecast.CalibrationTimes(from, span.last, f.calibrate)
}

// loadCalibration returns the calibration of the file that is named, or an empty one.
func (f *forecastFlags) loadCalibration(pool string) (*forecast.Calibration, error) {
	o := forecast.CalibrationOptions{Pool: pool}
	if f.calibration == "" {
		return forecast.NewCalibration(o)
	}
	text, err := os.ReadFile(f.calibration)
	if errors.Is(err, fs.ErrNotExist) {
		return forecast.NewCalibration(o)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.calibration, cause(err))
	}
	m := &protos.ForecastCalibration{}
	if err := protojson.Unmarshal(text, m); err != nil {
		return nil, fmt.Errorf("%s: not a calibration: %w", f.calibration, err)
	}
	c, err := forecast.CalibrationFromProto(m, o)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", f.calibration, err)
	}
	return c, nil
}

// save writes the calibration to the file that is named.
func (f *forecastFlags) save(ctx context.Context, c *forecast.Calibration,
	stdout io.Writer) error {
	if f.calibration == "" {
		return nil
	}
	text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(c.ToProto())
	if err != nil {
		return err
	}
	return writeWhole(ctx, f.calibration, stdout, func(w io.Writer) error {
		return writeIndented(w, text)
	})
}
