//go:build !invariants

package scheduler

type trace struct{}

func (s *Scheduler) newTrace() trace { return trace{} }

func (s *Scheduler) checkUndone(trace) {}
