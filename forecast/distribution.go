package forecast

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// A Distribution says how long a task may run: for shares from 0 to 1, the time within which that
// share of tasks is over. The zero value knows nothing.
type Distribution struct {
	points []Point
}

// Point is a quantile: Share of all tasks run for at most Time.
type Point struct {
	Share float64
	Time  time.Duration
}

// Quantiles makes a distribution of some quantiles, in any order. Between them it runs straight;
// below the first and above the last it stays at their times. A single one is an exact run time.
//
// The error names a share that is not from 0 to 1, a time below 0, a share that is there twice, or
// a greater share with a shorter time. No point at all is an error.
func Quantiles(points ...Point) (*Distribution, error) {
	if len(points) == 0 {
		return nil, fmt.Errorf("%w: a distribution without a quantile", ErrInvalid)
	}
	d := &Distribution{points: slices.Clone(points)}
	slices.SortStableFunc(d.points, func(a, b Point) int { return cmp.Compare(a.Share, b.Share) })
	for i, p := range d.points {
		switch {
		case !(p.Share >= 0 && p.Share <= 1): // also if it is not a number
			return nil, fmt.Errorf("%w: a quantile at %v, which is not from 0 to 1", ErrInvalid,
				p.Share)
		case p.Time < 0:
			return nil, fmt.Errorf("%w: a run time of %v is below 0", ErrInvalid, p.Time)
		case i > 0 && p.Share == d.points[i-1].Share:
			return nil, fmt.Errorf("%w: two quantiles at %v", ErrInvalid, p.Share)
		case i > 0 && p.Time < d.points[i-1].Time:
			return nil, fmt.Errorf("%w: the quantile at %v is %v, less than the one at %v, %v",
				ErrInvalid, p.Share, p.Time, d.points[i-1].Share, d.points[i-1].Time)
		}
	}
	return d, nil
}

// Exactly is the distribution of a run time that is known.
func Exactly(run time.Duration) *Distribution {
	return &Distribution{points: []Point{{Share: 1, Time: max(0, run)}}}
}

// A weighted run time is a past run, and how much it counts.
type weighted struct {
	run    time.Duration
	weight float64
}

// ofPast makes a distribution of past runs: each is as likely as its weight says, and nothing else
// is possible.
func ofPast(past []weighted) *Distribution {
	past = slices.Clone(past)
	slices.SortStableFunc(past, func(a, b weighted) int { return cmp.Compare(a.run, b.run) })
	total := 0.0
	for _, p := range past {
		total += p.weight
	}
	d := &Distribution{points: make([]Point, 0, 2*len(past))}
	sum := 0.0
	for _, p := range past {
		// Two points make a step.
		d.points = append(d.points, Point{Share: sum / total, Time: p.run})
		sum += p.weight
		d.points = append(d.points, Point{Share: min(1, sum/total), Time: p.run})
	}
	return d
}

// known reports whether it knows anything.
func (d *Distribution) known() bool { return d != nil && len(d.points) > 0 }

// At returns the time within which a share of tasks is over. O(log n).
func (d *Distribution) At(share float64) time.Duration {
	i, _ := slices.BinarySearchFunc(d.points, share, func(p Point, s float64) int {
		return cmp.Compare(p.Share, s)
	})
	switch {
	case i == len(d.points):
		return d.points[i-1].Time
	case i == 0 || d.points[i].Share == share:
		return d.points[i].Time
	}
	a, b := d.points[i-1], d.points[i]
	part := (share - a.Share) / (b.Share - a.Share)
	return a.Time + time.Duration(math.Round(part*float64(b.Time-a.Time)))
}

// Share returns which share of tasks is over within a time. O(log n).
func (d *Distribution) Share(t time.Duration) float64 {
	// The first point that is later than t.
	i, _ := slices.BinarySearchFunc(d.points, t, func(p Point, t time.Duration) int {
		if p.Time <= t {
			return -1
		}
		return 1
	})
	switch i {
	case 0:
		return 0
	case len(d.points):
		return 1
	}
	a, b := d.points[i-1], d.points[i]
	return a.Share + (b.Share-a.Share)*float64(t-a.Time)/float64(b.Time-a.Time)
}

// After returns the run time at a share of the tasks that run for longer than some time. A task
// that has outlived all that is known is taken to go on as people's things do: half of them go on
// for as long as they have, a tenth for ten times as long.
func (d *Distribution) After(ran time.Duration, share float64) time.Duration {
	if ran <= 0 || len(d.points) == 1 { // an exact run time is what it is
		return d.At(share)
	}
	over := d.Share(ran)
	if over < 1 {
		return max(ran, d.At(over+share*(1-over)))
	}
	return outlived(ran, share)
}

// outlived returns the run time at a share of the tasks that have run for longer than all that is
// known.
func outlived(ran time.Duration, share float64) time.Duration {
	longer := float64(ran) / max(1-share, 0.01)
	return time.Duration(min(longer, float64(maxRun)))
}

// maxRun is a run that lasts longer than any horizon.
const maxRun = 100 * 365 * 24 * time.Hour
