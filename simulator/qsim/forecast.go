package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
	"google.golang.org/protobuf/encoding/protojson"

	"github.com/quotasched/quotasched/forecast"
	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator/internal/report"
)

const forecastHelp = `Say when requests that wait in a pool will start and be complete: earliest,
likely and latest. The pool is a snapshot, or that of a journal at its end or at a point.
It goes on in many forks, under the real scheduler. In each, requests arrive as they did
in the journal, by account, weekday and hour; and run times are drawn from what is known
of them: the past runs in the journal, or the quantiles of a file such as

  accounts:
    cq: {p10: 3m, p50: 10m, p90: 40m}
  labels:
    "os:android": {p50: 5m}
  all: {p10: 1m, p50: 5m, p90: 1h}

of which a request's account decides, else its labels, else all. Without REQUEST all
that wait are forecast. What limits the answer stands above it, and what it rests on below.

On the way through the journal, forecasts are made at up to --calibrate earlier times and
compared with what happened; the answer is corrected by that. --calibration FILE keeps
what was learned (a protos.ForecastCalibration as JSON): the next time, only forecasts of
what is new in the journal are made. A file of another pool or version is refused.

The tasks of one submission run equally long in a fork: those with the same account and
enqueue time, and the same id but for a number after its last dot, such as cq-35.0 and
cq-35.12. What can never start, as things are, is told apart from what starts later than
--horizon, with the reason that qsim explain gives.`

// groupedBy says what simulator.SubmissionOf goes by.
const groupedBy = "one submission: the same account and enqueue time, and the same id but for a " +
	"number after its last dot"

const forecastExamples = `  qsim forecast lab.qsj.zst
  qsim forecast lab.qsj.zst --at 2026-01-07T12:00 cq-17 cq-18
  qsim forecast lab.qsj.zst --calibration lab.calibration.json
  qsim forecast wednesday.pb --run-times quantiles.yaml --forks 200 --json out.json`

// forecastFlags are the flags of `qsim forecast`.
type forecastFlags struct {
	at          pointFlag
	runTimes    string
	calibration string
	calibrate   int
	noArrivals  bool
	coverage    float64
	forks       int
	horizon     time.Duration
	seed        uint64
	tick        time.Duration
	heartbeat   time.Duration
	maxOps      int
	noRetry     bool
	json        string
	progress    progressFlag
}

// register adds the flags, with their defaults.
func (f *forecastFlags) register(set *pflag.FlagSet) {
	*f = forecastFlags{progress: "auto"}
	set.SortFlags = false
	set.Var(&f.at, "at", "of a journal, the pool after so many operations, or before the first one "+
		"that is later than a time such as 2026-01-05T12:00 (UTC, or with a zone)")
	set.StringVar(&f.runTimes, "run-times", "", "take run times from a YAML `file` of quantiles by "+
		"account and label, and not from the journal's past")
	set.BoolVar(&f.noArrivals, "no-arrivals", false, "let no requests arrive in the forks")
	set.StringVar(&f.calibration, "calibration", "", "correct by what this JSON `file` has of past "+
		"forecasts, and add to it; it is made if there is none")
	set.IntVar(&f.calibrate, "calibrate", 36, "make forecasts at so many earlier times of the "+
		"journal at most, and learn from their outcomes; 0 for none")
	set.Float64Var(&f.coverage, "coverage", 0.8, "how much of what may happen the time from "+
		"earliest to latest is to cover")
	set.IntVar(&f.forks, "forks", 50, "make so many forks")
	set.DurationVar(&f.horizon, "horizon", 7*24*time.Hour, "how far to look")
	set.Uint64Var(&f.seed, "seed", 0, "what run times and arrivals are drawn with")
	set.DurationVar(&f.tick, "tick", 5*time.Second, "how often workers pull and news comes")
	set.DurationVar(&f.heartbeat, "heartbeat", time.Minute, "how often balances are looked at when "+
		"nothing happens")
	set.IntVar(&f.maxOps, "max-operations", 200_000, "how many operations a fork makes at most")
	set.BoolVar(&f.noRetry, "no-retry", false, "preempted tasks are over, and do not wait again")
	set.StringVar(&f.json, "json", "", "also write the answer to a `file`, as JSON of a "+
		"protos.Forecast; - is standard output, without the table")
	set.Var(&f.progress, "progress", "a bar on stderr; auto: if that is a terminal")
}

// check returns an error that names a flag that is out of range. Package forecast takes a 0 for its
// own default, which nobody means who writes one.
func (f *forecastFlags) check() error {
	switch {
	case f.forks < 1:
		return cli.Usagef("--forks %d is less than 1", f.forks)
	case f.maxOps < 1:
		return cli.Usagef("--max-operations %d is less than 1", f.maxOps)
	case f.calibrate < 0 || f.calibrate > calibrateMax:
		return cli.Usagef("--calibrate %s is not from 0 to %s", words.Number(f.calibrate),
			words.Number(calibrateMax))
	case !(f.coverage > 0 && f.coverage < 1):
		return cli.Usagef("--coverage %v is not between 0 and 1", f.coverage)
	}
	for _, d := range []struct {
		name string
		is   time.Duration
	}{{"horizon", f.horizon}, {"tick", f.tick}, {"heartbeat", f.heartbeat}} {
		if d.is <= 0 {
			return cli.Usagef("--%s %v is not more than 0", d.name, d.is)
		}
	}
	return nil
}

// newForecastCommand returns the command `qsim forecast`.
func newForecastCommand(stdout, stderr io.Writer) *cobra.Command {
	var f forecastFlags
	c := &cobra.Command{
		Use:     "forecast SNAPSHOT|JOURNAL [REQUEST...]",
		Short:   "Say when requests will start and be complete",
		Long:    forecastHelp,
		Example: forecastExamples,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return cli.Usagef("want SNAPSHOT or JOURNAL")
			}
			return nil
		},
		RunE: func(c *cobra.Command, args []string) error {
			if err := f.check(); err != nil {
				return err
			}
			return f.forecast(c.Context(), args[0], args[1:], stdout, stderr)
		},
	}
	f.register(c.Flags())
	return c
}

// forecast loads the pool and its past, and writes the answer.
func (f *forecastFlags) forecast(ctx context.Context, path string, requests []string,
	stdout, stderr io.Writer) error {
	asked := f.options()
	asked.Forks = f.forks
	if err := asked.Validate(); err != nil { // before what takes long
		return err
	}
	past, err := f.load(ctx, path, stderr)
	if err != nil {
		return err
	}
	if err := f.save(ctx, past.calibration, stdout); err != nil {
		return err
	}
	o := past.options
	o.Calibration, o.Forks = past.calibration, f.forks
	for _, id := range requests {
		o.Requests = append(o.Requests, scheduler.RequestID(id))
	}
	answer, err := forecast.Run(ctx, past.pool.Snapshot(), past.runTimes, o)
	switch {
	case errors.Is(err, context.Canceled):
		return errStopped
	case err != nil:
		return fmt.Errorf("%s: %w", path, err)
	}
	return f.write(ctx, answer, stdout)
}

// write writes the answer.
func (f *forecastFlags) write(ctx context.Context, answer *protos.Forecast,
	stdout io.Writer) error {
	if f.json != "" {
		text, err := protojson.MarshalOptions{UseProtoNames: true}.Marshal(answer)
		if err != nil {
			return err
		}
		err = writeWhole(ctx, f.json, stdout, func(w io.Writer) error { return writeIndented(w, text) })
		if err != nil || f.json == report.Stdout {
			return err
		}
	}
	if err := forecast.Text(stdout, answer); err != nil {
		return fmt.Errorf("standard output: %w", cause(err))
	}
	return nil
}
