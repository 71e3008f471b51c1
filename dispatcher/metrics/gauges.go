package metrics

import (
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/quotasched/quotasched/dispatcher/node"
	"github.com/quotasched/quotasched/dispatcher/state"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// Files are those of a node beside its log.
type Files struct {
	// EventBytes and JournalBytes are how long the files of events and the journals are.
	EventBytes, JournalBytes func() int64
	// JournalCuts is how many journals were cut.
	JournalCuts func() uint64
}

// Watch adds gauges of what a node holds, which are read when somebody asks for them.
func (m *Metrics) Watch(n *node.Node, f Files) {
	m.registry.MustRegister(&gauges{node: n, files: f, snapshotTime: m.snapshotTime},
		collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
}

func (m *Metrics) snapshotTime() time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.snapshot
}

// Handler serves the metrics.
func (m *Metrics) Handler() http.Handler {
	return promhttp.HandlerFor(m.registry, promhttp.HandlerOpts{MaxRequestsInFlight: 3,
		Timeout: 30 * time.Second})
}

// gauges are a prometheus.Collector.
type gauges struct {
	node         *node.Node
	files        Files
	snapshotTime func() time.Time
}

func describe(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc(namespace+"_"+name, help, labels, nil)
}

var (
	tasksDesc = describe("tasks", "Tasks that are known, by where they are.", "pool", "state")
	waitDesc  = describe("oldest_wait_seconds", "How long the oldest waiting task has waited.", "pool")
	workers   = describe("workers", "Workers, which are slots; one may be of several states.",
		"pool", "state")
	failedDesc = describe("pool_failed", "1 if a panic stopped the pool.", "pool")
	waiting    = describe("account_tasks_waiting", "Tasks of an account that wait.", "pool", "account")
	running    = describe("account_tasks_on_workers", "Tasks of an account on workers, by level.",
		"pool", "account", "level")
	balance = describe("account_balance_worker_seconds", "What an account has, by level.",
		"pool", "account", "level")
	accountWait = describe("account_oldest_wait_seconds",
		"How long the oldest waiting task of an account has waited.", "pool", "account")
	suspended = describe("account_suspended", "1 if the account is suspended.", "pool", "account")

	leading     = describe("log_leading", "1 if this node leads.")
	term        = describe("log_term", "The log's term.")
	committed   = describe("log_committed_index", "The newest entry that is committed.")
	appliedDesc = describe("log_applied_index", "The newest entry that this node has applied.")
	snapIndex   = describe("log_snapshot_index", "The newest entry in a snapshot.")
	lag         = describe("log_member_lag_entries", "How many entries a member is behind this node.",
		"member")
	heard = describe("log_member_heard_seconds", "How long ago a member was heard of.", "member")
	clock = describe("member_clock_offset_seconds", "How far a member's clock is before this node's.",
		"member")
	snapAge = describe("snapshot_age_seconds",
		"How long ago this process took a snapshot; absent before the first.")
	sessions = describe("sessions", "Workers that have a session with this node.")
	events   = describe("event_log_bytes", "How long this node's files of events are.")
	journals = describe("journal_bytes", "How long this node's journals of its pools are.")
	cuts     = describe("journal_cuts_total",
		"Journals that were cut, as their files did not keep up or could not be written.")
	alarms = describe("alarms", "How many things are wrong with this node.")
)

// Describe implements prometheus.Collector.
func (g *gauges) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{tasksDesc, waitDesc, workers, failedDesc, waiting, running,
		balance, accountWait, suspended, leading, term, committed, appliedDesc, snapIndex, lag, heard,
		clock, snapAge, sessions, events, alarms, journals, cuts} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (g *gauges) Collect(to chan<- prometheus.Metric) {
	set := func(d *prometheus.Desc, v float64, labels ...string) {
		to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	for _, p := range g.pools() {
		collectPool(set, p)
		if !p.GetStatus().GetFailed() {
			g.collectAccounts(set, p.GetPool())
		}
	}
	g.collectLog(set)
	if t := g.snapshotTime(); !t.IsZero() {
		set(snapAge, time.Since(t).Seconds())
	}
	set(sessions, float64(g.node.Sessions()))
	set(events, float64(g.files.EventBytes()))
	set(journals, float64(g.files.JournalBytes()))
	to <- prometheus.MustNewConstMetric(cuts, prometheus.CounterValue, float64(g.files.JournalCuts()))
	set(alarms, float64(len(g.node.Alarms())))
}

// A setter writes a gauge.
type setter func(d *prometheus.Desc, v float64, labels ...string)

// pageMax is how many pools or accounts are read under the state's lock at a time.
const pageMax = 1000

func (g *gauges) pools() (pools []*dispatch.PoolSummary) {
	r := &dispatch.ListPoolsRequest{PageSize: pageMax}
	for {
		var page *dispatch.ListPoolsResponse
		var err error
		g.node.Peek(func(m *state.Machine) {
			page, err = m.ListPools(r, func(string) bool { return true })
		})
		if err != nil {
			return pools
		}
		pools = append(pools, page.GetPools()...)
		if r.PageToken = page.GetNextPageToken(); r.GetPageToken() == "" {
			return pools
		}
	}
}

func collectPool(set setter, p *dispatch.PoolSummary) {
	name, t, w := p.GetPool(), p.GetTasks(), p.GetWorkers()
	set(tasksDesc, float64(t.GetWaiting()), name, "waiting")
	set(tasksDesc, float64(t.GetAssigned()), name, "assigned")
	set(tasksDesc, float64(t.GetRunning()), name, "running")
	set(tasksDesc, float64(t.GetStopping()), name, "stopping")
	set(tasksDesc, float64(t.GetEnded()), name, "ended")
	set(waitDesc, t.GetOldestWait().AsDuration().Seconds(), name)
	set(workers, float64(w.GetKnown()), name, "known")
	set(workers, float64(w.GetIdle()), name, "idle")
	set(workers, float64(w.GetBusy()), name, "busy")
	set(workers, float64(w.GetCordoned()), name, "cordoned")
	set(workers, float64(w.GetSilent()), name, "silent")
	set(failedDesc, one(p.GetStatus().GetFailed()), name)
}

func one(b bool) float64 {
	if b {
		return 1
	}
	return 0
}

func (g *gauges) collectAccounts(set setter, pool string) {
	r := &dispatch.ListAccountsRequest{Pool: pool, PageSize: pageMax}
	for {
		var page *dispatch.ListAccountsResponse
		var err error
		g.node.Peek(func(m *state.Machine) { page, err = m.ListAccounts(r) })
		if err != nil {
			return
		}
		for _, a := range page.GetAccounts() {
			id := a.GetAccountId()
			set(waiting, float64(a.GetWaiting()), pool, id)
			set(accountWait, a.GetOldestWait().AsDuration().Seconds(), pool, id)
			set(suspended, one(a.Suspended != nil), pool, id)
			for level, n := range a.GetRunning() {
				set(running, float64(n), pool, id, levelName(level))
			}
			for level, b := range a.GetBalance() {
				set(balance, float64(b)/1e6, pool, id, levelName(level))
			}
		}
		if r.PageToken = page.GetNextPageToken(); r.GetPageToken() == "" {
			return
		}
	}
}

func (g *gauges) collectLog(set setter) {
	s, status := g.node.Log(), g.node.Status()
	set(leading, one(s.Leading))
	set(term, float64(s.Term))
	set(committed, float64(s.Committed))
	set(appliedDesc, float64(s.Applied))
	set(snapIndex, float64(s.Snapshot))
	for _, m := range status.GetMembers() {
		if m.GetId() == status.GetNodeId() || m.GetHeardAgo() == nil {
			continue
		}
		behind := int64(status.GetAppliedIndex()) - int64(m.GetAppliedIndex())
		set(lag, float64(max(0, behind)), m.GetId())
		set(heard, m.GetHeardAgo().AsDuration().Seconds(), m.GetId())
		set(clock, m.GetClockOffset().AsDuration().Seconds(), m.GetId())
	}
}
