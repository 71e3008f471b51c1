package benchmarks

import (
	"fmt"
	"math"
	"runtime"
	"slices"
	"time"
)

// Measure runs a case at one size, for at most the given time after its preparation, and at least
// one round. It panics if the work did not happen.
func (c *Case) Measure(size Size, newTarget func() Target, limit time.Duration) *Figure {
	m := c.begin(size, newTarget, limit)
	m.rounds(math.MaxInt)
	return m.checked()
}

// MeasureInTurns is Measure at all sizes of a case, which take turns of some rounds each: when the
// machine is slow for a while, all of them are, and none seems to have grown.
func (c *Case) MeasureInTurns(newTarget func() Target, limit time.Duration) []*Figure {
	const turn = 20
	var all []*measurement
	for _, size := range c.Sizes {
		all = append(all, c.begin(size, newTarget, limit))
	}
	for slices.ContainsFunc(all, (*measurement).goesOn) {
		for _, m := range all {
			m.rounds(turn)
		}
	}
	var figures []*Figure
	for _, m := range all {
		figures = append(figures, m.checked())
	}
	return figures
}

// A measurement is a case that is being measured at one size.
type measurement struct {
	c         *Case
	size      Size
	newTarget func() Target
	limit     time.Duration
	most      int // rounds

	p       *world
	samples []time.Duration
	spent   time.Duration
	work    int
	allocs  uint64
}

// begin returns a measurement without rounds yet.
func (c *Case) begin(size Size, newTarget func() Target, limit time.Duration) *measurement {
	most := c.rounds
	switch {
	case most > 0:
	case c.fresh:
		most = 3
	default:
		most = 200
	}
	return &measurement{c: c, size: size, newTarget: newTarget, limit: limit, most: most}
}

// goesOn reports whether there is time for another round.
func (m *measurement) goesOn() bool {
	return len(m.samples) == 0 || len(m.samples) < m.most && m.spent < m.limit
}

// rounds runs up to so many rounds.
func (m *measurement) rounds(n int) {
	for range n {
		if !m.goesOn() {
			return
		}
		m.round()
	}
}

func (m *measurement) round() {
	c := m.c
	if m.p == nil || c.fresh { // to make a pool is not part of the limit
		m.p = c.world(m.newTarget(), m.size)
		if c.prepare != nil {
			c.prepare(m.p)
		}
		runtime.GC() // what making it has left behind is not part of the case, as in package testing
	}
	start := time.Now()
	if c.between != nil {
		c.between(m.p, len(m.samples))
	}
	before := m.mallocs()
	began := c.clock()
	m.work += c.op(m.p)
	m.samples = append(m.samples, (c.clock()-began)/time.Duration(max(1, c.per)))
	m.allocs += m.mallocs() - before
	m.spent += time.Since(start)
}

// epochOfClock is where clocks begin.
var epochOfClock = time.Now()

// clock reads the clock by which the case is measured.
func (c *Case) clock() time.Duration {
	if c.CPU {
		return cpuTime()
	}
	return time.Since(epochOfClock)
}

// mallocs counts allocations so far, if they are to be counted.
func (m *measurement) mallocs() uint64 {
	if m.c.ReachAllocs == 0 {
		return 0
	}
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.Mallocs
}

// world makes the world that the case begins with.
func (c *Case) world(t Target, size Size) *world {
	if c.empty {
		return emptyWorld(t, size, c.shape)
	}
	return newWorld(t, size, c.shape)
}

// checked returns the figure, and panics if the work was not done.
func (m *measurement) checked() *Figure {
	c, f := m.c, m.figure()
	enough := !c.shape.labelling.isVaried() || m.size.Requests*m.size.Workers >= enoughPairs
	if worked := f.Work > 0; enough && c.idle == worked || !enough && c.idle && worked {
		panic(fmt.Sprintf("%s at %v: the work done per round is %v", c.Name, m.size, f.Work))
	}
	return f
}

// enoughPairs is how many pairs of request and worker a random pool must have to be sure to have
// some that match: one in three million does.
const enoughPairs = 10_000_000

func (m *measurement) figure() *Figure {
	f := &Figure{Case: m.c, Size: m.size}
	slices.Sort(m.samples)
	f.P50, f.P99 = m.samples[len(m.samples)/2], m.samples[len(m.samples)*99/100]
	f.Work = float64(m.work) / float64(len(m.samples))
	f.Allocs = float64(m.allocs) / float64(len(m.samples)*max(1, m.c.per))
	return f
}
