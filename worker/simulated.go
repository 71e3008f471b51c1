package worker

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/quotasched/quotasched/protos/dispatch"
)

// ErrGone is for tasks that do not outlive the agent.
var ErrGone = errors.New("the task ended with the agent that ran it")

// Simulated is a driver without processes: a task of the command "simulate RUN EXIT", such as
// "simulate 10m 0", runs for so long and ends with that exit code. Another one runs for a minute.
// When it is stopped it takes StopTakes, or its grace if that is shorter.
type Simulated struct {
	// Clock is that of the agent; nil means the system's.
	Clock func() time.Duration
	// Speed is how much faster than life tasks run; 0 means 1. How long a task may run, and how long
	// it says that it ran, are as in life.
	Speed float64
	// StopTakes is how long a task takes to stop.
	StopTakes time.Duration
	// SavesEvery is how often a task saves; 0 means never.
	SavesEvery time.Duration
}

// simulatedRun is how long a task runs that does not say.
const simulatedRun = time.Minute

// Simulate returns the payload of a task that runs for so long and ends with an exit code, for
// Simulated.
func Simulate(run time.Duration, exit uint8) *dispatch.Exec {
	return &dispatch.Exec{Command: []string{"simulate", run.String(), strconv.Itoa(int(exit))}}
}

// speed is Speed, or 1.
func (d *Simulated) speed() float64 { return defaultTo(d.Speed, 1) }

// real is how long something takes that takes d in life.
func (d *Simulated) real(life time.Duration) time.Duration {
	return time.Duration(float64(life) / d.speed())
}

// now is the time by the agent's clock.
func (d *Simulated) now() time.Duration {
	if d.Clock == nil {
		boot, _ := bootClock()
		return boot
	}
	return d.Clock()
}

// Start implements Driver.
func (d *Simulated) Start(_ context.Context, t Task) (Process, error) {
	spec := t.Run.GetTask()
	run, exit, err := simulation(spec)
	if err != nil {
		return nil, PermanentError{err}
	}
	p := &simulated{
		driver: d, since: max(1, d.now()), exit: exit, deadline: t.Deadline, margin: t.Margin,
		stopSignal: cmp.Or(spec.GetStopSignal(), "SIGTERM"), wake: make(chan struct{}, 1),
	}
	if timeout := spec.GetTimeout(); timeout != nil && timeout.AsDuration() < run {
		run, p.signal, p.timedOut = timeout.AsDuration(), p.stopSignal, true
	}
	p.endsAt = p.since + d.real(run)
	return p, nil
}

// Find implements Driver.
func (d *Simulated) Find(context.Context, Task) (Process, error) { return nil, ErrGone }

// simulation reads what a task does.
func simulation(spec *dispatch.TaskSpec) (run time.Duration, exit int32, err error) {
	run = simulatedRun
	if c := spec.GetExec().GetCommand(); len(c) > 0 && c[0] == "simulate" {
		if len(c) != 3 {
			return 0, 0, errors.New("want simulate RUN EXIT, such as simulate 10m 0")
		}
		if run, err = time.ParseDuration(c[1]); err != nil || run < 0 {
			return 0, 0, fmt.Errorf("%q is not a duration such as 10m", c[1])
		}
		code, err := strconv.ParseUint(c[2], 10, 8)
		if err != nil {
			return 0, 0, fmt.Errorf("%q is not an exit code from 0 to 255", c[2])
		}
		exit = int32(code)
	}
	return run, exit, nil
}

// simulated is a task of a Simulated.
type simulated struct {
	driver     *Simulated
	since      time.Duration
	stopSignal string
	wake       chan struct{}

	mu               sync.Mutex
	endsAt           time.Duration
	exit             int32
	signal           string // ends it, if not empty
	timedOut         bool
	stopped, lost    bool
	deadline, margin time.Duration
}

// Since implements Process.
func (p *simulated) Since() time.Duration { return p.since }

// Stuck implements Process.
func (p *simulated) Stuck() bool { return false }

// Saved implements Process.
func (p *simulated) Saved() (time.Duration, bool) {
	every := p.driver.SavesEvery
	if every <= 0 {
		return 0, false
	}
	return (p.driver.now() - p.since).Truncate(every), true
}

// Renew implements Process.
func (p *simulated) Renew(deadline, margin time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.deadline > 0 {
		p.deadline, p.margin = max(p.deadline, deadline), margin
	}
}

// Stop implements Process.
func (p *simulated) Stop(grace time.Duration, own bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.stop(grace, own)
	select {
	case p.wake <- struct{}{}:
	default:
	}
}

// stop ends the task after its grace, or when it would have ended. p.mu is held.
func (p *simulated) stop(grace time.Duration, own bool) {
	takes, signal := p.driver.StopTakes, p.stopSignal
	if takes >= grace {
		takes, signal = grace, "SIGKILL"
	}
	if at := p.driver.now() + takes; at < p.endsAt {
		p.endsAt, p.signal, p.timedOut = at, signal, false
		if !p.stopped {
			p.stopped, p.lost = true, own
		}
	}
}

// Wait implements Process.
func (p *simulated) Wait(ctx context.Context) (*dispatch.LeaseReport, error) {
	for {
		left, end := p.step()
		if end != nil {
			return end, nil
		}
		timer := time.NewTimer(left)
		select {
		case <-timer.C:
		case <-p.wake:
			timer.Stop()
		case <-ctx.Done():
			timer.Stop()
			return nil, context.Cause(ctx)
		}
	}
}

// step returns the end of the task if it has come, and else how long to wait.
func (p *simulated) step() (time.Duration, *dispatch.LeaseReport) {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.driver.now()
	next := p.endsAt
	if p.deadline > 0 && !p.stopped {
		if now >= p.deadline-p.margin {
			p.stop(max(0, p.deadline-now), true)
		}
		next = min(p.endsAt, p.deadline-p.margin)
	}
	if now < p.endsAt {
		return max(time.Millisecond, next-now), nil
	}
	if p.lost {
		return 0, &dispatch.LeaseReport{Phase: dispatch.Phase_PHASE_LOST}
	}
	r := &dispatch.Result{
		Outcome: &dispatch.Result_ExitCode{ExitCode: p.exit}, TimedOut: p.timedOut,
		Ran: durationpb.New(time.Duration(float64(p.endsAt-p.since) * p.driver.speed())),
	}
	if p.signal != "" {
		r.Outcome = &dispatch.Result_Signal{Signal: p.signal}
	}
	return 0, &dispatch.LeaseReport{Phase: dispatch.Phase_PHASE_FINISHED, Result: r}
}
