package simulator

import (
	"time"

	"github.com/quotasched/quotasched/protos"
)

// mishaps decide what goes wrong, and count it. A nil one lets nothing go wrong, and draws no
// random number.
type mishaps struct {
	// until is when the last fault has happened.
	until time.Duration
	// Each fault has chance of its own; stopLost is that of orders to stop.
	pollLost, stopLost                                chance
	newsLost, newsRepeated, newsShuffled, newsDelayed chance
	restarts                                          chance
	counts                                            FaultFigures

	// snapshot is the last one of the pool, taken at snapshotAt, and journal has the operations
	// since. There are none if the dispatcher never restarts.
	snapshot   []byte
	snapshotAt time.Duration
	journal    []*protos.Operation
}

// newMishaps returns nil if the setup has no fault. It sets the workers' clocks.
func newMishaps(setup *Setup, fleet *fleet) *mishaps {
	f := &setup.Faults
	if !f.any() {
		return nil
	}
	submissions := setup.Workload.Submissions
	m := &mishaps{
		until:        submissions[len(submissions)-1].Submit,
		pollLost:     newChance(setup.Seed, streamPollLost),
		stopLost:     newChance(setup.Seed, streamStopLost),
		newsLost:     newChance(setup.Seed, streamNewsLost),
		newsRepeated: newChance(setup.Seed, streamNewsRepeated),
		newsShuffled: newChance(setup.Seed, streamNewsShuffled),
		newsDelayed:  newChance(setup.Seed, streamNewsDelayed),
		restarts:     newChance(setup.Seed, streamRestarts),
	}
	if f.Until > 0 {
		m.until = submissions[0].Submit + f.Until
	}
	for _, w := range fleet.workers {
		span := uint64(2*f.ClockSkew + 1)
		part := scatter(setup.Seed, uint64(streamSkew), uint64(w.index)) % span
		w.skew = time.Duration(part) - f.ClockSkew
		if f.WorkerDeaths > 0 {
			w.deaths = newChance(setup.Seed, streamDeaths+stream(w.index))
		}
	}
	return m
}

// on says whether faults still happen at an instant.
func (m *mishaps) on(now time.Duration) bool { return now < m.until }

// happens draws whether a fault that hits a part of all cases happens now.
func (m *mishaps) happens(c chance, part float64, now time.Duration) bool {
	return part > 0 && m.on(now) && c.hits(part)
}

// shuffle moves what is misplaced among news to another place.
func (m *mishaps) shuffle(all []news) {
	for i := range all {
		if !all[i].misplaced {
			continue
		}
		all[i].misplaced = false
		if j := m.newsShuffled.below(len(all)); j != i {
			all[i], all[j] = all[j], all[i]
			m.counts.NewsShuffled++
		}
	}
}

// figures counts what went wrong; nil if nothing was to.
func (m *mishaps) figures() *FaultFigures {
	if m == nil {
		return nil
	}
	counts := m.counts
	return &counts
}

// planMishaps puts the first death of each worker and the first restart on the agenda.
func (e *engine) planMishaps() {
	if e.mishaps == nil {
		return
	}
	for _, w := range e.fleet.workers {
		e.planDeath(w)
	}
	e.planRestart()
	e.maybeSnapshot()
}
