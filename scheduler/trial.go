package scheduler

import "math"

// A trial finds out what a pass would do: it changes the state, runs the steps of a real pass, and
// undoes all of that. What comes after a trial is as if it had not been: the same decisions, at the
// same cost.
//
// The steps do not know about it. What they change, they change for real, and the undo log notes
// how to undo each primitive change. What they look at, compare and decide they tell the pass's
// observer, which ends the pass once the trial knows what it is to find out. What a pass learns for
// the next one is not kept: a trial leaves finish out, and with it all that pass_dirty.go keeps.
type trial struct {
	observer
	s     *Scheduler
	level Priority // the level of the target's run, after the steps
}

// noBudget lets a trial look at whatever a pass looks at.
const noBudget = math.MaxInt

// newTrial returns a trial of how a request fares. The caller changes the state, then calls run
// once.
func (s *Scheduler) newTrial(target *request, budget int) *trial {
	s.matchNew() // which is no part of the trial
	s.beginUndo()
	return &trial{s: s, observer: observer{target: target, budget: budget, idle: map[*worker]bool{}}}
}

// run runs the steps of a pass on the state as changed, with a probe on the target's account, which
// may be nil. Then it undoes everything.
func (t *trial) run(b *probe) {
	s := t.s
	p := s.newPass(nil)
	p.observer, t.pass, t.probe = &t.observer, p, b
	t.looks(trialCost + s.existing.Len()/4 + workerCost*len(t.idle))
	p.run()
	p.dropChoices()
	p.observer = nil
	t.look()
	s.undoAll()
}

// look notes how the steps left things.
func (t *trial) look() {
	if w := t.target.worker; w != nil && w.run.req == t.target {
		t.level = w.run.level
	}
}
