package forecast

import (
	"cmp"
	"math"
	"slices"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// A score says where a real wait lies beside what forks said of it: on a logarithmic scale, from
// the forks' median, in units of the forks' own spread to that side. So 0 is the median, 1 the
// ninth decile and -1 the first. A new forecast takes the quantiles of past scores, such as the
// first decile, the median and the ninth one, back to waits with its own median and spread. Both
// sides are learned by themselves, so that forecasts that are late more often than early are
// corrected in the mean as well.
//
// Which past forecasts count for a new one is a matter of degree: those for a wait of about the
// same length, for the same account and from a short time ago count most. Outcomes that are not
// known yet count as well, as waits that are longer than what they lasted so far: without them,
// short waits would be all that the last days teach. See the file openoutcomes.go.
//
// The case that is forecast may be unlike all others. What it may be is told by a prior, beside the
// scores: see the file prior.go.
const (
	// grain is a wait so short that shorter ones hardly differ.
	grain = time.Minute
	// spreadMin is the least spread of forks, as a logarithm: forks that all say the same are no
	// surer than that.
	spreadMin = 0.5
	// lengthScale is by which logarithm two waits differ that count for each other by 1/e. Who starts
	// at once teaches little about who waits for hours.
	lengthScale = 0.7
	// ownWeight is how much more an outcome counts for its own account.
	ownWeight = 2
	// timesHalfLife is how many times of forecasts ago an outcome counts half.
	timesHalfLife = 32
	// outcomesMin and timesMin are how many outcomes, made at how many times, a correction needs.
	outcomesMin, timesMin = 30, 6
)

// scale is a forecast's median and spread, on the logarithmic scale.
type scale struct{ middle, down, up float64 }

func logOf(wait time.Duration) float64 { return math.Log((max(0, wait) + grain).Seconds()) }

// scaleOf returns the scale of a forecast. Later quantiles than the horizon count as the horizon.
func scaleOf(q forkQuantiles, horizon time.Duration) scale {
	at := func(i int) float64 { return logOf(min(q[i], horizon)) }
	return scale{middle: at(1), down: max(spreadMin, at(1)-at(0)), up: max(spreadMin, at(2)-at(1))}
}

// score returns where a wait lies.
func (s scale) score(wait time.Duration) float64 {
	r := logOf(wait) - s.middle
	if r < 0 {
		return r / s.down
	}
	return r / s.up
}

// wait returns the wait with a score.
func (s scale) wait(score float64) time.Duration {
	r := s.middle
	if score < 0 {
		r += score * s.down
	} else {
		r += score * s.up
	}
	seconds := math.Exp(r) - grain.Seconds()
	seconds = max(0, min(seconds, maxRun.Seconds()))
	return time.Duration(math.Round(seconds)) * time.Second
}

// An outcome is the score of a past forecast.
type outcomeScore struct {
	account scheduler.AccountID
	scale   scale
	wait    time.Duration
	score   float64
	// time counts the times of forecasts from the first one, which is 0.
	time int
	// open is true if the outcome is not known yet: its wait and score are at least that.
	open   bool
	weight float64 // by age
}

// scores are outcomes in order of score.
type scores struct {
	list []outcomeScore
	// ends are the scores that they have in the end, or may have, in order.
	ends []outcomeEnd
	// times is more than the number of the last time.
	times int
	// enough is true if they are enough to correct by.
	enough bool
}

// scoresAt returns the scores of starts and completions, as of a time.
func (c *Calibration) scoresAt(now time.Time) (start, completion *scores) {
	start, completion = &scores{}, &scores{}
	times := c.times()
	for i, p := range c.forecasts {
		if p.time.After(now) {
			break
		}
		age := times[len(times)-1] - times[i]
		weight := math.Exp2(-float64(age) / timesHalfLife)
		lasted := min(now.Sub(p.time), c.until.Sub(p.time))
		known := func(wait time.Duration, known bool) bool {
			return known && !p.time.Add(wait).After(now)
		}
		of := outcomeScore{account: p.account, time: times[i], weight: weight}
		start.add(p, of, p.start, p.started, known(p.started, p.startKnown), lasted)
		completion.add(p, of, p.completion, p.completed, known(p.completed, p.endKnown), lasted)
	}
	start.finish()
	completion.finish()
	return start, completion
}

// times returns the number of the time at which each past forecast was made, from 0.
func (c *Calibration) times() []int {
	times := make([]int, len(c.forecasts))
	for i := 1; i < len(times); i++ {
		times[i] = times[i-1]
		if !c.forecasts[i].time.Equal(c.forecasts[i-1].time) {
			times[i]++
		}
	}
	return times
}

// add adds the outcome of a forecast: a wait, or, if that is not known, how long it lasted so far.
func (s *scores) add(p *pastForecast, o outcomeScore, q forkQuantiles, wait time.Duration,
	known bool, lasted time.Duration) {
	if !known && (p.left || lasted <= 0) {
		return
	}
	if !known {
		wait = lasted
	}
	o.scale, o.wait, o.open = scaleOf(q, p.horizon), wait, !known
	o.score = o.scale.score(wait)
	s.list = append(s.list, o)
	s.times = max(s.times, o.time+1)
}

// finish sorts the scores and ends, and counts whether they are enough.
func (s *scores) finish() {
	slices.SortStableFunc(s.list, func(a, b outcomeScore) int {
		return cmp.Or(cmp.Compare(a.score, b.score), compareBools(a.open, b.open))
	})
	s.ends = endsOf(s.list)
	slices.SortStableFunc(s.ends, func(a, b outcomeEnd) int { return cmp.Compare(a.score, b.score) })
	known, times := 0, map[int]bool{}
	for i := range s.list {
		if o := &s.list[i]; !o.open {
			known++
			times[o.time] = true
		}
	}
	s.enough = known >= outcomesMin && len(times) >= timesMin
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// correct returns the waits at some shares, in order, of a forecast for an account.
func (s *scores) correct(q forkQuantiles, horizon time.Duration, account scheduler.AccountID,
	shares [3]float64) [3]time.Duration {
	scale := scaleOf(q, horizon)
	weights := make([]float64, len(s.list))
	near := make([]float64, s.times) // how near the nearest outcome of each time is
	total := 0.0
	for i := range s.list {
		o := &s.list[i]
		weight := o.weight * math.Exp(-math.Abs(o.scale.middle-scale.middle)/lengthScale)
		near[o.time] = max(near[o.time], weight)
		if o.account == account {
			weight *= ownWeight
		}
		total += weight
		weights[i] = weight
	}
	prior := priorWeight(near, total)
	handOn(s.list, weights, prior)
	ends := make([]weightedScore, len(s.ends))
	for i, end := range s.ends {
		ends[i] = weightedScore{end.score, end.share * weights[end.outcome]}
	}
	ends = merge(ends, priorOf(scale, prior))
	var waits [3]time.Duration
	for i, share := range shares {
		waits[i] = scale.wait(quantileOf(ends, share*(total+prior)))
	}
	return waits
}

// A weightedScore is a score, and how much it counts for a forecast.
type weightedScore struct{ score, weight float64 }

// merge returns the scores of two lists in order, in order.
func merge(a, b []weightedScore) []weightedScore {
	all := make([]weightedScore, 0, len(a)+len(b))
	for _, s := range b {
		i := 0
		for i < len(a) && a[i].score <= s.score {
			i++
		}
		all = append(append(all, a[:i]...), s)
		a = a[i:]
	}
	return append(all, a...)
}

// quantileOf returns the least of some scores, in order, up to which there is some weight.
func quantileOf(list []weightedScore, weight float64) float64 {
	const rounding = 1 - 1e-12
	sum := 0.0
	for _, s := range list {
		if sum += s.weight; sum >= weight*rounding {
			return s.score
		}
	}
	return list[len(list)-1].score
}
