package simulator

import (
	"fmt"
	"time"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/internal/words"
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
	// WarmUp is a time from the first submission on, after which the figures begin; shorter than
	// the time to the last submission, and 0 for none. Two rules say what counts:
	//
	//   - A request counts if it is submitted at the end of the warm-up or later. Those from before
	//     run like all others, but are in no count of requests, no wait, share, importance, record,
	//     comparison with reality, or list of impossible ones.
	//   - Time counts, and so does what the pool does and decides, from the end of the warm-up on,
	//     whoever's it is. A run that began before has used only the time after it; if it is
	//     stopped, it has lost only that; if a request from before is preempted after it, that is a
	//     preemption of its account.
	WarmUp time.Duration
	// SeriesPoints is how many points Figures.Series has at most: 2 to 10,000, or 0 for none. There
	// are at least a third as many if the run lasts to the last submission, and for as many
	// seconds. Of more than 500
	// accounts, the 500 that demand most are followed.
	SeriesPoints int
	// GroupBy has the keys of labels by whose values Figures.Groupings tells requests and workers
	// apart, such as "pool"; each has 1,000 values at most.
	GroupBy []string
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
	if err := s.validateFigures(); err != nil {
		return err
	}
	if err := s.Faults.validate(s.Workload); err != nil {
		return field.In("faults", err)
	}
	return s.Timing.validate(s.Policy.Scheduler.WorkerExpiration)
}

// validateFigures returns nil, or an error that says what cannot be measured.
func (s *Setup) validateFigures() error {
	all := s.Workload.Submissions
	span := all[len(all)-1].Submit - all[0].Submit
	switch {
	case s.WarmUp < 0:
		return fmt.Errorf("%w: a warm-up of %v", ErrSetup, s.WarmUp)
	case s.WarmUp > 0 && s.WarmUp >= span:
		return fmt.Errorf("%w: a warm-up of %v leaves nothing of submissions in %v", ErrSetup,
			s.WarmUp, span)
	case s.SeriesPoints < 0, s.SeriesPoints == 1, s.SeriesPoints > seriesPointsMax:
		return fmt.Errorf("%w: series of %s points; use 0, or 2 to %s", ErrSetup,
			words.Number(s.SeriesPoints), words.Number(seriesPointsMax))
	}
	return nil
}
