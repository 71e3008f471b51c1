package forecast

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/quotasched/quotasched/protos"
)

// Calibration learns from past forecasts and what came of them how far earliest, likely and latest
// are off, and corrects new ones. Forks know nothing of requests that arrive later and overtake, or
// of users who change their habits; how often real starts fall outside of what forks say shows how
// much that matters.
//
// It is split conformal prediction for quantiles (Romano, Patterson, Candès: Conformalized
// Quantile Regression, 2019), on the logarithm of the wait: an outcome's score is by which factor
// the real wait was longer than what was forecast. Latest waits are stretched by the factor that
// as many past outcomes stayed below as shall start before latest; earliest and likely ones alike.
// If the future is like the past, that covers as much as was asked for, whatever forks get wrong.
// Forecasts of short waits and of long ones are off in different ways, so each learns from its
// like.
//
// The same observations give the same calibration. It is not safe for concurrent use while it
// observes.
type Calibration struct {
	options CalibrationOptions
	// outcomes are by size of wait, each the last ones, the oldest first.
	outcomes [sizes][]outcomeScore
	// scores are the same, each of the three scores in order; made when they are needed.
	scores  [sizes + 1][3][]float64
	current bool
}

// CalibrationOptions say what a calibration learns.
type CalibrationOptions struct {
	// Coverage is how much the time from earliest to latest shall cover, as in Options; 0 means
	// 0.8. It corrects only forecasts with the same one.
	Coverage float64
	// Keep is how many outcomes are kept for each of the sizes of waits; 0 means 2,000.
	Keep int
	// Grain is a wait so short that shorter ones do not differ; 0 means a minute.
	Grain time.Duration
}

// least is how many outcomes of its size a forecast is corrected by, or else by those of all
// sizes; with fewer of these it is not corrected.
const least = 40

// sizes is how many sizes of waits are told apart: likely waits up to the bounds, and longer ones.
const sizes = 5

var sizeBounds = [sizes - 1]time.Duration{10 * time.Minute, time.Hour, 6 * time.Hour,
	24 * time.Hour}

// sizeOf returns the size of a likely wait.
func sizeOf(likely time.Duration) int {
	for i, bound := range sizeBounds {
		if likely <= bound {
			return i
		}
	}
	return sizes - 1
}

// An outcomeScore has the logarithm of the factors by which the real wait was longer than
// earliest, likely and latest.
type outcomeScore [3]float64

// NewCalibration returns a calibration that has learned nothing. The error is ErrInvalid for
// options out of range.
func NewCalibration(o CalibrationOptions) (*Calibration, error) {
	if o.Coverage != 0 && !(o.Coverage > 0 && o.Coverage < 1) {
		return nil, fmt.Errorf("%w: a coverage of %v is not between 0 and 1", ErrInvalid,
			o.Coverage)
	}
	if o.Keep < 0 || o.Grain < 0 {
		return nil, fmt.Errorf("%w: a calibration that keeps %d outcomes at a grain of %v",
			ErrInvalid, o.Keep, o.Grain)
	}
	o.Coverage = cmp.Or(o.Coverage, 0.8)
	o.Keep = cmp.Or(o.Keep, 2000)
	o.Grain = cmp.Or(o.Grain, time.Minute)
	return &Calibration{options: o}, nil
}

// Observe learns from an answer of a forecast and the real start of its request. Answers other than
// STARTS teach nothing. The error is ErrInvalid, for a start before the forecast, or another
// coverage than the calibration's.
func (c *Calibration) Observe(f *protos.Forecast, r *protos.RequestForecast,
	start time.Time) error {
	made := f.GetTime().AsTime()
	switch {
	case f.GetCoverage() != c.options.Coverage:
		return fmt.Errorf("%w: a forecast with a coverage of %v in a calibration for %v",
			ErrInvalid, f.GetCoverage(), c.options.Coverage)
	case start.Before(made):
		return fmt.Errorf("%w: request %q started at %s, before the forecast at %s", ErrInvalid,
			r.GetRequestId(), start.Format(time.RFC3339), made.Format(time.RFC3339))
	case r.GetAnswer() != protos.RequestForecast_ANSWER_STARTS:
		return nil
	}
	raw := r.GetRaw()
	if raw == nil {
		raw = &protos.RawForecast{Earliest: r.GetEarliest(), Likely: r.GetLikely(),
			Latest: r.GetLatest()}
	}
	horizon := f.GetUntil().AsTime().Sub(made)
	waits := [3]time.Duration{horizon, horizon, horizon}
	if raw.GetEarliest() != nil {
		waits[0] = raw.GetEarliest().AsTime().Sub(made)
	}
	if raw.GetLikely() != nil {
		waits[1] = raw.GetLikely().AsTime().Sub(made)
	}
	if raw.GetLatest() != nil {
		waits[2] = raw.GetLatest().AsTime().Sub(made)
	}
	size := sizeOf(waits[1])
	var score outcomeScore
	for i, w := range waits {
		score[i] = c.log(start.Sub(made)) - c.log(w)
	}
	c.outcomes[size] = append(c.outcomes[size], score)
	if over := len(c.outcomes[size]) - c.options.Keep; over > 0 {
		c.outcomes[size] = slices.Delete(c.outcomes[size], 0, over)
	}
	c.current = false
	return nil
}

// Outcomes returns how many outcomes it has learned from, of those that it keeps.
func (c *Calibration) Outcomes() int {
	n := 0
	for _, o := range c.outcomes {
		n += len(o)
	}
	return n
}

func (c *Calibration) log(wait time.Duration) float64 {
	return math.Log(max(0, wait).Seconds() + c.options.Grain.Seconds())
}

// sort makes the scores anew, if there are new outcomes. The last one of scores is of all sizes.
func (c *Calibration) sort() {
	if c.current {
		return
	}
	c.current = true
	var all []outcomeScore
	for size, outcomes := range c.outcomes {
		c.scores[size] = sorted(outcomes)
		all = append(all, outcomes...)
	}
	c.scores[sizes] = sorted(all)
}

func sorted(outcomes []outcomeScore) (s [3][]float64) {
	for i := range s {
		s[i] = make([]float64, len(outcomes))
		for k := range outcomes {
			s[i][k] = outcomes[k][i]
		}
		slices.Sort(s[i])
	}
	return s
}

// correct returns the waits for earliest, likely and latest, in order, given those of the forks.
func (c *Calibration) correct(raw [3]time.Duration, horizon time.Duration) [3]time.Duration {
	waits := raw
	for i := range waits {
		waits[i] = min(waits[i], horizon)
	}
	scores := &c.scores[sizeOf(waits[1])]
	if len(scores[0]) < least {
		scores = &c.scores[sizes]
	}
	n := len(scores[0])
	if n < least {
		return raw
	}
	rest := (1 - c.options.Coverage) / 2
	// Which of the n outcomes, in order, the next one is beyond with this chance.
	places := [3]int{int(float64(n+1) * rest), (n + 1) / 2, int(math.Ceil(float64(n+1) * (1 - rest)))}
	var out [3]time.Duration
	for i := range out {
		score := scores[i][min(n-1, max(0, places[i]-1))]
		if raw[i] > horizon { // later than that, by nobody knows how much
			out[i] = raw[i]
			continue
		}
		seconds := math.Exp(c.log(waits[i])+score) - c.options.Grain.Seconds()
		out[i] = time.Duration(math.Round(max(0, min(seconds, maxRun.Seconds())))) * time.Second
	}
	out[1] = max(out[0], out[1])
	out[2] = max(out[1], out[2])
	return out
}

// text says for people what the calibration rests on.
func (c *Calibration) text() string {
	n := c.Outcomes()
	if n < least {
		return fmt.Sprintf("Not corrected, as only %d outcomes of past forecasts are known.", n)
	}
	return fmt.Sprintf("Earliest, likely and latest are corrected by the outcomes of %d past "+
		"forecasts, so that %s of the starts lie between earliest and latest if the future is like "+
		"the past.", n, percent(c.options.Coverage))
}
