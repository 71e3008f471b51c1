package forecast

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// Calibration learns from past forecasts and their outcomes how far forks are off, and corrects new
// forecasts of the same pool. Forks do not know which requests will really come, users change their
// habits, and a record is short; how often real starts and completions fall outside of what forks
// say shows how much all that matters.
//
// It is split conformal prediction (Vovk, Gammerman, Shafer: Algorithmic Learning in a Random
// World, 2005), made local: see the file scores.go. If the future is like the past, the time from
// earliest to latest covers as much as was asked for, whatever forks get wrong.
//
// Note adds the forecasts of an answer, and a [Learner] their outcomes. The same calls give the
// same calibration. It is not safe for concurrent use while it learns.
type Calibration struct {
	options CalibrationOptions
	// forecasts are the past forecasts, in the order in which they were made.
	forecasts []*pastForecast
	// open has those of a request of which more may become known.
	open map[scheduler.RequestID][]*pastForecast
	// until is up to where outcomes are known.
	until time.Time
}

// CalibrationOptions say what a calibration learns.
type CalibrationOptions struct {
	// Pool is the name of the pool that it is learned from; it may be empty.
	Pool string
	// Keep is how many past forecasts are kept; 0 means 3,000.
	Keep int
}

// A pastForecast is a forecast for one request, and its outcome as far as that is known.
type pastForecast struct {
	time                 time.Time
	request              scheduler.RequestID
	account              scheduler.AccountID
	horizon              time.Duration
	start, completion    forkQuantiles
	started, completed   time.Duration // from time; unknown if they have not come
	left                 bool          // what is unknown never comes
	startKnown, endKnown bool
}

// forkQuantiles are the times within which a tenth, a half and nine tenths of the forks came to
// something; later ones than the horizon are notStarted.
type forkQuantiles [3]time.Duration

// quantileShares are the shares of forks of forkQuantiles.
var quantileShares = [3]float64{0.1, 0.5, 0.9}

// NewCalibration returns a calibration that has learned nothing. The error is ErrInvalid for
// options out of range.
func NewCalibration(o CalibrationOptions) (*Calibration, error) {
	if o.Keep < 0 {
		return nil, fmt.Errorf("%w: a calibration that keeps %s forecasts", ErrInvalid,
			words.Number(o.Keep))
	}
	o.Keep = cmp.Or(o.Keep, 3000)
	return &Calibration{options: o, open: map[scheduler.RequestID][]*pastForecast{}}, nil
}

// Note adds the forecasts of an answer, whose outcomes are to come. Only requests with the answers
// STARTS and NOT_WITHIN_HORIZON count.
func (c *Calibration) Note(f *protos.Forecast) {
	made := f.GetTime().AsTime()
	horizon := f.GetUntil().AsTime().Sub(made)
	for _, r := range f.GetRequests() {
		if r.GetStartInForks() == nil {
			continue
		}
		c.add(&pastForecast{time: made, horizon: horizon,
			request: scheduler.RequestID(r.GetRequestId()),
			account: scheduler.AccountID(r.GetAccountId()),
			start:   quantilesOf(r.GetStartInForks()),
			// A request that does not start does not complete.
			completion: quantilesOf(r.GetCompletion().GetInForks())})
	}
	c.Seen(made)
}

// add adds a past forecast, and drops the oldest one if there are too many.
func (c *Calibration) add(p *pastForecast) {
	c.forecasts = append(c.forecasts, p)
	if !p.left && !p.endKnown {
		c.open[p.request] = append(c.open[p.request], p)
	}
	if len(c.forecasts) <= c.options.Keep {
		return
	}
	oldest := c.forecasts[0]
	c.forecasts[0] = nil
	c.forecasts = c.forecasts[1:]
	rest := slices.DeleteFunc(c.open[oldest.request], func(p *pastForecast) bool {
		return p == oldest
	})
	if c.open[oldest.request] = rest; len(rest) == 0 {
		delete(c.open, oldest.request)
	}
}

// Started notes that a request started at a time. Its first start after a forecast counts.
func (c *Calibration) Started(r scheduler.RequestID, t time.Time) {
	for _, p := range c.open[r] {
		if !p.startKnown && !t.Before(p.time) {
			p.started, p.startKnown = t.Sub(p.time), true
		}
	}
}

// Completed notes that the task of a request came to its end at a time.
func (c *Calibration) Completed(r scheduler.RequestID, t time.Time) {
	c.close(r, t, func(p *pastForecast) {
		p.completed, p.endKnown = t.Sub(p.time), true
		if !p.startKnown { // which nobody saw
			p.started, p.startKnown = p.completed, true
		}
	})
}

// Left notes that a request left at a time without coming to an end, as it was taken back or
// expired.
func (c *Calibration) Left(r scheduler.RequestID, t time.Time) {
	c.close(r, t, func(p *pastForecast) { p.left = true })
}

// close ends the forecasts of a request that were made up to a time.
func (c *Calibration) close(r scheduler.RequestID, t time.Time, end func(*pastForecast)) {
	var later []*pastForecast
	for _, p := range c.open[r] {
		if p.time.After(t) {
			later = append(later, p)
			continue
		}
		end(p)
	}
	if c.open[r] = later; len(later) == 0 {
		delete(c.open, r)
	}
}

// Seen notes that all outcomes up to a time are known.
func (c *Calibration) Seen(t time.Time) {
	if t.After(c.until) {
		c.until = t
	}
}

// Until returns up to where outcomes are known.
func (c *Calibration) Until() time.Time { return c.until }

// Outcomes returns of how many past forecasts the real start is known, of those that are kept, and
// at how many different times these were made.
func (c *Calibration) Outcomes() (starts, times int) {
	var last time.Time
	for _, p := range c.forecasts {
		if !p.startKnown {
			continue
		}
		starts++
		if !p.time.Equal(last) {
			times, last = times+1, p.time
		}
	}
	return starts, times
}
