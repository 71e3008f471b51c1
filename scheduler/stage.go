package scheduler

// Stage returns the worker of a request that is on one, and how far its run has come; ok is false
// if the request waits or is unknown. O(1).
func (s *Scheduler) Stage(r RequestID) (w WorkerID, stage Stage, ok bool) {
	s.checkMade()
	known := s.requests[r]
	if known == nil || known.worker == nil {
		return "", Held, false
	}
	return known.worker.id, known.worker.run.stage, true
}
