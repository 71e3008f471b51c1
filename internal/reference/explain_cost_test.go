//go:build invariants

package reference_test

import (
	"testing"

	"github.com/quotasched/quotasched/internal/touches"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// TestExplainLeavesNoCost tells stories to two engines, one of which is asked about requests in
// between: what the passes of either look at must be about the same in all. (It is not the same to
// the last look, as a question may fill a cache that the next pass would have filled.)
func TestExplainLeavesNoCost(t *testing.T) {
	for i := range crowds {
		p := &crowds[i]
		t.Run(p.name, func(t *testing.T) {
			quiet, asked := costOfStory(t, p, 0), costOfStory(t, p, 5)
			if asked > quiet+quiet/20 {
				t.Errorf("with questions passes look at %d things, without at %d", asked, quiet)
			}
			t.Logf("with questions passes look at %d things, without at %d", asked, quiet)
		})
	}
}

// costOfStory tells a story and returns what its calls look at. With each, it asks about so many
// requests beside.
func costOfStory(t *testing.T, p *profile, each int) (looks int) {
	t.Helper()
	dice, other := newSeededDice(7), newSeededDice(8)
	s, err := scheduler.NewWithConfig(begin, newConfig(dice, p))
	if err != nil {
		t.Fatal(err)
	}
	c := calls{newStoryteller(dice, p)}
	for range p.requests {
		next := c.next()
		touches.Take()
		_, _ = next.make(s, nil)
		n := touches.Take()
		looks += n.Total()
		snapshot := s.ToProto()
		c.seen = &protos.Pool{Scheduler: snapshot}
		waiting := snapshot.GetWaitingRequests()
		for range min(each, len(waiting)) {
			id := waiting[other.roll(len(waiting))].GetId()
			if _, err := s.Explain(scheduler.RequestID(id)); err != nil {
				t.Fatal(err)
			}
		}
	}
	return looks
}
