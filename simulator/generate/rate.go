package generate

import (
	"slices"
	"sort"
	"strconv"
	"time"
)

// span is a time from one moment to another.
type span struct {
	from, to time.Duration
}

// rate is how many arrivals come at each moment of a workload.
type rate struct {
	calendar calendar
	length   time.Duration
	arrivals *Arrivals
	// hourly has the arrivals per millisecond in the hours of an ordinary day.
	hourly [24]float64
	daily  [7]float64
	rushes []span
	// bursts has the times of each of the arrivals' bursts, in order and apart from each other.
	bursts [][]span
	// changes are the moments, since midnight, at which the rate may change on any day; the last
	// one is the end of the day.
	changes []time.Duration
}

// newRate returns the rate of valid arrivals, multiplied by factor, without random bursts.
func newRate(a *Arrivals, factor float64, c calendar, length time.Duration) *rate {
	r := &rate{calendar: c, length: length, arrivals: a}
	course, _ := a.Shape.course()
	if len(a.Hours) == len(course.hours) {
		copy(course.hours[:], a.Hours)
	}
	if len(a.Days) == len(course.days) {
		copy(course.days[:], a.Days)
	}
	r.daily = course.days
	sum := 0.0
	for _, f := range course.hours {
		sum += f
	}
	for hour, f := range course.hours {
		r.hourly[hour] = float64(a.PerDay*factor) * f / sum / float64(time.Hour.Milliseconds())
		r.changes = append(r.changes, time.Duration(hour+1)*time.Hour)
	}
	for i := range a.Rushes {
		from, to, _, _ := a.Rushes[i].span()
		r.rushes = append(r.rushes, span{from, to})
		r.changes = append(r.changes, from, to)
	}
	slices.Sort(r.changes)
	return r
}

// addBursts gives each burst its times. Each has a sequence of its own.
func (r *rate) addBursts(seed uint64, stream string) {
	for i := range r.arrivals.Bursts {
		b := &r.arrivals.Bursts[i]
		s := newSequence(seed, stream, "bursts", strconv.Itoa(i))
		gap := float64(week)/b.PerWeek - float64(b.Length)
		var spans []span
		for t := time.Duration(0); ; {
			// A gap is at most 37 times the mean, as a sequence has 52 bits.
			wait := float64(s.exponential() * gap)
			if wait >= float64(r.length-t) {
				break
			}
			from := t + time.Duration(wait)
			t = from + b.Length
			spans = append(spans, span{from, t})
			if t >= r.length {
				break
			}
		}
		r.bursts = append(r.bursts, spans)
	}
}

// at returns the arrivals per millisecond at a moment, and the moment, after it, until which this
// holds.
func (r *rate) at(t time.Duration) (perMillisecond float64, until time.Duration) {
	weekday, since := r.calendar.at(t)
	next := sort.Search(len(r.changes), func(i int) bool { return r.changes[i] > since })
	until = t + r.changes[next] - since
	perMillisecond = float64(r.hourly[since/time.Hour] * r.daily[weekday])
	for i, rush := range r.rushes {
		if since >= rush.from && since < rush.to && isOn(r.arrivals.Rushes[i].Days, weekday) {
			perMillisecond = float64(perMillisecond * r.arrivals.Rushes[i].Factor)
		}
	}
	for i, spans := range r.bursts {
		next := sort.Search(len(spans), func(k int) bool { return spans[k].to > t })
		if next == len(spans) {
			continue
		}
		if spans[next].from > t {
			until = min(until, spans[next].from)
			continue
		}
		until = min(until, spans[next].to)
		perMillisecond = float64(perMillisecond * r.arrivals.Bursts[i].Factor)
	}
	return perMillisecond, min(until, r.length)
}

// each calls f with the time of each arrival, in whole milliseconds and in order, until f returns
// false. Cost: O(arrivals + changes of the rate).
func (r *rate) each(s sequence, f func(time.Duration) bool) {
	// The arrivals that are expected between two of them are exponential, 1 on average.
	expected := s.exponential()
	for t := time.Duration(0); t < r.length; {
		perMillisecond, until := r.at(t)
		from := float64(t) / float64(time.Millisecond)
		room := float64(perMillisecond * (float64(until-t) / float64(time.Millisecond)))
		done := 0.0
		for expected < room-done {
			done += expected
			at := time.Duration(from+done/perMillisecond) * time.Millisecond
			if !f(min(at, (r.length - 1).Truncate(time.Millisecond))) {
				return
			}
			expected = s.exponential()
		}
		expected -= room - done
		t = until
	}
}

// mean returns how many arrivals there are on average, bursts included.
func (r *rate) mean() float64 {
	sum := 0.0
	for t := time.Duration(0); t < r.length; {
		perMillisecond, until := r.at(t)
		sum += float64(perMillisecond * (float64(until-t) / float64(time.Millisecond)))
		t = until
	}
	for i := range r.arrivals.Bursts {
		b := &r.arrivals.Bursts[i]
		sum = float64(sum * mulAdd(b.Factor-1, b.share(), 1))
	}
	return sum
}
