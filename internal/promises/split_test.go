package promises_test

import (
	"fmt"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/internal/promises"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// fleet is workers that two parties share: A, cut into parts, is granted rate workers, and B the
// rest. Both always have requests, A at least backlog ones that wait.
type fleet struct {
	workers     int
	rate        float64 // of A, in workers
	parts       int
	backlog     int
	length      time.Duration // of tasks, on average
	saved, span time.Duration
	seed        uint64
}

// shares is how a fleet was used.
type shares struct {
	// held is how many workers A had on average, and had the same less what of its work was lost.
	held, had float64
	// lost is which part of the fleet's time was lost to preemptions that limits allow, and owed
	// which part to others.
	lost, owed float64
}

// split runs a fleet from empty balances. Limits are the default ones, or none.
func split(t require.TestingT, make promises.Maker, c *scheduler.Config, f fleet) shares {
	w := newWorld(t, make, c, f.workers)
	w.Heartbeat = max(time.Minute, f.length/20)
	w.Tick = max(time.Second, f.length/200)
	total := float64(f.workers) * f.span.Seconds()
	var s shares
	w.Watch(func(e *protos.TaskEvent) {
		unsaved := e.GetPreempted().GetUnsavedWork().AsDuration().Seconds()
		if e.GetPreempted().GetLostWork().AsDuration() > 10*time.Minute && c.MaxLostWork[0] >= 0 {
			s.owed += unsaved / total
		} else {
			s.lost += unsaved / total
		}
		if e.GetAccountId() != "b" {
			s.had -= unsaved / f.span.Seconds()
		}
	})
	part := f.rate / float64(f.parts)
	for i := range f.parts {
		id := fmt.Sprintf("a%02d", i)
		w.Account(id, atLevel(0, part, f.saved))
		w.Always(id, max(1+int(part), f.backlog/f.parts), around(f.length, f.seed+uint64(i)))
	}
	w.Account("b", atLevel(0, float64(f.workers)-f.rate, f.saved))
	w.Always("b", f.workers/5+1, around(f.length, f.seed+1000))
	w.RunFor(f.span)
	for i := range f.parts {
		s.held += w.Used(fmt.Sprintf("a%02d", i)).Seconds() / f.span.Seconds()
	}
	s.had += s.held
	return s
}
