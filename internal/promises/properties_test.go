package promises_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/internal/promises"
	"github.com/quotasched/quotasched/scheduler"
)

// tasksMax bounds the tasks of a world, so that it takes a second at most.
const tasksMax = 4000

// lengths and savings are what tasks and caps of random worlds are about as long as.
var (
	lengths = []time.Duration{time.Minute, 4 * time.Minute, 20 * time.Minute, time.Hour,
		4 * time.Hour, 24 * time.Hour}
	savings = []time.Duration{10 * time.Minute, 30 * time.Minute, 2 * time.Hour, 8 * time.Hour,
		24 * time.Hour}
)

// newFleet draws a fleet that A shares with B, with A in one part.
func newFleet(t *rapid.T) fleet {
	f := fleet{parts: 1, workers: rapid.IntRange(4, 24).Draw(t, "workers"),
		length: rapid.SampledFrom(lengths).Draw(t, "length"),
		saved:  rapid.SampledFrom(savings).Draw(t, "saved"),
		seed:   rapid.Uint64Range(0, 1000).Draw(t, "seed")}
	f.span = 20 * max(f.length, f.saved)
	tasks := int(f.span/f.length) * f.workers
	if tasks > tasksMax {
		f.workers = max(2, f.workers*tasksMax/tasks)
	}
	if int(f.span/f.length)*f.workers > 3*tasksMax {
		t.Skip("too many tasks")
	}
	return f
}

// Splitting does not pay: cut into parts, an account gets no more than it got as a whole, but for
// two percent (five where some runs are protected) and one task per part.
func TestSplittingDoesNotPay(t *testing.T) {
	onAll(t, func(t *testing.T, make promises.Maker) {
		rapid.Check(t, func(t *rapid.T) {
			whole := newFleet(t)
			cut := whole
			cut.parts = rapid.IntRange(2, 100).Draw(t, "parts")
			share := rapid.Float64Range(0.1, 0.7).Draw(t, "share")
			milli := max(1, int(1000*share*float64(whole.workers))/cut.parts)
			whole.rate = float64(milli*cut.parts) / 1000
			cut.rate = whole.rate
			c, more := &scheduler.Config{}, 1.05
			if rapid.Bool().Draw(t, "unlimited") {
				c, more = unlimited(), 1.02
			}
			before, _ := split(t, make, c, whole)
			after, lost := split(t, make, c, cut)
			bonus := float64(cut.parts) * whole.length.Seconds() / whole.span.Seconds()
			t.Logf("%+v: %.3f workers, as a whole %.3f; %.2f %% lost", cut, after, before, 100*lost)
			require.LessOrEqual(t, after, more*before+bonus)
			if c.MaxLostWork[0] >= 0 {
				require.LessOrEqual(t, lost, 0.01)
			}
		})
	})
}
