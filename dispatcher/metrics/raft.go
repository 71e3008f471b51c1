package metrics

import (
	"strings"
	"sync"

	raftmetrics "github.com/hashicorp/go-metrics/compat"
	"github.com/prometheus/client_golang/prometheus"
)

// A raftMetric is one of hashicorp/raft's own metrics.
type raftMetric struct {
	name string // raft's, its parts joined by dots
	ours string // without the namespace
	help string
}

// raftByMember are those of which there is one for each other member.
var raftByMember = map[string]bool{
	"raft.replication.appendEntries.logs": true, "raft.replication.appendEntries.rpc": true,
	"raft.replication.heartbeat": true, "raft.replication.installSnapshot": true,
}

// raftCounters, raftGauges, raftTimes and raftSizes are what is shown of them. Times come in
// milliseconds, and are shown in seconds.
var (
	raftCounters = []raftMetric{
		{"raft.apply", "raft_proposed_entries_total", "Entries that raft was given by this node."},
		{"raft.barrier", "raft_barriers_total", "Barriers, of which each beginning lead has one."},
		{"raft.verify_leader", "raft_verifications_total", "Questions whether this node still leads."},
		{"raft.state.follower", "raft_became_follower_total", "How often this node began to follow."},
		{"raft.state.candidate", "raft_became_candidate_total", "How often this node stood for leader."},
		{"raft.state.leader", "raft_became_leader_total", "How often this node began to lead."},
		{"raft.transition.heartbeat_timeout", "raft_heartbeat_timeouts_total",
			"How often this node missed its leader."},
		{"raft.transition.leader_lease_timeout", "raft_lease_timeouts_total",
			"How often this node gave up the lead, as it heard of no majority."},
		{"raft.replication.appendEntries.logs", "raft_sent_entries_total", "Entries sent to a member."},
	}
	raftGauges = []raftMetric{
		{"raft.peers", "raft_members", "Members, as this node knows them."},
		{"raft.commitNumLogs", "raft_batch_committed_entries",
			"Entries of the newest batch applied."},
		{"raft.leader.dispatchNumLogs", "raft_batch_written_entries",
			"Entries of the newest batch written."},
	}
	raftTimes = []raftMetric{
		{"raft.commitTime", "raft_commit_seconds", "From giving raft an entry to its commit."},
		{"raft.leader.dispatchLog", "raft_leader_write_seconds", "Writing a batch as the leader."},
		{"raft.leader.lastContact", "raft_leader_contact_seconds",
			"How long ago a majority had been heard of, when that was looked at."},
		{"raft.rpc.appendEntries.storeLogs", "raft_follower_write_seconds",
			"Writing a batch as a follower."},
		{"raft.rpc.appendEntries", "raft_follower_append_seconds", "Answering a leader's batch."},
		{"raft.rpc.requestVote", "raft_vote_seconds", "Answering a candidate."},
		{"raft.rpc.installSnapshot", "raft_install_snapshot_seconds", "Taking in a leader's snapshot."},
		{"raft.candidate.electSelf", "raft_election_seconds", "Asking for votes."},
		{"raft.fsm.apply", "raft_apply_seconds", "Applying an entry, as raft sees it."},
		{"raft.fsm.enqueue", "raft_apply_wait_seconds", "How long batches waited for that."},
		{"raft.fsm.restore", "raft_restore_seconds", "Reading a snapshot into the state."},
		{"raft.snapshot.takeSnapshot", "raft_snapshot_seconds", "A snapshot, until it is durable."},
		{"raft.snapshot.persist", "raft_snapshot_write_seconds", "Making a snapshot durable."},
		{"raft.compactLogs", "raft_truncation_seconds", "Removing entries before a snapshot."},
		{"raft.replication.appendEntries.rpc", "raft_send_seconds", "A member's answer to a batch."},
		{"raft.replication.heartbeat", "raft_heartbeat_seconds", "A member's answer to a heartbeat."},
		{"raft.replication.installSnapshot", "raft_send_snapshot_seconds", "Sending a snapshot."},
	}
	raftSizes = []raftMetric{
		{"raft.fsm.applyBatchNum", "raft_apply_batch_entries", "Entries that were applied at once."},
	}
)

// A raftSink takes raft's metrics, which are the process's: nodes in one process share them.
type raftSink struct {
	counters   map[string]*prometheus.CounterVec
	gauges     map[string]*prometheus.GaugeVec
	samples    map[string]*prometheus.SummaryVec
	unit       map[string]float64 // of samples
	collectors []prometheus.Collector
}

var _ raftmetrics.MetricSink = (*raftSink)(nil)

// theRaftSink is the process's. Raft reports to one place alone.
var theRaftSink = sync.OnceValue(func() *raftSink {
	s := newRaftSink()
	c := raftmetrics.DefaultConfig("")
	c.EnableHostname, c.EnableRuntimeMetrics = false, false
	if _, err := raftmetrics.NewGlobal(c, s); err != nil {
		panic("invariant: raft's metrics have a right configuration: " + err.Error())
	}
	return s
})

func newRaftSink() *raftSink {
	s := &raftSink{counters: map[string]*prometheus.CounterVec{},
		gauges: map[string]*prometheus.GaugeVec{}, samples: map[string]*prometheus.SummaryVec{},
		unit: map[string]float64{}}
	for _, m := range raftCounters {
		s.counters[m.name] = prometheus.NewCounterVec(prometheus.CounterOpts(m.options()), m.labels())
		s.collectors = append(s.collectors, s.counters[m.name])
	}
	for _, m := range raftGauges {
		s.gauges[m.name] = prometheus.NewGaugeVec(prometheus.GaugeOpts(m.options()), m.labels())
		s.collectors = append(s.collectors, s.gauges[m.name])
	}
	for unit, metrics := range map[float64][]raftMetric{1e-3: raftTimes, 1: raftSizes} {
		for _, m := range metrics {
			o := m.options()
			s.samples[m.name] = prometheus.NewSummaryVec(prometheus.SummaryOpts{Namespace: o.Namespace,
				Name: o.Name, Help: o.Help}, m.labels())
			s.unit[m.name] = unit
			s.collectors = append(s.collectors, s.samples[m.name])
		}
	}
	return s
}

func (m raftMetric) options() prometheus.Opts {
	return prometheus.Opts{Namespace: namespace, Name: m.ours, Help: m.help}
}

func (m raftMetric) labels() []string {
	if raftByMember[m.name] {
		return []string{"member"}
	}
	return nil
}

// WatchRaft adds raft's own metrics.
func (m *Metrics) WatchRaft() { m.registry.MustRegister(theRaftSink().collectors...) }

// members returns the values of our labels.
func members(labels []raftmetrics.Label) (values []string) {
	for _, l := range labels {
		if l.Name == "peer_id" {
			values = append(values, l.Value)
		}
	}
	return values
}

// IncrCounterWithLabels implements raftmetrics.MetricSink, as the other methods do. What is not in
// the tables, or has other labels, is not shown.
func (s *raftSink) IncrCounterWithLabels(key []string, v float32, labels []raftmetrics.Label) {
	if c := s.counters[strings.Join(key, ".")]; c != nil {
		if one, err := c.GetMetricWithLabelValues(members(labels)...); err == nil {
			one.Add(float64(v))
		}
	}
}

// SetGaugeWithLabels sets a gauge.
func (s *raftSink) SetGaugeWithLabels(key []string, v float32, labels []raftmetrics.Label) {
	if g := s.gauges[strings.Join(key, ".")]; g != nil {
		if one, err := g.GetMetricWithLabelValues(members(labels)...); err == nil {
			one.Set(float64(v))
		}
	}
}

// AddSampleWithLabels adds a time or a size.
func (s *raftSink) AddSampleWithLabels(key []string, v float32, labels []raftmetrics.Label) {
	name := strings.Join(key, ".")
	if c := s.samples[name]; c != nil {
		if one, err := c.GetMetricWithLabelValues(members(labels)...); err == nil {
			one.Observe(float64(v) * s.unit[name])
		}
	}
}

// IncrCounter counts.
func (s *raftSink) IncrCounter(key []string, v float32) { s.IncrCounterWithLabels(key, v, nil) }

// SetGauge sets a gauge.
func (s *raftSink) SetGauge(key []string, v float32) { s.SetGaugeWithLabels(key, v, nil) }

// AddSample adds a time or a size.
func (s *raftSink) AddSample(key []string, v float32) { s.AddSampleWithLabels(key, v, nil) }

// EmitKey is for events, of which raft has none.
func (s *raftSink) EmitKey([]string, float32) {}
