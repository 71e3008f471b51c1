package worker

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"time"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/worker/lease"
)

const (
	// startMax is how long a driver may take to start a task, or to find one.
	startMax = 30 * time.Second
	// pollEvery is how often a task is asked what it has saved, and whether it is stuck.
	pollEvery = time.Second
)

// runner runs one lease, on a goroutine of its own. What it is told meanwhile is folded together:
// the newest deadline, the shortest grace.
type runner struct {
	m   *manager
	run *dispatch.Run
	dir string
	log *slog.Logger

	wake  chan struct{} // something of what follows has changed
	mu    sync.Mutex
	wish  wish
	trail []string // what has happened to the task lately, for people
	// halt ends the prestart hooks and the start.
	halt context.CancelFunc
}

// wish is what is wanted of a lease.
type wish struct {
	deadline, margin time.Duration
	stop             bool
	own              bool
	grace            time.Duration
}

// trailMax is how much of what has happened to a task is kept, and eventBytesMax how long a line of
// it may be.
const trailMax, eventBytesMax = 10, 100

// note keeps what has happened to the task.
func (r *runner) note(what string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.trail) == trailMax {
		r.trail = append(r.trail[:0], r.trail[1:]...)
	}
	text := fmt.Sprintf("%s %s", time.Now().UTC().Format(time.TimeOnly), what)
	text = strings.ToValidUTF8(text[:min(len(text), eventBytesMax)], "")
	r.trail = append(r.trail, text)
}

// renew moves the deadline.
func (r *runner) renew(deadline, margin time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.wish.deadline, r.wish.margin = deadline, margin
	notify(r.wake)
}

// stop has the task stopped; the first reason counts, and the shortest grace.
func (r *runner) stop(s lease.Stop) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.wish.stop {
		r.wish.stop, r.wish.own, r.wish.grace = true, s.Own, s.Grace
	}
	r.wish.grace = min(r.wish.grace, s.Grace)
	r.halt()
	notify(r.wake)
}

func (r *runner) wished() wish {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.wish
}

// notify leaves a note in a channel of one.
func notify(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// continues reports whether silence does not end the task.
func (r *runner) continues() bool {
	return r.run.GetTask().GetOnDisconnect() == dispatch.TaskSpec_ON_DISCONNECT_CONTINUE
}

// task returns what a driver is to know.
func (r *runner) task() Task {
	w := r.wished()
	t := Task{Run: r.run, Dir: r.dir, Deadline: w.deadline, Margin: w.margin}
	if r.continues() {
		t.Deadline, t.Margin = 0, 0
	}
	return t
}

// live takes the lease from the order to the record of its end. earlier is set for one that an
// earlier agent began.
func (r *runner) live(ctx context.Context, earlier bool) {
	startCtx, cancel := context.WithCancel(ctx)
	r.mu.Lock()
	r.halt = cancel
	if r.wish.stop {
		cancel()
	}
	r.mu.Unlock()
	defer cancel()

	end := r.runTask(ctx, startCtx, earlier)
	if end == nil { // the agent was told to leave the task alone
		return
	}
	end.LeaseId, end.Slot = r.run.GetLeaseId(), r.run.GetSlot()
	r.mu.Lock()
	trail := r.trail
	r.mu.Unlock()
	if x := end.GetResult(); x != nil && (x.GetOutcome() == nil || x.GetSignal() != "" ||
		x.GetExitCode() != 0 || x.GetTimedOut()) {
		x.Events = trail
	}
	if err := r.m.store.end(r.dir, end); err != nil {
		// The next agent would report what the shim recorded, or that the lease is lost.
		r.log.Error("the end of a lease cannot be recorded", "error", err)
	}
	r.log.Info("a lease has ended", "phase", end.GetPhase().String(), "result", end.GetResult(),
		"events", trail)
	r.m.learn(lease.News{LeaseID: end.LeaseId, Phase: end.GetPhase(), Result: end.GetResult()})
}

// runTask returns how the task ended.
func (r *runner) runTask(ctx, startCtx context.Context, earlier bool) *dispatch.LeaseReport {
	p, err := r.begin(startCtx, earlier)
	switch {
	case err != nil && earlier:
		r.log.Warn("a task of an earlier agent is gone", "error", err)
		return &dispatch.LeaseReport{Phase: dispatch.Phase_PHASE_LOST}
	case err != nil:
		return &dispatch.LeaseReport{Phase: dispatch.Phase_PHASE_REJECTED, Result: &dispatch.Result{
			Message: err.Error(), Permanent: errors.As(err, new(PermanentError)),
		}}
	}
	if since := p.Since(); since > 0 {
		r.note("running")
		r.m.learn(lease.News{
			LeaseID: r.run.GetLeaseId(), Phase: dispatch.Phase_PHASE_RUNNING, Since: since,
		})
		if !earlier {
			r.callAll(ctx, "poststart", func(h *Hook) hookFunc { return h.Poststart })
		}
	}
	end := r.follow(ctx, p)
	if end != nil && p.Since() > 0 {
		r.callAll(ctx, "exited", func(h *Hook) hookFunc { return h.Exited })
	}
	return end
}

// begin starts the task, or finds it.
func (r *runner) begin(ctx context.Context, earlier bool) (Process, error) {
	driver := r.m.config.Driver
	if earlier {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startMax)
		defer cancel()
		return driver.Find(ctx, r.task())
	}
	if err := r.m.store.make(r.dir, r.run); err != nil {
		return nil, err
	}
	r.m.learn(lease.News{
		LeaseID: r.run.GetLeaseId(), Phase: dispatch.Phase_PHASE_PREPARING,
	})
	r.note("preparing")
	for i := range r.m.config.Hooks {
		h := &r.m.config.Hooks[i]
		if err := h.call(ctx, "prestart", h.Prestart, r.run); err != nil {
			return nil, err
		}
	}
	if ctx.Err() != nil {
		return nil, errors.New("it was stopped before it started")
	}
	// A stop that comes now takes its grace when the task runs.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startMax)
	defer cancel()
	return driver.Start(ctx, r.task())
}

type hookFunc = func(context.Context, *dispatch.Run) error

// callAll calls a function of all hooks. Their errors change nothing.
func (r *runner) callAll(ctx context.Context, what string, of func(*Hook) hookFunc) {
	for i := range r.m.config.Hooks {
		h := &r.m.config.Hooks[i]
		if err := h.call(ctx, what, of(h), r.run); err != nil {
			r.note(err.Error())
			r.log.Warn("a hook failed", "error", err)
		}
	}
}

// follow does to a task what is wished, until it has ended.
func (r *runner) follow(ctx context.Context, p Process) *dispatch.LeaseReport {
	ended := make(chan *dispatch.LeaseReport, 1)
	failed := make(chan error, 1)
	go func() {
		end, err := p.Wait(ctx)
		if err != nil {
			failed <- err
			return
		}
		ended <- end
	}()
	ticker := time.NewTicker(pollEvery)
	defer ticker.Stop()
	var done wish
	for {
		done = r.apply(ctx, p, done)
		select {
		case <-r.wake:
		case <-ticker.C:
			r.poll(p)
		case end := <-ended:
			r.m.setStuck(r.run.GetLeaseId(), false)
			return end
		case err := <-failed:
			r.log.Debug("a task is left alone", "error", err)
			return nil
		}
	}
}

// apply does what is wished and was not done.
func (r *runner) apply(ctx context.Context, p Process, done wish) wish {
	w := r.wished()
	if w.deadline > done.deadline && !r.continues() {
		p.Renew(w.deadline, w.margin)
	}
	if w.stop && (!done.stop || w.grace < done.grace) {
		if !done.stop {
			r.callAll(ctx, "stop", func(h *Hook) hookFunc { return h.Stop })
		}
		r.note(fmt.Sprintf("stopped, grace %v", w.grace))
		p.Stop(w.grace, w.own)
	}
	return w
}

// poll looks what a task has saved, and whether it is stuck.
func (r *runner) poll(p Process) {
	if saved, ok := p.Saved(); ok {
		r.m.learn(lease.News{LeaseID: r.run.GetLeaseId(), Saved: &saved})
	}
	r.m.setStuck(r.run.GetLeaseId(), p.Stuck())
}
