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
	// KeepAlive is how often the pool hears of an idle worker for which there is no task. It must
	// stay below the pool's worker expiration.
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
	// GiveUp ends a run in which requests wait, but nothing has run or arrived for this long.
	GiveUp time.Duration
}

// DefaultTiming returns a dispatcher with a turn every 5 s, workers that poll every 10 s and start
// after 1 s, provisioning of 8 minutes, and the other times in proportion.
func DefaultTiming() Timing {
	return Timing{
		Tick:       5 * time.Second,
		Poll:       10 * time.Second,
		KeepAlive:  4 * time.Minute,
		Heartbeat:  time.Minute,
		CancelPoll: 10 * time.Second,
		StartDelay: time.Second,
		Provision:  8 * time.Minute,
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
		{"keep-alive", t.KeepAlive, time.Millisecond},
		{"heartbeat", t.Heartbeat, time.Millisecond},
		{"cancel-poll", t.CancelPoll, time.Millisecond},
		{"start delay", t.StartDelay, 0},
		{"provisioning", t.Provision, 0},
		{"give-up", t.GiveUp, time.Millisecond},
	} {
		if d.value < d.min || d.value > maxSubmit {
			return fmt.Errorf("%w: a %s time of %v is not from %v to 200 years", ErrSetup,
				d.name, d.value, d.min)
		}
	}
	expiration = cmp.Or(expiration, scheduler.DefaultWorkerExpiration)
	if t.Poll+t.Tick > expiration || t.KeepAlive+t.Tick > expiration {
		return fmt.Errorf("%w: workers that are heard of every %v would expire after %v",
			ErrSetup, max(t.Poll, t.KeepAlive)+t.Tick, expiration)
	}
	return nil
}

// nextTurn returns the first multiple of period, shifted by phase, that is at or after t.
func nextTurn(t, phase, period time.Duration) time.Duration {
	if t <= phase {
		return phase
	}
	turns := (t - phase + period - 1) / period
	return phase + turns*period
}
