package benchmarks

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/internal/reference"
	"github.com/quotasched/quotasched/scheduler"
)

func engine() Target { return scheduler.New(epoch) }
func naive() Target  { return reference.New(epoch) }

// The cases do what they say, at small sizes, on both targets alike.
func TestCasesDoTheirWork(t *testing.T) {
	for _, c := range Cases(false) {
		size := Size{Requests: 200, Workers: 100, Accounts: 6}
		c.rounds = 3
		if c.fresh {
			c.rounds = 1
		}
		a := c.Measure(size, engine, time.Hour)
		if c.naive == 0 {
			continue
		}
		b := c.Measure(size, naive, time.Hour)
		require.Equal(t, b.Work, a.Work, "%s: what the reference does, and the engine", c.Name)
	}
}

// Bounds on times are as many times as long as the machine is slow, and no others.
func TestBoundsAreAtThePaceOfTheMachine(t *testing.T) {
	size := Size{Requests: 10}
	c := &Case{Sizes: []Size{size}, Reach: 100, Reach99: 1000, ReachAllocs: 4}
	f := func(p50, p99 time.Duration, allocs, pace float64) *Figure {
		return &Figure{Case: c, Size: size, P50: p50, P99: p99, Allocs: allocs, Pace: pace}
	}
	require.True(t, f(100, 1000, 4, 1).Reached(nil))
	require.False(t, f(101, 1000, 4, 1).Reached(nil))
	require.True(t, f(200, 2000, 4, 2).Reached(nil))
	require.False(t, f(201, 2000, 4, 2).Reached(nil))
	require.False(t, f(200, 2001, 4, 2).Reached(nil))
	require.False(t, f(200, 2000, 5, 2).Reached(nil), "allocations are no times")
	s := &Simulation{Reach: 100}
	require.True(t, (&SimulationFigure{Rate: 50, Pace: 2}).Reached(s))
	require.False(t, (&SimulationFigure{Rate: 49, Pace: 2}).Reached(s))
}

// Days are the same through the pool, through bytes and through the reference: Measure panics if
// not.
func TestDaysAreTheSameOnAllPools(t *testing.T) {
	for _, d := range Days(false) {
		d.Size, d.turns, d.naive = Size{20, 6, 7}, 300, 50*time.Millisecond
		f := d.Measure()
		require.Positive(t, f.Starts)
		require.Positive(t, f.Reference)
	}
}

// Each task of a simulation completes: Measure panics if not.
func TestSimulationsComplete(t *testing.T) {
	for _, s := range Simulations(false) {
		s.sets = []string{"workload.length=12h"}
		require.Greater(t, s.Measure().Starts, 100)
	}
}
