package forecast

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/quotasched/quotasched/fork"
	"github.com/quotasched/quotasched/scheduler"
)

// Arrivals are drawn by a stationary bootstrap (Politis, Romano: The Stationary Bootstrap, 1994) of
// each account's record: an hour to come is a copy of a recorded hour of the account, with the
// requests that came in it, their labels, the sizes of their groups and their run times. The hour
// after it is mostly a copy of the hour after that one, as users who are busy stay busy; now and
// then another day is drawn. Days are drawn by their age and weekday, so that a Monday morning is
// mostly a copy of the last Monday mornings.
const (
	// dayAgain is the chance that an hour is drawn from another day than the hour before.
	dayAgain = 1.0 / 12
	// halfLife is the age at which a day is drawn half as often.
	halfLife = 7 * 24 * time.Hour
	// A day of another weekday is drawn less often, and even less if one is on a weekend.
	otherWeekday, otherWeekend = 0.5, 0.05
)

const day = 24 * time.Hour

// A drawing draws the arrivals of one fork, hour by hour.
type drawing struct {
	past       *Arrivals
	begin, end time.Time
	seed       uint64
	fork       int
	accounts   []drawnAccount
	next       time.Time // the hour that is drawn next
	drawn      int
	// estimate returns a run time for a recorded request whose own is not known; false leaves the
	// request out.
	estimate func(r *scheduler.TaskRequest, group string) (time.Duration, bool)
	// runs has the run times of what was drawn.
	runs map[scheduler.RequestID]time.Duration
}

// drawnAccount is the state of an account's bootstrap.
type drawnAccount struct {
	arrivals *accountArrivals
	chance   *rand.Rand
	// shift is from the recorded hours to those to come; 0 before the first draw.
	shift time.Duration
}

// newDrawing begins the arrivals of a fork.
func (a *Arrivals) newDrawing(begin, end time.Time, seed uint64, number int) *drawing {
	d := &drawing{past: a, begin: begin, end: end, next: begin, seed: seed, fork: number,
		runs: map[scheduler.RequestID]time.Duration{}}
	for _, id := range a.ids() {
		chance := newDraws(seed, "arrivals of "+string(id)).rand(number)
		d.accounts = append(d.accounts, drawnAccount{arrivals: a.accounts[id], chance: chance})
	}
	return d
}

// more implements fork.World.More: it returns the arrivals of the next hour that has any, and none
// at the end.
func (d *drawing) more() []fork.Arrival {
	for d.next.Before(d.end) {
		from := d.next
		to := from.Truncate(time.Hour).Add(time.Hour)
		if to.After(d.end) {
			to = d.end
		}
		d.next = to
		var all []fork.Arrival
		for i := range d.accounts {
			all = append(all, d.hour(&d.accounts[i], from, to)...)
		}
		if len(all) == 0 {
			continue
		}
		slices.SortStableFunc(all, func(a, b fork.Arrival) int { return a.Time.Compare(b.Time) })
		return all
	}
	return nil
}

// hour draws what an account sends in an hour to come.
func (d *drawing) hour(a *drawnAccount, from, to time.Time) []fork.Arrival {
	again := a.chance.Float64() < dayAgain
	if again || !d.recorded(from.Add(-a.shift), to.Add(-a.shift)) {
		a.shift = d.drawShift(a.chance, from, to)
	}
	if a.shift == 0 {
		return nil
	}
	var all []fork.Arrival
	for _, x := range a.arrivals.between(from.Add(-a.shift), to.Add(-a.shift)) {
		r := x.request
		run, ok := x.run, x.run > 0
		if !ok {
			run, ok = d.estimate(&r, x.group)
		}
		if !ok {
			continue
		}
		d.drawn++
		// The id sorts behind those of the snapshot that arrived at the same time.
		r.ID = scheduler.RequestID(fmt.Sprintf("\U0010ffff%d", d.drawn))
		at := x.time.Add(a.shift)
		r.EnqueueTime = at
		d.runs[r.ID] = run
		all = append(all, fork.Arrival{Time: at, Request: r})
	}
	return all
}

// recorded reports whether a time is in the record, and before the fork.
func (d *drawing) recorded(from, to time.Time) bool {
	return !from.Before(d.past.first) && !to.After(d.begin)
}

// drawShift draws from which recorded time an hour is copied: the same hour of another day, or,
// of a record that does not have it, any hour; 0 if there is none.
func (d *drawing) drawShift(chance *rand.Rand, from, to time.Time) time.Duration {
	var shifts []time.Duration
	var sums []float64
	sum := 0.0
	for shift := day; d.past.first.Compare(from.Add(-shift)) <= 0; shift += day {
		if !d.recorded(from.Add(-shift), to.Add(-shift)) {
			continue
		}
		sum += weightOfDay(from, shift)
		shifts, sums = append(shifts, shift), append(sums, sum)
	}
	pick := chance.Float64() * sum
	if len(shifts) > 0 {
		i, _ := slices.BinarySearch(sums, pick)
		return shifts[min(i, len(shifts)-1)]
	}
	hours := int(d.begin.Sub(d.past.first) / time.Hour)
	if hours == 0 {
		return 0
	}
	ahead := to.Sub(d.begin)
	nearest := ahead.Truncate(time.Hour)
	if nearest < ahead {
		nearest += time.Hour
	}
	shift := nearest + time.Duration(chance.IntN(hours))*time.Hour
	if !d.recorded(from.Add(-shift), to.Add(-shift)) {
		shift = nearest
	}
	return shift
}

// weightOfDay returns how likely an hour is drawn from the day that is so long before it.
func weightOfDay(t time.Time, shift time.Duration) float64 {
	weight := math.Exp2(-float64(shift) / float64(halfLife))
	then, now := t.Add(-shift).Weekday(), t.Weekday()
	switch {
	case then == now:
		return weight
	case isWeekend(then) == isWeekend(now):
		return weight * otherWeekday
	}
	return weight * otherWeekend
}

func isWeekend(d time.Weekday) bool { return d == time.Saturday || d == time.Sunday }
