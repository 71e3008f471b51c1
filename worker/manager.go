package worker

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/worker/lease"
)

// manager holds the lease table, and does what the table says: it tells the runners, and starts
// them. Nothing that it does under its lock waits.
type manager struct {
	config  *Config
	store   *store
	log     *slog.Logger
	self    lease.Self
	changed chan struct{} // the dispatcher should hear of something at once
	settled chan struct{} // a lease has ended or was forgotten, or a directive came
	fenced  chan struct{} // Expire may have something to do sooner
	wg      sync.WaitGroup
	ctx     context.Context // of the runners; when it ends they leave their tasks alone
	sending *logSender

	mu       sync.Mutex
	table    *lease.Table
	runners  map[string]*runner
	stuck    map[string]bool
	failures failures
	silences silences
	sick     string // what a health check says; empty if all is well
	draining bool
	farewell uint64 // the first report that says that no task is taken any more
	warned   string // the last reason for ignored orders
}

func newManager(ctx context.Context, c *Config, s *store, self lease.Self) *manager {
	return &manager{
		config: c, store: s, self: self, log: c.Logger, ctx: ctx,
		changed: make(chan struct{}, 1), settled: make(chan struct{}, 1),
		fenced: make(chan struct{}, 1), table: lease.New(c.Slots),
		runners: map[string]*runner{}, stuck: map[string]bool{},
		failures: failures{max: c.Quarantine.Failures, time: c.Quarantine.Time},
		sending:  &logSender{client: c.LogSender, pool: c.Pool, store: s, log: c.Logger},
	}
}

// hear follows orders.
func (m *manager) hear(o *dispatch.Orders) {
	m.mu.Lock()
	defer m.mu.Unlock()
	directive := m.table.Directive()
	m.do(m.table.Hear(m.config.Clock(), o))
	if m.table.Directive() != directive {
		m.log.Info("the dispatcher directs", "directive", m.table.Directive().String())
		m.sayFarewell()
	}
	notify(m.settled)
}

// fetch begins to send what tasks wrote and somebody wants to read.
func (m *manager) fetch(all []*dispatch.Fetch) {
	for _, f := range all {
		if m.sending.begin(f) {
			m.wg.Go(func() { m.sending.send(m.ctx, f) })
		}
	}
}

// sayFarewell has the dispatcher hear that no task is taken any more. m.mu is held.
func (m *manager) sayFarewell() {
	sent, _ := m.table.Sequence()
	m.farewell = sent + 1
	notify(m.changed)
}

// heard reports whether the dispatcher knows that no task is taken any more: then no order to run
// one can be under way.
func (m *manager) heard() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, answered := m.table.Sequence()
	return answered >= m.farewell
}

// learn takes in news of a task.
func (m *manager) learn(n lease.News) {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.config.Clock()
	// What does not start because the dispatcher is silent says nothing of the machine.
	if !m.silences.last(now) && m.failures.learn(n, now) {
		m.log.Warn("no task is taken for a while", "reason", m.failures.refusal())
		notify(m.changed)
	}
	m.do(m.table.Learn(now, n))
	if lease.Ended(n.Phase) {
		notify(m.settled)
	}
}

// expire stops the tasks for which the deadline is near.
func (m *manager) expire() {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.config.Clock()
	r := m.table.Expire(now)
	if len(r.Stop) > 0 {
		m.silences.learn(now, m.table.TTL(), rand.Float64())
		m.log.Warn("nothing was heard from the dispatcher: tasks are stopped, and none is taken for a "+
			"while", "tasks", len(r.Stop), "pause", m.silences.until-now)
	}
	m.do(r)
}

// abort stops all tasks, and lets none start any more.
func (m *manager) abort(grace time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.do(m.table.Abort(grace))
	m.sayFarewell()
	notify(m.settled)
}

// do does what the table says. m.mu is held.
func (m *manager) do(r lease.Ready) {
	if r.Fence {
		at, margin, _ := m.table.Deadline()
		for _, runner := range m.runners {
			runner.renew(at, margin)
		}
		notify(m.fenced)
	}
	for _, s := range r.Stop {
		m.log.Info("a lease is to be stopped", "lease", s.LeaseID, "grace", s.Grace, "own", s.Own)
		if runner := m.runners[s.LeaseID]; runner != nil {
			runner.stop(s)
		}
	}
	for _, s := range r.Start {
		m.log.Info("a lease starts", "lease", s.Run.GetLeaseId(), "slot", s.Run.GetSlot())
		m.start(s.Run, m.store.path(s.Run.GetLeaseId(), s.Run.GetSlot()), false)
		notify(m.fenced)
	}
	for _, id := range r.Forget {
		m.forget(id)
	}
	if r.Report {
		notify(m.changed)
	}
	if r.Ignored != m.warned {
		if r.Ignored != "" {
			m.log.Warn("orders were ignored", "reason", r.Ignored)
		}
		m.warned = r.Ignored
	}
}

// start gives a lease its runner. m.mu is held.
func (m *manager) start(run *dispatch.Run, dir string, earlier bool) *runner {
	r := &runner{
		m: m, run: run, dir: dir, wake: make(chan struct{}, 1), halt: func() {},
		log: m.log.With("lease", run.GetLeaseId(), "slot", run.GetSlot()),
	}
	if at, margin, ok := m.table.Deadline(); ok {
		r.wish.deadline, r.wish.margin = at, margin
	}
	m.runners[run.GetLeaseId()] = r
	m.wg.Go(func() { r.live(m.ctx, earlier) })
	return r
}

// forget drops what is kept of a lease. m.mu is held.
func (m *manager) forget(id string) {
	r := m.runners[id]
	delete(m.runners, id)
	delete(m.stuck, id)
	notify(m.settled)
	if r != nil {
		m.wg.Go(func() { m.store.forget(r.dir, m.log) })
	}
}

// report returns what is to be sent at once.
func (m *manager) report() *dispatch.Report {
	m.mu.Lock()
	defer m.mu.Unlock()
	self := m.self
	self.Refusal = m.refusal()
	return m.table.Report(m.config.Clock(), self)
}

// setStuck says whether a task cannot be killed.
func (m *manager) setStuck(id string, stuck bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.stuck[id] == stuck {
		return
	}
	if stuck {
		m.log.Error("a task cannot be killed", "lease", id)
		m.stuck[id] = true
	} else {
		delete(m.stuck, id)
	}
	notify(m.changed)
}

// drain says that no task is taken any more.
func (m *manager) drain() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.draining = true
	m.sayFarewell()
}

// counts returns how many leases live, and how many are held at all.
func (m *manager) counts() (live, held int) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.table.Live(), m.table.Len()
}

func (m *manager) directive() dispatch.Orders_Directive {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.table.Directive()
}

// pace returns when to report next after orders, and how long an answer may take.
func (m *manager) pace() (next, answer time.Duration) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.table.NextReport(), m.table.TTL() / 2
}

// keepDeadline stops tasks whose deadlines come, until the context ends. The shims do so, too; this
// is for drivers that do not, and to say so early.
func (m *manager) keepDeadline(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.fenced:
		case <-timer.C:
		}
		m.expire()
		m.mu.Lock()
		at, ok := m.table.Next()
		m.mu.Unlock()
		if !ok {
			timer.Stop()
			continue
		}
		// Not longer, as the timer stands still while the machine sleeps, and the deadline does
		// not.
		timer.Reset(min(max(0, at-m.config.Clock()), time.Second))
	}
}
