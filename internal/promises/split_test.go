package promises_test

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/internal/promises"
	"github.com/quotasched/quotasched/scheduler"
)

// fleet is workers that two parties share: A, cut into parts, is granted rate workers, and B the
// rest. Both always have requests.
type fleet struct {
	workers     int
	rate        float64 // of A, in workers
	parts       int
	length      time.Duration // of tasks, on average
	saved, span time.Duration
	seed        uint64
}

// split returns how many workers A had on average, and which part of the fleet's time was lost.
func split(t require.TestingT, make promises.Maker, c *scheduler.Config,
	f fleet) (had, lost float64) {
	w := newWorld(t, make, c, f.workers)
	w.Heartbeat = max(time.Minute, f.length/20)
	w.Tick = max(time.Second, f.length/200)
	part := f.rate / float64(f.parts)
	for i := range f.parts {
		id := fmt.Sprintf("a%02d", i)
		w.Account(id, atLevel(0, part, f.saved))
		w.Always(id, 1+int(part), around(f.length, f.seed+uint64(i)))
	}
	w.Account("b", atLevel(0, float64(f.workers)-f.rate, f.saved))
	w.Always("b", f.workers/5+1, around(f.length, f.seed+1000))
	w.RunFor(f.span)
	for i := range f.parts {
		had += w.Used(fmt.Sprintf("a%02d", i)).Seconds()
	}
	return had / f.span.Seconds(), w.Lost().Seconds() / (float64(f.workers) * f.span.Seconds())
}
