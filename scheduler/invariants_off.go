//go:build !invariants

package scheduler

// checkInvariants does nothing: the checks that go through the whole state are in builds with the
// tag invariants.
func (s *Scheduler) checkInvariants() {}
