//go:build !invariants

package scheduler

// checkInvariants does nothing: the checks that go through the whole state are in builds with the
// tag invariants.
func (s *Scheduler) checkInvariants() {}

// sparesPasses is false where checkRest checks what passes would do that are spared.
const sparesPasses = true

func (p *pass) checkRest(atRest bool) {}
