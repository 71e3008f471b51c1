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
	// Reach bounds the median, and Reach99 the 99th percentile, at the last size, or with ReachAll
	// at each; 0 is no bound.
	Reach, Reach99 time.Duration
	ReachAll       bool
	// ReachAt bounds the median by the number of requests, in place of Reach.
	ReachAt map[int]time.Duration
	// ReachAllocs bounds the allocations at each size; 0 is no bound, and then they are not counted.
	ReachAllocs float64
	// Growth bounds by what factor the median grows in a pool ten times as large, from each size to
	// the next, where it comes to more than GrowthFrom; 0 is no bound.
	Growth     float64
	GrowthFrom time.Duration
	// CPU is true if times are those of processors, garbage collection on other threads included;
	// else they are those of a clock.
	CPU bool

	shape   shape
	per     int                       // times and allocations are divided by it; 0 means 1
	fresh   bool                      // each round needs a pool of its own
	empty   bool                      // the pool has nothing in it to begin with
	rounds  int                       // at most; 0 means 200, or 3 if fresh
	prepare func(p *world)            // once, on a new pool
	between func(p *world, round int) // before each round; not timed
	op      func(p *world) (work int) // what is timed
	idle    bool                      // the op must do no work; else all ops together must do some
	naive   int                       // the reference runs sizes with up to so many requests × workers
}

// A Figure is what a case took at one size.
type Figure struct {
	Case     *Case
	Size     Size
	P50, P99 time.Duration
	Work     float64       // per round
	Allocs   float64       // where Case.ReachAllocs bounds them
	Naive    time.Duration // the reference's median; 0 if it was not run
}

// Ratio is how much longer the reference takes.
func (f *Figure) Ratio() float64 { return float64(f.Naive) / float64(max(1, f.P50)) }

// Exponent is the power of the size with which the median grows from a to b: 0 is not at all, 1 is
// in proportion. The size is the number of accounts where that differs, else of workers where that
// differs, else of requests.
func Exponent(a, b *Figure) float64 {
	grown := float64(b.Size.Requests) / float64(a.Size.Requests)
	switch {
	case a.Size.Accounts != b.Size.Accounts:
		grown = float64(b.Size.Accounts) / float64(a.Size.Accounts)
	case a.Size.Workers != b.Size.Workers:
		grown = float64(b.Size.Workers) / float64(a.Size.Workers)
	}
	return math.Log(float64(b.P50)/float64(max(1, a.P50))) / math.Log(grown)
}

// ReachOf returns what bounds the median and the 99th percentile at a size; 0 is no bound.
func (c *Case) ReachOf(size Size) (p50, p99 time.Duration) {
	if at := c.ReachAt[size.Requests]; at > 0 {
		return at, 0
	}
	if c.ReachAll || size == c.Sizes[len(c.Sizes)-1] {
		return c.Reach, c.Reach99
	}
	return 0, 0
}

// Reached reports whether a figure keeps to the bounds of its case. Before is the figure of the
// size before, nil for the first one.
func (f *Figure) Reached(before *Figure) bool {
	c := f.Case
	if before != nil && c.Growth > 0 && f.P50 > c.GrowthFrom &&
		Exponent(before, f) > math.Log10(c.Growth) {
		return false
	}
	p50, p99 := c.ReachOf(f.Size)
	return (p50 == 0 || f.P50 <= p50) && (p99 == 0 || f.P99 <= p99) &&
		(c.ReachAllocs == 0 || f.Allocs <= c.ReachAllocs)
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
