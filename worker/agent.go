package worker

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/worker/lease"
)

// ErrUpgrade is returned by Run when the dispatcher wants a newer version to be started.
var ErrUpgrade = errors.New("the dispatcher wants a newer version of the worker")

// farewellMax is how long an agent that has no leases waits until the dispatcher knows that it
// takes no more.
const farewellMax = 10 * time.Second

// recordedMax is how long an agent that ends waits until the ends of its tasks are recorded. Those
// that are not are reported by the next agent.
const recordedMax = 2 * time.Minute

// Run is the agent's life. It finds what an earlier agent left, and works. When the context ends,
// or the dispatcher says so, it drains: it takes no new task, waits until its tasks have ended and
// their ends are recorded, and returns nil, or ErrUpgrade.
func Run(ctx context.Context, config Config) (err error) {
	c, err := config.withDefaults()
	if err != nil {
		return err
	}
	store, err := openStore(c.StateDir, c.Logs)
	if err != nil {
		return fmt.Errorf("worker: the state directory: %w", err)
	}
	defer func() { err = errors.Join(err, store.close()) }()
	boot, err := store.boot()
	if err != nil {
		return fmt.Errorf("worker: the boot id: %w", err)
	}
	// Tasks and the session go on while the agent drains.
	working, leave := context.WithCancel(context.WithoutCancel(ctx))
	defer leave()
	m := newManager(working, c, store, lease.Self{
		Pool: c.Pool, Worker: c.Name, Labels: c.Labels,
		BootID: boot, Instance: rand.Text(),
	})
	defer m.wg.Wait()
	defer leave()
	if err := m.recover(working); err != nil {
		return fmt.Errorf("worker: what an earlier agent left: %w", err)
	}
	if len(c.Checks) > 0 {
		m.sick = "it is not checked yet" // what runs is reported meanwhile
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer leave()
	wg.Go(func() { m.keepDeadline(working) })
	wg.Go(func() { m.watchHealth(working) })
	s := &session{m: m, log: c.Logger}
	wg.Go(func() { s.run(working) })
	return m.work(ctx)
}

// work waits until the worker may end.
func (m *manager) work(ctx context.Context) error {
	abort := m.config.Abort
	end, told := ctx.Done(), false // told is for the context and Abort
	var idle <-chan time.Time
	for {
		directive := m.directive()
		ends := told || directive == dispatch.Orders_DIRECTIVE_EXIT ||
			directive == dispatch.Orders_DIRECTIVE_UPGRADE
		live, held := m.counts()
		switch {
		case !ends || live > 0:
			idle = nil
		case held == 0 && m.heard():
			return m.ending(directive)
		case idle == nil:
			wait := recordedMax
			if held == 0 {
				wait = farewellMax
			}
			idle = time.After(wait)
		}
		select {
		case <-end:
			m.log.Info("the worker drains", "leases", held)
			m.drain()
			end, told = nil, true
		case <-abort:
			m.log.Info("the worker stops its tasks", "leases", held)
			m.abort(m.config.AbortGrace)
			abort, told = nil, true
		case <-m.config.Leave:
			m.log.Info("the worker leaves its tasks", "leases", held)
			return nil
		case <-idle:
			m.log.Warn("the dispatcher does not answer; the next agent reports what is left",
				"leases", held)
			return m.ending(directive)
		case <-m.settled:
		}
	}
}

// ending returns what Run returns at the end.
func (*manager) ending(d dispatch.Orders_Directive) error {
	if d == dispatch.Orders_DIRECTIVE_UPGRADE {
		return ErrUpgrade
	}
	return nil
}

// adopter is a driver whose tasks outlive the agent, and that wants to know which ones are its own.
// It needs a state directory.
type adopter interface {
	// adopt gives it the name of the agent's state directory. It ends processes of leases that are
	// no more, and returns how many there were.
	adopt(agent string, known func(lease string) bool) (int, error)
}

// recover takes in what an earlier agent left. Afterwards everything that runs is known.
func (m *manager) recover(ctx context.Context) error {
	all, err := m.store.kept()
	if err != nil {
		return err
	}
	known := map[string]bool{}
	for _, k := range all {
		known[k.run.GetLeaseId()] = k.end == nil
	}
	if d, ok := m.config.Driver.(adopter); ok {
		name, err := nameOf(m.store.dir)
		if err != nil {
			return err
		}
		n, err := d.adopt(name, func(id string) bool { return known[id] })
		if err != nil {
			return err
		}
		if n > 0 {
			m.log.Warn("processes without a lease were ended", "processes", n)
		}
	}
	if m.store.fresh {
		m.endAll(ctx, all)
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range all {
		m.adopt(k)
	}
	return nil
}

// adopt takes in a lease. m.mu is held.
func (m *manager) adopt(k kept) {
	f := lease.Found{Run: k.run, Phase: dispatch.Phase_PHASE_RUNNING}
	if k.end != nil {
		f.Phase, f.Result = k.end.GetPhase(), k.end.GetResult()
	}
	m.log.Info("a lease of an earlier agent", "lease", k.run.GetLeaseId(), "slot",
		k.run.GetSlot(), "phase", f.Phase.String())
	m.table.Adopt(f)
	if k.end == nil {
		m.start(k.run, k.dir, true)
		return
	}
	m.runners[k.run.GetLeaseId()] = &runner{
		m: m, run: k.run, dir: k.dir, wake: make(chan struct{}, 1), halt: func() {}, log: m.log,
	}
}

// endAll ends what an earlier agent left, for a worker that is another one to the dispatcher: it
// believes that nothing of it runs.
func (m *manager) endAll(ctx context.Context, all []kept) {
	for _, k := range all {
		if k.end == nil {
			p, err := m.config.Driver.Find(ctx, Task{Run: k.run, Dir: k.dir})
			if err == nil {
				p.Stop(0, true)
				_, err = p.Wait(ctx)
			}
			m.log.Warn("a lease of another boot", "lease", k.run.GetLeaseId(), "error", err)
		}
		m.store.remove(k.dir, m.log)
	}
}
