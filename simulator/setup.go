package simulator

import "time"

// Setup is everything that a run depends on: the same setup gives the same figures, to the last
// byte, on any number of processors. It is not changed by a run.
type Setup struct {
	// Workload is what is submitted.
	Workload *Workload
	// Workers is the fleet.
	Workers []Worker
	// Policy says who has what quota.
	Policy Policy
	// Timing says how long things take.
	Timing Timing
	// Progress, if not nil, is told now and then how far the run has come.
	Progress func(Progress)
	// Stopwatch, if not nil, reads a clock of the real world, to measure what passes cost. It
	// influences nothing but Figures.Wall.
	Stopwatch func() time.Duration
	// NewPool makes the pool; nil means the function NewPool of this package.
	NewPool PoolMaker
}

// Progress is how far a run has come.
type Progress struct {
	// Ended and Requests count the requests that have ended, and all of them.
	Ended, Requests int
	// Now is the moment of the simulated world.
	Now time.Time
}

// validate returns nil, or an error (ErrSetup) that says what no run can begin with.
func (s *Setup) validate() error {
	if err := s.Workload.validate(); err != nil {
		return err
	}
	if err := s.Policy.validate(); err != nil {
		return err
	}
	return s.Timing.validate(s.Policy.Scheduler.WorkerExpiration)
}
