package scheduler

// Counts are the numbers of requests and workers in a scheduler.
type Counts struct {
	// Waiting is the number of waiting requests.
	Waiting int
	// Idle is the number of workers without a run, cordoned ones included.
	Idle int
	// Running is the number of runs at each level, the free bucket last, held ones included.
	Running [NumPriorities + 1]int
	// Cordoned is the number of cordoned workers, known or not.
	Cordoned int
}

// Counts says how many requests and workers there are. It costs O(1).
func (s *Scheduler) Counts() Counts {
	s.checkMade()
	busy := 0
	for _, n := range s.running {
		busy += n
	}
	return Counts{
		Waiting:  len(s.requests) - busy,
		Idle:     len(s.workers) - busy,
		Running:  s.running,
		Cordoned: len(s.cordons),
	}
}
