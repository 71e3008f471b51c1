package benchmarks

import (
	"math"
	"time"
)

// A Case is one thing that is measured, at growing sizes.
type Case struct {
	// Name is short, What one sentence.
	Name, What string
	// Sizes grow; the bounds on times hold at the last one.
	Sizes []Size
	// Reach bounds the median, and Reach99 the 99th percentile; 0 is no bound.
	Reach, Reach99 time.Duration
	// Growth bounds by what factor the median grows in a pool ten times as large, from each size to
	// the next; 0 is no bound.
	Growth float64

	shape   shape
	fresh   bool                     // each round needs a pool of its own
	empty   bool                     // the pool has nothing in it to begin with
	rounds  int                      // at most; 0 means 200, or 3 if fresh
	prepare func(p *pool)            // once, on a new pool
	between func(p *pool, round int) // before each round; not timed
	op      func(p *pool) (work int) // what is timed
	idle    bool                     // the op must do no work; else all ops together must do some
	naive   int                      // the reference runs sizes with up to so many requests × workers
}

// A Figure is what a case took at one size.
type Figure struct {
	Case     *Case
	Size     Size
	P50, P99 time.Duration
	Work     float64       // per round
	Arrival  time.Duration // per request, when the pool was filled
	Naive    time.Duration // the reference's median; 0 if it was not run
}

// Ratio is how much longer the reference takes.
func (f *Figure) Ratio() float64 { return float64(f.Naive) / float64(max(1, f.P50)) }

// Exponent is the power of the size with which the median grows from a to b: 0 is not at all, 1 is
// in proportion. The size is the number of accounts where that differs, else of workers.
func Exponent(a, b *Figure) float64 {
	grown := float64(b.Size.Workers) / float64(a.Size.Workers)
	if a.Size.Accounts != b.Size.Accounts {
		grown = float64(b.Size.Accounts) / float64(a.Size.Accounts)
	}
	return math.Log(float64(b.P50)/float64(max(1, a.P50))) / math.Log(grown)
}

// Reached reports whether a figure keeps to the bounds of its case. Before is the figure of the
// size before, nil for the first one.
func (f *Figure) Reached(before *Figure) bool {
	c := f.Case
	if before != nil && c.Growth > 0 && Exponent(before, f) > math.Log10(c.Growth) {
		return false
	}
	if f.Size != c.Sizes[len(c.Sizes)-1] {
		return true
	}
	return (c.Reach == 0 || f.P50 <= c.Reach) && (c.Reach99 == 0 || f.P99 <= c.Reach99)
}

// NaiveExponent returns the power of the pool's size (requests, workers and accounts alike) with
// which the reference's median grows, over three sizes up to a given one, each half of the next.
func (c *Case) NaiveExponent(newTarget func() Target, size Size) float64 {
	var figures []*Figure
	for _, part := range []int{4, 2, 1} {
		s := Size{size.Requests / part, max(1, size.Workers/part), max(1, size.Accounts/part)}
		m := c.begin(s, newTarget, time.Nanosecond)
		m.rounds(math.MaxInt)
		figures = append(figures, m.figure())
	}
	first, last := figures[0], figures[2]
	return math.Log(float64(last.P50)/float64(max(1, first.P50))) / math.Log(4)
}

// RunsReference reports whether the reference ends in reasonable time at this size.
func (c *Case) RunsReference(size Size) bool {
	return max(1, size.Requests)*size.Workers <= c.naive
}
