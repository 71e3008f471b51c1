package reference_test

import (
	"testing"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
)

// TestExplainInCrowds asks about some requests all through the stories of larger pools. What is
// said must be true, and what the engine does later as if nothing had been asked.
func TestExplainInCrowds(t *testing.T) {
	if slowed {
		t.Skip("the stories are the same without the slow checks, and told there")
	}
	for i := range crowds {
		p := &crowds[i]
		t.Run(p.name, func(t *testing.T) {
			dice := newSeededDice(uint64(i))
			d := newDuel(t, newConfig(dice, p), newTimeout(dice, p))
			s := newStoryteller(dice, p)
			asked := 0
			for i := range p.requests * 3 / 2 {
				op := s.next()
				_, events, _ := d.applyQuickly(t, op)
				pool := s.seen
				if i%20 == 0 {
					pool = d.compareAll(t)
					asked += d.ask(t, dice, pool.GetScheduler())
				}
				s.look(op, pool, events)
			}
			d.compareAll(t)
			d.settle(t)
			if asked == 0 {
				t.Error("nothing was asked")
			}
		})
	}
}

// ask asks about a few of the waiting requests, and checks the answers.
func (d *duel) ask(t failer, dice dice, snapshot *protos.Scheduler) (asked int) {
	t.Helper()
	waiting := snapshot.GetWaitingRequests()
	before := d.engine.Hash()
	for range min(3, len(waiting)) {
		r := waiting[dice.roll(len(waiting))]
		a := answer{t: t, snapshot: snapshot, id: scheduler.RequestID(r.GetId()),
			journal: &d.journal}
		var err error
		if a.e, err = d.engine.Explain(a.id); err != nil {
			t.Fatalf("%v\n%s", err, &d.journal)
		}
		d.journal.note("# explained " + a.id)
		a.checkStart()
		a.checkSuggestions()
		asked++
	}
	if d.engine.Hash() != before {
		t.Fatalf("explaining changes the state\n%s", &d.journal)
	}
	return asked
}
