package simulator

import (
	"cmp"
	"fmt"
	"time"

	"github.com/quotasched/quotasched/scheduler"
)

// Timing says how long things take in the simulated world. Begin with DefaultTiming.
type Timing struct {
	// Tick is the dispatcher's period: what happened since its last turn is told to the pool, and
	// workers that polled get their answer, at multiples of Tick.
	Tick time.Duration
	// Poll is the period at which an idle worker asks for a task.
	Poll time.Duration
	// PollJitter is by how much each poll of an idle worker is late at most; by how much, the seed
	// decides. 0 or more; more than Poll counts as Poll.
	PollJitter time.Duration
	// KeepAlive is how often the pool hears of an idle worker for which there is no task; in a run
	// with faults, it is Heartbeat, if that is shorter. It must stay below the pool's worker
	// expiration.
	KeepAlive time.Duration
	// Heartbeat is the longest time between passes while anything waits or runs, so that balances
	// take effect when nothing else happens.
	Heartbeat time.Duration
	// CancelPoll is how often the dispatcher asks which tasks must stop.
	CancelPoll time.Duration
	// StartDelay is the time from when a worker is given a task until it runs it; 0 or more.
	StartDelay time.Duration
	// Provision is how long a task provisions its worker before its own run time begins, if the
	// worker lacks a provisionable label; 0 or more.
	Provision time.Duration
	// DeadAfter is how long the dispatcher hears nothing of a worker before it takes it for dead,
	// and what it ran for lost. It matters only in a run in which workers die.
	DeadAfter time.Duration
	// Resync is how often the dispatcher tells the pool anew where its requests are, in case news
	// was lost. It does so only in a run with faults.
	Resync time.Duration
	// GiveUp ends a run in which requests wait, but nothing has run or arrived for this long.
	GiveUp time.Duration
}

// DefaultTiming returns a dispatcher with a turn every 5 s, workers that poll every 10 s and start
// after 1 s, polls that are up to 1 s late, provisioning of 8 minutes, and the other times in
// proportion.
func DefaultTiming() Timing {
	return Timing{
		Tick:       5 * time.Second,
		Poll:       10 * time.Second,
		PollJitter: time.Second,
		KeepAlive:  4 * time.Minute,
		Heartbeat:  time.Minute,
		CancelPoll: 10 * time.Second,
		StartDelay: time.Second,
		Provision:  8 * time.Minute,
		DeadAfter:  10 * time.Minute,
		Resync:     10 * time.Minute,
		GiveUp:     7 * 24 * time.Hour,
	}
}

// validate returns nil, or an error that names the time that is out of range.
func (t *Timing) validate(expiration time.Duration) error {
	for _, d := range []struct {
		name       string
		value, min time.Duration
	}{
		{"tick", t.Tick, time.Millisecond},
		{"poll", t.Poll, time.Millisecond},
		{"poll jitter", t.PollJitter, 0},
		{"keep-alive", t.KeepAlive, time.Millisecond},
		{"heartbeat", t.Heartbeat, time.Millisecond},
		{"cancel-poll", t.CancelPoll, time.Millisecond},
		{"start delay", t.StartDelay, 0},
		{"provisioning", t.Provision, 0},
		{"dead-after", t.DeadAfter, time.Millisecond},
		{"resync", t.Resync, time.Millisecond},
		{"give-up", t.GiveUp, time.Millisecond},
	} {
		if d.value < d.min || d.value > maxSubmit {
			return fmt.Errorf("%w: a %s time of %v is not from %v to 200 years", ErrSetup,
				d.name, d.value, d.min)
		}
	}
	expiration = cmp.Or(expiration, scheduler.DefaultWorkerExpiration)
	if heard := max(t.Poll+t.jitter(), t.KeepAlive) + t.Tick; heard > expiration {
		return fmt.Errorf("%w: workers that are heard of every %v would expire after %v",
			ErrSetup, heard, expiration)
	}
	return nil
}

// jitter is by how much a poll is late at most.
func (t *Timing) jitter() time.Duration { return min(t.PollJitter, t.Poll) }

// nextPoll returns the first moment after now at which an idle worker polls. Each of its turns is
// late by a time of its own, which depends on nothing but the seed, so that turns which nobody
// needs can be passed over.
func (e *engine) nextPoll(w *worker) time.Duration {
	t := &e.setup.Timing
	jitter := t.jitter()
	if jitter == 0 {
		return nextTurn(e.now+1, w.phase, t.Poll)
	}
	turn := max(0, (e.now-w.phase-jitter)/t.Poll)
	for {
		late := scatter(e.setup.Seed, uint64(w.index), uint64(turn)) % uint64(jitter+1)
		at := w.phase + turn*t.Poll + time.Duration(late)
		if at > e.now {
			return at
		}
		turn++
	}
}

// nextTurn returns the first multiple of period, shifted by phase, that is at or after t.
func nextTurn(t, phase, period time.Duration) time.Duration {
	if t <= phase {
		return phase
	}
	turns := (t - phase + period - 1) / period
	return phase + turns*period
}
