package metrics

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	raftmetrics "github.com/hashicorp/go-metrics/compat"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/dispatcher/log"
	"github.com/quotasched/quotasched/dispatcher/node"
	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/protos/dispatch"
	"github.com/quotasched/quotasched/protos/replica"
)

var rewrite = flag.Bool("rewrite", false, "write the table of README.md anew")

// noEvents keeps no events.
type noEvents struct{}

func (noEvents) Append(uint64, []*dispatch.Event, [][]byte) error { return nil }
func (noEvents) Sync() error                                      { return nil }
func (noEvents) Reach(uint64, uint64) error                       { return nil }
func (noEvents) Whole() error                                     { return nil }

// twin answers for the other node.
type twin struct{}

func (twin) Exchange(context.Context, log.Member, *replica.NodeState) (*replica.NodeState, error) {
	return &replica.NodeState{NodeId: "b"}, nil
}

// busy returns the metrics of a node that has a pool with an account, of which everything that can
// be counted has happened once.
func busy(t *testing.T) *Metrics {
	m, l := New(), log.NewMemory("a", "b")
	n := node.New(node.Config{ID: "a", Events: noEvents{}, Observer: m, SessionsMax: 1,
		Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
	opened, err := l.Open("a", n.Machine())
	require.NoError(t, err)
	other, err := l.Open("b", node.New(node.Config{ID: "b", Events: noEvents{}, Observer: New()}).Machine())
	require.NoError(t, err)
	n.Attach(opened, twin{})
	m.Watch(n, Files{EventBytes: func() int64 { return 4096 }, JournalBytes: func() int64 { return 8192 },
		JournalCuts: func() uint64 { return 1 }})
	m.WatchRaft()
	emitRaft()
	ctx, cancel := context.WithCancel(context.Background())
	var running sync.WaitGroup
	running.Go(func() { n.Run(ctx) })
	t.Cleanup(func() {
		cancel()
		running.Wait()
		require.NoError(t, opened.Close())
		require.NoError(t, other.Close())
	})
	propose(t, n, &replica.Command{Kind: &replica.Command_CreatePool{
		CreatePool: &dispatch.CreatePoolRequest{Pool: "lab", Accounts: map[string]*dispatch.AccountSettings{
			"web": {Config: &protos.AccountConfig{}}}}}})
	propose(t, n, &replica.Command{Kind: &replica.Command_SubmitTasks{SubmitTasks: &replica.SubmitTasks{
		Request: &dispatch.SubmitTasksRequest{Pool: "lab", Tasks: []*dispatch.TaskSpec{
			{AccountId: "web", Payload: &dispatch.TaskSpec_Opaque{Opaque: []byte("x")}}}}}}})
	s, err := n.Machine().Snapshot()
	require.NoError(t, err)
	require.NoError(t, s.Write(&bytes.Buffer{}))
	s.Close()
	m.Proposed(node.Batch{Err: errors.New("no leader")})
	m.Called("/quotasched.dispatch.v1.TaskService/GetTask", "ok", time.Second)
	m.Applied(node.Applied{Outcome: &replica.Outcome{Events: happened()}, Took: time.Millisecond})
	require.Eventually(t, func() bool { return strings.Contains(shown(m), "qsched_log_member_lag") },
		5*time.Second, time.Millisecond)
	return m
}

// emitRaft has raft report each of its metrics once.
func emitRaft() {
	for _, all := range [][]raftMetric{raftCounters, raftGauges, raftTimes, raftSizes} {
		for _, one := range all {
			key := strings.Split(one.name, ".")
			var labels []raftmetrics.Label
			if raftByMember[one.name] {
				labels = append(labels, raftmetrics.Label{Name: "peer_id", Value: "b"})
			}
			raftmetrics.IncrCounterWithLabels(key, 1, labels)
			raftmetrics.SetGaugeWithLabels(key, 3, labels)
			raftmetrics.AddSampleWithLabels(key, 1500, labels)
		}
	}
	raftmetrics.IncrCounter([]string{"raft", "unknown"}, 1)
}

// shown is what Prometheus is told.
func shown(m *Metrics) string {
	w := httptest.NewRecorder()
	m.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return w.Body.String()
}

func propose(t *testing.T, n *node.Node, c *replica.Command) {
	require.Eventually(t, func() bool {
		outcome, _, err := n.Propose(context.Background(), c)
		if err == nil {
			require.Zero(t, outcome.GetCode(), outcome.GetError())
		}
		return err == nil
	}, 5*time.Second, time.Millisecond)
}

// happened has one event of each kind that is counted, of the account web.
func happened() (events []*dispatch.Event) {
	add := func(e *dispatch.Event) { e.Pool = "lab"; events = append(events, e) }
	decide := func(e *protos.TaskEvent) {
		e.AccountId = "web"
		add(&dispatch.Event{Kind: &dispatch.Event_Scheduler{Scheduler: e}})
	}
	decide(&protos.TaskEvent{Type: protos.TaskEvent_TYPE_ASSIGNED, Details: &protos.TaskEvent_Assigned_{
		Assigned: &protos.TaskEvent_Assigned{Preempting: true}}})
	decide(&protos.TaskEvent{Type: protos.TaskEvent_TYPE_PREEMPTED, Cost: []int64{0, 3e6, 0, 0, 0}})
	decide(&protos.TaskEvent{Type: protos.TaskEvent_TYPE_REPRIORITIZED})
	decide(&protos.TaskEvent{Type: protos.TaskEvent_TYPE_COMPLETED, Cost: []int64{0, 4e6, 0, 0, 0},
		Details: &protos.TaskEvent_Completed_{Completed: &protos.TaskEvent_Completed{
			Reason: protos.TaskEvent_Completed_REASON_RUNNING_TASK_ABSENT}}})
	decide(&protos.TaskEvent{Type: protos.TaskEvent_TYPE_IGNORED, Details: &protos.TaskEvent_Ignored_{
		Ignored: &protos.TaskEvent_Ignored{Reason: protos.TaskEvent_Ignored_REASON_RUN_WINS}}})
	add(&dispatch.Event{Kind: &dispatch.Event_Task{Task: &dispatch.TaskChange{AccountId: "web",
		From: dispatch.Task_STATE_RUNNING, To: dispatch.Task_STATE_SUCCEEDED}}})
	add(&dispatch.Event{Kind: &dispatch.Event_Worker{Worker: &dispatch.WorkerChange{
		Kind: dispatch.WorkerChange_KIND_CAME}}})
	add(&dispatch.Event{Kind: &dispatch.Event_Failure{Failure: &dispatch.PoolFailure{}}})
	return events
}

func TestNamesAreAsPrometheusAsks(t *testing.T) {
	families, err := busy(t).registry.Gather()
	require.NoError(t, err)
	problems, err := promlint.NewWithMetricFamilies(families).Lint()
	require.NoError(t, err)
	for _, p := range problems {
		if strings.HasPrefix(p.Metric, namespace) {
			t.Errorf("%s: %s", p.Metric, p.Text)
		}
	}
}

func TestWhatHappensIsCounted(t *testing.T) {
	got := shown(busy(t))
	for _, want := range []string{
		`qsched_account_spend_worker_seconds_total{account="web",level="p1",pool="lab"} 7`,
		`qsched_requests_completed_total{account="web",pool="lab",reason="running_task_absent"} 1`,
		`qsched_tasks{pool="lab",state="waiting"} 1`,
		`qsched_tasks_submitted_total{account="web",pool="lab"} 1`,
		`qsched_tasks_ended_total{account="web",pool="lab",state="succeeded"} 1`,
		`qsched_tasks_assigned_total{account="web",pool="lab",preempting="true",provision="false"} 1`,
		`qsched_news_ignored_total{pool="lab",reason="run_wins"} 1`,
		`qsched_calls_total{code="ok",method="GetTask"} 1`,
		`qsched_log_leading 1`,
		`qsched_commit_failures_total 1`,
		`qsched_raft_members 3`,
	} {
		require.Contains(t, got, want+"\n")
	}
}

// TestEveryMetricIsOnThePage compares the table of README.md with what there is.
func TestEveryMetricIsOnThePage(t *testing.T) {
	families, err := busy(t).registry.Gather()
	require.NoError(t, err)
	var b strings.Builder
	b.WriteString("| metric | type | labels | what |\n|---|---|---|---|\n")
	for _, f := range families {
		if !strings.HasPrefix(f.GetName(), namespace) {
			continue
		}
		var labels []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			labels = append(labels, l.GetName())
		}
		fmt.Fprintf(&b, "| `%s` | %s | %s | %s |\n", f.GetName(), strings.ToLower(f.GetType().String()),
			strings.Join(labels, ", "), f.GetHelp())
	}
	const page, begin, end = "README.md", "<!-- table -->\n", "<!-- end -->"
	text, err := os.ReadFile(page)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(text), begin)
	require.True(t, found)
	table, after, found := strings.Cut(rest, end)
	require.True(t, found)
	if *rewrite {
		require.NoError(t, os.WriteFile(page, []byte(before+begin+b.String()+end+after), 0o644))
		return
	}
	require.Equal(t, b.String(), table)
}
