package trace_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/trace"
)

const samples = "../../examples/logs/"

// The samples are read by what is in them, and what never ran is left out.
func TestSamples(t *testing.T) {
	for name, want := range map[string]struct {
		format              trace.Format
		records, submission int
		note                string
	}{
		"sacct.txt":     {trace.FormatSacct, 70, 67, "28 job steps left out, as parts of their jobs"},
		"kueue.json":    {trace.FormatKueue, 6, 4, "left out: 1 that never started, 1 without an end"},
		"swarming.json": {trace.FormatSwarming, 24, 22, "left out: 2 that never started"},
		"builds.jsonl":  {trace.FormatBuildbucket, 30, 29, "left out: 1 without an end"},
	} {
		format, err := trace.Detect(samples + name)
		require.NoError(t, err)
		require.Equal(t, want.format, format, name)
		p, err := trace.Propose(t.Context(), &trace.Source{File: samples + name, Strict: true})
		require.NoError(t, err)
		loaded, err := trace.Load(t.Context(), &p.Source)
		require.NoError(t, err)
		require.Equal(t, want.records, loaded.Records, name)
		require.Len(t, loaded.Workload.Submissions, want.submission, name)
		require.Equal(t, 2026, loaded.Workload.Start.Year(), name)
		noted(t, loaded.Notes, want.note)
		for i := range loaded.Workload.Submissions {
			s := &loaded.Workload.Submissions[i]
			require.NotEmpty(t, s.Account, name)
			require.Len(t, s.BaseLabels, 1, name)
			require.GreaterOrEqual(t, s.RealWait, time.Duration(0), name)
		}
	}
}

// first loads a log of one submission.
func first(t *testing.T, name, text string, m trace.Mapping, table trace.Table) (
	simulator.Submission, time.Time) {
	t.Helper()
	loaded := load(t, &trace.Source{File: write(t, name, text), Mapping: m, Table: table,
		Strict: true})
	require.Len(t, loaded.Workload.Submissions, 1)
	return loaded.Workload.Submissions[0], loaded.Workload.Start
}

func TestSacct(t *testing.T) {
	const header = "JobID|User|Submit|Start|End|AllocCPUS|AllocTRES|\n"
	const job = "7_3|ada|2026-07-05T09:30:00|2026-07-05T09:31:00|2026-07-05T10:31:30|8|" +
		"billing=8,cpu=8,gres/gpu:a100=2,gres/gpu=2,mem=32G|\n"
	steps := "7_3.batch||2026-07-05T09:31:00|2026-07-05T09:31:00|Unknown|8||\n"
	got, start := first(t, "jobs.txt", header+job+steps, trace.Mapping{Account: "{User}",
		BaseLabels: []string{"gpu:{gpu_type}"}}, trace.Table{Zone: "Europe/Berlin", Size: "gpus"})
	require.Equal(t, simulator.Submission{ID: "7_3", Account: "ada", BaseLabels: []string{"gpu:a100"},
		Run: time.Hour + 30*time.Second, Size: 2, RealWait: time.Minute}, got)
	require.Equal(t, "2026-07-05T07:30:00Z", start.Format(time.RFC3339)) // two hours ahead of UTC

	got, _ = first(t, "jobs.txt", "JobID|Submit|Start|Elapsed|NNodes\n"+
		"1|1767605400|1767605410|2-01:02:03|3\n", trace.Mapping{}, trace.Table{})
	require.Equal(t, 49*time.Hour+2*time.Minute+3*time.Second, got.Run)
	require.Equal(t, []any{10 * time.Second, 3}, []any{got.RealWait, got.Size})
}

func TestSacctMistakes(t *testing.T) {
	const header = "JobID|Submit|Start|End\n"
	for text, want := range map[string]string{
		"":                     "no job in it ran",
		"JobID Submit Start\n": "jobs.txt:1: no bars between the columns; write the file with: sacct ",
		"JobID|Submit|State\n": "jobs.txt:1: the columns JobID, Submit, Start and End are needed",
		header + "1|2026-01-05T09:30:00|2026-01-05T09:29:00|Unknown\n": "jobs.txt:2: it started before " +
			"it was submitted",
		header + "1|yesterday|Unknown|Unknown\n": `jobs.txt:2: column Submit: "yesterday" is not a date`,
		header + "1|2026-01-05T09:30:00\n":       "jobs.txt:2: 2 fields, want 4",
	} {
		_, err := trace.Load(t.Context(), &trace.Source{File: write(t, "jobs.txt", text), Strict: true})
		require.ErrorContains(t, err, want, text)
	}
}

func TestKueue(t *testing.T) {
	const text = `{"apiVersion":"v1","kind":"List","metadata":{},"items":[{
 "apiVersion":"kueue.x-k8s.io/v1beta1","kind":"Workload",
 "metadata":{"name":"w","namespace":"n","creationTimestamp":"2026-01-05T09:30:00Z",
  "labels":{"team":"vision"}},
 "spec":{"queueName":"q","priorityClassName":"high","podSets":[
  {"name":"head","count":1,"template":{"spec":{"containers":[{"resources":{"requests":{"cpu":"1"}}}]}}},
  {"name":"main","count":4,"template":{"spec":{"nodeSelector":{"gpu":"a100"},
   "containers":[{"resources":{"limits":{"nvidia.com/gpu":8}}}]}}}]},
 "status":{"admission":{"clusterQueue":"c","podSetAssignments":[
   {"name":"head","count":1,"flavors":{"cpu":"small"}},
   {"name":"main","count":2,"flavors":{"nvidia.com/gpu":"a100"}}]},
  "schedulingStats":{"evictions":[{"reason":"Preempted","count":2},{"reason":"PodsReadyTimeout","count":1}]},
  "conditions":[
   {"type":"Evicted","status":"False","lastTransitionTime":"2026-01-05T09:40:00Z"},
   {"type":"Admitted","status":"True","lastTransitionTime":"2026-01-05T09:40:00Z"},
   {"type":"Finished","status":"True","lastTransitionTime":"2026-01-05T10:40:00Z"}]}}]}`
	got, _ := first(t, "w.json", text, trace.Mapping{Account: "{namespace}/{queue}/{label.team}",
		BaseLabels: []string{"gpu:{selector.gpu}", "flavor:{flavor}"}}, trace.Table{Size: "gpus"})
	require.Equal(t, simulator.Submission{ID: "n/w", Account: "n/q/vision",
		BaseLabels: []string{"gpu:a100", "flavor:a100+small"}, Run: time.Hour, Size: 16,
		RealWait: 10 * time.Minute, RealPreemptions: 2}, got)
	got, _ = first(t, "w.json", text, trace.Mapping{}, trace.Table{})
	require.Equal(t, 3, got.Size) // pods
}

func TestSwarming(t *testing.T) {
	const text = `[{"task_id":"6f1","created_ts":"2026-01-05T09:30:00.5","started_ts":"2026-01-05T09:30:02.5",
"abandoned_ts":"2026-01-05T09:31:02.5","state":"KILLED","user":"ada","tags":["pool:ci","os:Linux",
"realm:vision:try","priority:30"],"bot_dimensions":[{"key":"os","value":["Linux","Ubuntu"]}]}]`
	got, _ := first(t, "t.json", text, trace.Mapping{Account: "{owner}", Importance: "{priority}",
		BaseLabels: []string{"pool:{pool}", "os:{dimension.os}", "x:{tag.none}"}}, trace.Table{})
	require.Equal(t, simulator.Submission{ID: "6f1", Account: "vision",
		BaseLabels: []string{"pool:ci", "os:Linux"}, Submit: 500 * time.Millisecond, Run: time.Minute,
		Size: 1, RealWait: 2 * time.Second, Importance: "30"}, got)
}

func TestBuildbucket(t *testing.T) {
	const text = `{"builds":[{"id":"87","builder":{"project":"p","bucket":"try","builder":"linux"},
"createTime":"2026-01-05T09:30:00Z","startTime":"2026-01-05T09:30:05Z","endTime":"2026-01-05T09:31:05Z",
"tags":[{"key":"a","value":"b"}],"infra":{"backend":{"taskDimensions":[{"key":"pool","value":"ci"}]}}}],
"nextPageToken":"x"}
{"builds":[]}`
	got, _ := first(t, "b.json", text, trace.Mapping{Account: "{project}/{builder}/{tag.a}",
		BaseLabels: []string{"pool:{pool}"}}, trace.Table{})
	require.Equal(t, simulator.Submission{ID: "87", Account: "p/linux/b",
		BaseLabels: []string{"pool:ci"}, Run: time.Minute, Size: 1, RealWait: 5 * time.Second}, got)
}

// A malformed object is skipped, with its line; a file that ends early is an error.
func TestJSONMistakes(t *testing.T) {
	const good = `{"taskId":"1","createdTs":"2026-01-05T09:30:00Z","startedTs":"2026-01-05T09:30:01Z",
"completedTs":"2026-01-05T09:30:02Z"}`
	for text, want := range map[string]string{
		"[" + good + ",\n\n" + `{"taskId" 3}` + "]":                 "t.json:4: not JSON: ",
		"[" + good + `,{"createdTs":"today"}]`:                      `t.json:2: createdTs: "today" is not a date`,
		"[" + good + `,{"taskId":"2"}]`:                             "t.json:2: it does not say when it was submitted",
		"[" + good:                                                  "t.json:2: the file ends within a list",
		"[" + good + `,{"a":"`:                                      "t.json:2: the file ends within the object of line 2",
		"[" + good + `, 7]`:                                         `t.json:2: "7" stands where a JSON object should begin`,
		"[" + good + `,{"a":"` + strings.Repeat("x", 2<<20) + `"}]`: "the object is longer than",
	} {
		source := &trace.Source{File: write(t, "t.json", text), Format: trace.FormatSwarming, Strict: true}
		_, err := trace.Load(t.Context(), source)
		require.ErrorContains(t, err, want)
		source.Strict = false
		loaded, err := trace.Load(t.Context(), source)
		if strings.Contains(want, "ends within") || strings.Contains(want, "should begin") {
			require.ErrorContains(t, err, want)
			continue
		}
		require.NoError(t, err)
		require.Equal(t, []int{1, 1}, []int{loaded.Records, loaded.Malformed})
	}
	_, err := trace.Load(t.Context(), &trace.Source{File: samples + "kueue.json",
		Table: trace.Table{Size: "cpus"}})
	require.ErrorContains(t, err, `table.size: no field "cpus" of workloads is a size; there are pods, gpus`)
	_, err = trace.Load(t.Context(), &trace.Source{File: samples + "swarming.json",
		Mapping: trace.Mapping{Account: "{ower}"}})
	require.ErrorContains(t, err, `the log has no field "ower"; was owner meant?`)
}
