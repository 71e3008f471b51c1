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
