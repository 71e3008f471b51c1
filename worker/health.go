package worker

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/worker/lease"
)

// A Check says whether the machine is fit for tasks.
type Check struct {
	Name string
	// Timeout bounds it; 0 means a minute.
	Timeout time.Duration
	// Run returns an error if it is not: the reason that people see.
	Run func(ctx context.Context) error
}

// Quarantine is for machines on which nothing starts.
type Quarantine struct {
	Failures int           // after so many tasks in a row that did not start; 0 means 3
	Time     time.Duration // no task is taken for so long, and then one; 0 means 5 minutes
}

// refusalBytesMax is how long a refusal may be.
const refusalBytesMax = 900

// DiskFree returns a check that a directory's disk takes so many bytes.
func DiskFree(dir string, bytes uint64) Check {
	return Check{Name: "disk", Run: func(context.Context) error {
		free, err := diskFree(dir)
		if err == nil && free < bytes {
			err = fmt.Errorf("%s: %d bytes are free, less than %d", dir, free, bytes)
		}
		return err
	}}
}

// check returns what the first failing check says; empty if all is well.
func (m *manager) check(ctx context.Context) string {
	for _, c := range m.config.Checks {
		h := Hook{Name: c.Name, Timeout: c.Timeout}
		run := func(ctx context.Context, _ *dispatch.Run) error { return c.Run(ctx) }
		if err := h.call(ctx, "check", run, nil); err != nil {
			return strings.ToValidUTF8(err.Error(), "?")
		}
	}
	return ""
}

// watchHealth looks after the machine until the context ends.
func (m *manager) watchHealth(ctx context.Context) {
	ticker := time.NewTicker(m.config.CheckEvery)
	defer ticker.Stop()
	slept := m.config.Asleep()
	for {
		sick := m.check(ctx)
		m.mu.Lock()
		if sick != m.sick {
			m.log.Info("the health of this machine has changed", "refusal", sick)
			m.sick = sick
			notify(m.changed)
		}
		if m.failures.over(m.config.Clock()) {
			notify(m.changed)
		}
		if d := m.config.Asleep() - slept; d > time.Second {
			m.log.Warn("this machine has slept", "time", d)
			slept += d
			notify(m.changed)
		}
		m.mu.Unlock()
		m.store.expire()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// refusal returns why no task is taken; empty if tasks are. m.mu is held.
func (m *manager) refusal() string {
	text := ""
	switch {
	case m.draining:
		text = "the worker drains"
	case m.sick != "":
		text = m.sick
	case len(m.stuck) > 0:
		ids := make([]string, 0, len(m.stuck))
		for id := range m.stuck {
			ids = append(ids, id)
		}
		slices.Sort(ids)
		text = "cannot be killed: " + strings.Join(ids, ", ")
	default:
		text = cmp.Or(m.failures.refusal(), m.silences.refusal(m.config.Clock()))
	}
	return text[:min(len(text), refusalBytesMax)]
}

// failures counts tasks that did not start.
type failures struct {
	max   int
	time  time.Duration
	count int           // in a row
	until time.Duration // no task is taken until then; 0 if tasks are
}

// learn takes in how far a task is, and reports whether a quarantine begins. A task that can start
// nowhere says nothing of the machine.
func (f *failures) learn(n lease.News, now time.Duration) bool {
	switch {
	case n.Phase == dispatch.Phase_PHASE_RUNNING:
		f.count = 0
	case n.Phase == dispatch.Phase_PHASE_REJECTED && !n.Result.GetPermanent():
		f.count++
		if f.count >= f.max && f.until == 0 {
			f.until = now + f.time
			return true
		}
	}
	return false
}

// over ends a quarantine whose time has come, and reports whether it did. One more failure begins
// the next one.
func (f *failures) over(now time.Duration) bool {
	if f.until == 0 || now < f.until {
		return false
	}
	f.until, f.count = 0, f.max-1
	return true
}

func (f *failures) refusal() string {
	if f.until == 0 {
		return ""
	}
	return fmt.Sprintf("%d tasks in a row did not start", f.count)
}
