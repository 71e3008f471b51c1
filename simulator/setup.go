package simulator

import (
	"time"

	"github.com/quotasched/quotasched/simulator/field"
)

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
	// Seed decides everything that is left to chance: when workers poll, and which faults happen.
	Seed uint64
	// Faults says what goes wrong, and how often; the zero value, nothing.
	Faults Faults
	// WarmUp is a time from the first submission on. What is submitted in it runs like everything
	// else, but counts in no figure, and no time that passes in it does. 0 or more.
	WarmUp time.Duration
	// SeriesPoints is how many points Figures.Series has at most; 0 for none.
	SeriesPoints int
	// SkipChecks leaves out the checks of the invariants, which cost about as much as the pool
	// itself does.
	SkipChecks bool
	// Record, if not nil, is told of each request that counts when it has ended, in order of their
	// ends. An error ends the run.
	Record func(*TaskRecord) error
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
	if err := s.Faults.validate(s.Workload); err != nil {
		return field.In("faults", err)
	}
	return s.Timing.validate(s.Policy.Scheduler.WorkerExpiration)
}
