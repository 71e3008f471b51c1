// Package metrics makes Prometheus metrics of what a node does: counters of what it applies and
// answers, and gauges of what its state holds when somebody asks. Every label has few values, but
// for pool and account, which are as many as there are.
package metrics

import (
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/quotasched/quotasched/dispatcher/node"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
)

// Metrics are those of one node. It is told what happens as node.Observer and api.Observer.
type Metrics struct {
	registry *prometheus.Registry

	submitted, completed, ended                                *tally
	assigned, preempted, reprioritized                         *prometheus.CounterVec
	spend, ignored, workerChanges, failures, calls             *prometheus.CounterVec
	commitFailures, passes                                     prometheus.Counter
	commit, commitCommands, commitBytes, apply, snapshotHeldUp prometheus.Histogram
	callTook                                                   *prometheus.HistogramVec
	snapshotBytes                                              prometheus.Gauge

	mu       sync.Mutex
	snapshot time.Time // when the newest snapshot was taken; zero if none was
}

var _ node.Observer = (*Metrics)(nil)

// New returns the metrics of a node that has done nothing.
func New() *Metrics {
	m := &Metrics{registry: prometheus.NewRegistry()}
	m.submitted = newTally(m.counter("tasks_submitted_total", "Tasks that were submitted.",
		"pool", "account"), nil)
	m.assigned = m.counter("tasks_assigned_total", "Tasks that were given to a worker.",
		"pool", "account", "preempting", "provision")
	m.preempted = m.counter("tasks_preempted_total", "Tasks that lost their worker to another one.",
		"pool", "account")
	m.reprioritized = m.counter("tasks_reprioritized_total",
		"Running tasks that came to another level.", "pool", "account")
	m.completed = newTally(m.counter("requests_completed_total",
		"Requests that left the scheduler, by the scheduler's reason.", "pool", "account", "reason"),
		func(reason int32) string {
			return word(protos.TaskEvent_Completed_Reason(reason).String(), "REASON_")
		})
	m.ended = newTally(m.counter("tasks_ended_total", "Tasks that ended, by their last state.",
		"pool", "account", "state"), func(state int32) string {
		return word(dispatch.Task_State(state).String(), "STATE_")
	})
	m.spend = m.counter("account_spend_worker_seconds_total",
		"What runs that ended have cost, by level.", "pool", "account", "level")
	m.ignored = m.counter("news_ignored_total", "Old news that the scheduler ignored.",
		"pool", "reason")
	m.workerChanges = m.counter("worker_changes_total",
		"Workers that came, booted, fell silent and so on.", "pool", "kind")
	m.failures = m.counter("pool_failures_total", "Pools that were stopped by a panic.", "pool")
	m.calls = m.counter("calls_total", "Calls and streams that ended, by code.", "method", "code")
	m.callTook = prometheus.NewHistogramVec(prometheus.HistogramOpts{Namespace: namespace,
		Name: "call_seconds", Help: "How long calls and streams took.", Buckets: seconds},
		[]string{"method"})
	m.commitFailures = prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace,
		Name: "commit_failures_total", Help: "Entries that were refused, or given up, by the log."})
	m.passes = prometheus.NewCounter(prometheus.CounterOpts{Namespace: namespace,
		Name: "passes_total", Help: "Scheduling passes of all pools; apply_seconds has their time."})
	m.snapshotBytes = prometheus.NewGauge(prometheus.GaugeOpts{Namespace: namespace,
		Name: "snapshot_bytes", Help: "How long the newest snapshot of this process is."})
	m.registry.MustRegister(m.callTook, m.commitFailures, m.passes, m.snapshotBytes)
	m.commit = m.histogram("commit_seconds", "From proposing an entry to having applied it.", seconds)
	m.commitCommands = m.histogram("commit_commands", "Commands in an entry.",
		prometheus.ExponentialBuckets(1, 2, 11))
	m.commitBytes = m.histogram("commit_bytes", "Length of an entry.",
		prometheus.ExponentialBuckets(128, 4, 8))
	m.apply = m.histogram("apply_seconds", "Applying an entry, with a pass in each pool concerned.",
		seconds)
	m.snapshotHeldUp = m.histogram("snapshot_seconds",
		"How long nothing was applied for a snapshot.", seconds)
	return m
}

const namespace = "qsched"

// seconds are the buckets of times: 0.1 ms to a minute and a half.
var seconds = prometheus.ExponentialBuckets(1e-4, 4, 11)

func (m *Metrics) counter(name, help string, labels ...string) *prometheus.CounterVec {
	c := prometheus.NewCounterVec(prometheus.CounterOpts{Namespace: namespace, Name: name, Help: help},
		labels)
	m.registry.MustRegister(c)
	return c
}

func (m *Metrics) histogram(name, help string, buckets []float64) prometheus.Histogram {
	h := prometheus.NewHistogram(prometheus.HistogramOpts{Namespace: namespace, Name: name, Help: help,
		Buckets: buckets})
	m.registry.MustRegister(h)
	return h
}

// Applied implements node.Observer.
func (m *Metrics) Applied(a node.Applied) {
	m.apply.Observe(a.Took.Seconds())
	m.passes.Add(float64(a.Passes))
	for _, e := range a.Outcome.GetEvents() {
		switch k := e.GetKind().(type) {
		case *dispatch.Event_Scheduler:
			m.decided(e.GetPool(), k.Scheduler)
		case *dispatch.Event_Task:
			m.changed(e.GetPool(), k.Task)
		case *dispatch.Event_Worker:
			m.workerChanges.WithLabelValues(e.GetPool(), word(k.Worker.GetKind().String(), "KIND_")).Inc()
		case *dispatch.Event_Failure:
			m.failures.WithLabelValues(e.GetPool()).Inc()
		}
	}
}

// decided counts an event of the scheduler.
func (m *Metrics) decided(pool string, e *protos.TaskEvent) {
	account := e.GetAccountId()
	switch e.GetType() {
	case protos.TaskEvent_TYPE_ASSIGNED:
		m.assigned.WithLabelValues(pool, account,
			strconv.FormatBool(e.GetAssigned().GetPreempting()),
			strconv.FormatBool(e.GetAssigned().GetProvisionRequired())).Inc()
	case protos.TaskEvent_TYPE_PREEMPTED:
		m.preempted.WithLabelValues(pool, account).Inc()
		m.spent(pool, e)
	case protos.TaskEvent_TYPE_REPRIORITIZED:
		m.reprioritized.WithLabelValues(pool, account).Inc()
	case protos.TaskEvent_TYPE_COMPLETED:
		m.completed.count(series{pool, account, int32(e.GetCompleted().GetReason())})
		m.spent(pool, e)
	case protos.TaskEvent_TYPE_IGNORED:
		m.ignored.WithLabelValues(pool, word(e.GetIgnored().GetReason().String(), "REASON_")).Inc()
	}
}

// spent counts what a run that ended has cost.
func (m *Metrics) spent(pool string, e *protos.TaskEvent) {
	for level, cost := range e.GetCost() {
		if cost > 0 {
			m.spend.WithLabelValues(pool, e.GetAccountId(), levelName(level)).Add(float64(cost) / 1e6)
		}
	}
}

// changed counts a change of a task.
func (m *Metrics) changed(pool string, c *dispatch.TaskChange) {
	if c.GetFrom() == dispatch.Task_STATE_UNSPECIFIED {
		m.submitted.count(series{pool: pool, account: c.GetAccountId()})
	}
	if c.GetTo() >= dispatch.Task_STATE_SUCCEEDED {
		m.ended.count(series{pool, c.GetAccountId(), int32(c.GetTo())})
	}
}

// word is a value of an enum as a label's.
func word(name, prefix string) string { return strings.ToLower(strings.TrimPrefix(name, prefix)) }

func levelName(level int) string {
	if level >= 5 {
		return "free"
	}
	return "p" + strconv.Itoa(level)
}

// Proposed implements node.Observer.
func (m *Metrics) Proposed(b node.Batch) {
	if b.Err != nil {
		m.commitFailures.Inc()
		return
	}
	m.commit.Observe(b.Took.Seconds())
	m.commitCommands.Observe(float64(b.Commands))
	m.commitBytes.Observe(float64(b.Bytes))
}

// Snapshot implements node.Observer.
func (m *Metrics) Snapshot(bytes int64, heldUp time.Duration) {
	m.snapshotBytes.Set(float64(bytes))
	m.snapshotHeldUp.Observe(heldUp.Seconds())
	m.mu.Lock()
	defer m.mu.Unlock()
	m.snapshot = time.Now()
}

// Called implements api.Observer.
func (m *Metrics) Called(procedure, code string, took time.Duration) {
	method := procedure[strings.LastIndexByte(procedure, '/')+1:]
	m.calls.WithLabelValues(method, code).Inc()
	m.callTook.WithLabelValues(method).Observe(took.Seconds())
}
