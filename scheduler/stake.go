package scheduler

import (
	"math"
	"slices"
	"time"
)

// Work at stake is what the request of a run would have lost in all after a preemption. A run with
// much at stake is protected from requests at some levels, or safe: protected at all.

// maxLoss bounds what a request has lost, in milliseconds: 292 years, the greatest time.Duration.
const maxLoss = int64(math.MaxInt64 / time.Millisecond)

// unsavedAt returns the work in the run that its preemption would lose, in milliseconds.
func (r *run) unsavedAt(now int64) int64 {
	if r.stage == Held {
		return 0
	}
	return now - max(r.handedOut, r.saved)
}

// stakeAt returns the work at stake in the run, in milliseconds.
func (r *run) stakeAt(now int64) int64 { return r.req.lost() + r.unsavedAt(now) }

// lossLimits are the limits on the work that a preemption may lose, by the requests' levels.
type lossLimits struct {
	steps     []int64            // the limits that there are, in milliseconds, ascending
	unlimited bool               // some level has none
	exposed   [NumPriorities]bin // up to which bin nothing protects a run from each level
}

func newLossLimits(c *Config) (l lossLimits) {
	var limits [NumPriorities]time.Duration
	for p, d := range c.MaxLostWork {
		if limits[p] = orDefault(d, DefaultMaxLostWork); limits[p] >= 0 {
			l.steps = append(l.steps, limits[p].Milliseconds())
		} else {
			l.unlimited = true
		}
	}
	slices.Sort(l.steps)
	l.steps = slices.Compact(l.steps)
	for p, d := range limits {
		l.exposed[p] = binSafe - 1
		if d >= 0 {
			l.exposed[p] = 1 + bin(slices.Index(l.steps, d.Milliseconds()))
		}
	}
	return l
}

// never is a time that does not come.
const never = math.MaxInt64

// protection returns the bin of a run, and the accounting time after which that changes by itself.
func (s *Scheduler) protection(r *run) (b bin, until int64) {
	if r.stage == Held {
		return binHeld, never
	}
	atStake := r.stakeAt(s.now.millis())
	if a := r.account(); a.exists() && a.config.SafeAfter != 0 {
		limit := a.config.SafeAfter.Milliseconds()
		switch {
		case a.config.SafeAfter < 0:
			return 1, never
		case atStake > limit:
			return binSafe, never
		}
		return 1, s.now.millis() + limit - atStake
	}
	steps := s.lossLimits.steps
	passed := 0
	for passed < len(steps) && atStake > steps[passed] {
		passed++
	}
	switch {
	case passed < len(steps):
		return bin(1 + passed), s.now.millis() + steps[passed] - atStake
	case s.lossLimits.unlimited:
		return bin(1 + passed), never
	}
	return binSafe, never
}

// protects reports whether something protects a run from requests at level p.
func (s *Scheduler) protects(r *run, p Priority) bool { return r.bin > s.lossLimits.exposed[p] }

// A moment is an accounting time.
type moment int64

// Before orders moments.
func (m moment) Before(n moment) bool { return m < n }

// watchRun watches a run whose bin changes after a time. What becomes of it meanwhile costs
// nothing until then, unless its time comes earlier.
func (s *Scheduler) watchRun(r *run, until int64) {
	if until == never || r.watchedAt != 0 && r.watchedAt <= until {
		return
	}
	r.watchedAt = until
	s.exposures.Push(moment(until), r)
	s.exposures.Compact(len(s.workers), (*run).isOver)
}

// isOver reports whether the run has ended.
func (r *run) isOver() bool { return r.worker.run != r }

// protectRuns moves the runs whose time has come to their new bins.
func (s *Scheduler) protectRuns() {
	now := s.now.millis()
	for {
		r, ok := s.exposures.PopDue(func(until moment) bool { return int64(until) < now })
		if !ok {
			return
		}
		if r.isOver() || r.watchedAt >= now { // or it is watched by another entry
			continue
		}
		r.watchedAt = 0
		s.refileQuietly(r, func() {})
	}
}

// save notes that the work of a run is saved up to a time, which never goes back and counts as if
// within hand-out and last update. What is saved is paid for: from then on the run has cost what it
// has paid since, at its level alone.
func (s *Scheduler) save(r *run, saved time.Time) {
	until := min(saved.UnixMilli(), s.now.millis())
	if until <= max(r.handedOut, r.saved) {
		return
	}
	s.refile(r, func() {
		r.saved, r.since = until, max(until, r.since)
		r.cost, r.paid = Balance{}, nil
	})
}

// comeTo notes that a run is handed out or running, and since when it is not held any more. The run
// may be in no list yet.
func (s *Scheduler) comeTo(r *run, stage Stage) {
	if r.stage == Held {
		r.handedOut = s.now.millis()
	}
	r.stage = stage
}

// advanceTo is comeTo for a run in its lists.
func (s *Scheduler) advanceTo(r *run, stage Stage) {
	if r.stage != Held {
		r.stage = stage
		return
	}
	s.refileQuietly(r, func() { s.comeTo(r, stage) })
}
