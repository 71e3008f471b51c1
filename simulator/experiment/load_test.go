package experiment_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/internal/field"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/trace"
)

const traced = `name: replay
trace: {file: no-such-log.swf.gz}
policies: [{name: fifo, builtin: fifo}]
`

func TestALogThatIsNotThere(t *testing.T) {
	path := write(t, "replay.yaml", traced)
	own, other := filepath.Dir(path), t.TempDir()
	o := experiment.LoadOptions{Path: path, TraceFolders: []string{other},
		TraceHint: "--trace names the file"}
	const hint = "; --trace names the file; logs in the Standard Workload Format are in the " +
		"Parallel Workloads Archive (https://www.cs.huji.ac.il/labs/parallel/workload/)\n"
	for _, c := range []struct{ override, tried string }{
		{"", own + "/no-such-log.swf.gz, nor " + other + "/no-such-log.swf.gz"},
		{"other.swf", "other.swf"},
	} {
		o.Trace = c.override
		_, err := experiment.Load(t.Context(), o)
		if want := path + ":2:15: trace.file: there is no file " + c.tried + hint; err == nil ||
			!strings.HasPrefix(err.Error(), want) {
			t.Errorf("error %v\nwant %s", err, want)
		}
	}
}

func TestLoadRefuses(t *testing.T) {
	empty := func(_ context.Context, f *experiment.File, _ uint64) (*trace.Loaded, error) {
		return &trace.Loaded{Workload: &simulator.Workload{Name: f.Name}}, nil
	}
	broken := func(context.Context, *experiment.File, uint64) (*trace.Loaded, error) {
		return nil, field.In("trace", field.Errorf("file", "is not a log"))
	}
	for _, c := range []struct {
		name, text, traceFile string
		make                  experiment.WorkloadMaker
		want                  string
	}{
		{"empty", lab, "", empty, "lab.yaml: the workload is empty: nothing is submitted"},
		{"log", lab, "", broken, "lab.yaml:2:15: trace.file: is not a log\n"},
		{"fleet", traced, "", made, "lab.yaml:1:1: fleet: is needed, as the log does " +
			"not say how large its machine was\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := experiment.Load(t.Context(), experiment.LoadOptions{
				Path: write(t, "lab.yaml", c.text), Workloads: c.make, Trace: c.traceFile})
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("error %v\nwant %s", err, c.want)
			}
		})
	}
	_, err := experiment.Load(t.Context(), experiment.LoadOptions{Path: "no-such.yaml"})
	if err == nil || !strings.Contains(err.Error(), "no-such.yaml") {
		t.Errorf("error %v", err)
	}
}

func TestLoadIsInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, err := experiment.Load(ctx, experiment.LoadOptions{Path: write(t, "lab.yaml", lab),
		Workloads: func(ctx context.Context, _ *experiment.File, _ uint64) (*trace.Loaded, error) {
			return nil, ctx.Err()
		}})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("error %v", err)
	}
}

func TestAccountsThatDoNotFitAreWarnings(t *testing.T) {
	e := load(t, `name: lab
trace: {file: lab.swf}
fleet: {total: 4}
policies:
- {name: a, accounts: {cq: {rates: {p0: 1}}, gone: {}, left: {}}}
- {name: b, groups: [{match: "c?", each: {}}, {match: "*z*", share: {p0: 4}}, {match: x, each: {}}]}
- {name: fifo, builtin: fifo}
`)
	want := []string{
		`policy "a": accounts without requests: "gone", "left"`,
		`policy "a": accounts of the workload without quota, whose tasks are all free: "fuzz"`,
		`policy "b": group "x" matches no account that is left`,
	}
	if diff := cmp.Diff(want, e.Warnings); diff != "" {
		t.Error(diff)
	}
}

// crowd makes a workload with one request of each of some accounts.
func crowd(ids ...scheduler.AccountID) experiment.WorkloadMaker {
	return func(_ context.Context, f *experiment.File, _ uint64) (*trace.Loaded, error) {
		w := &simulator.Workload{Name: f.Name, Start: time.Unix(0, 0)}
		for i, id := range ids {
			w.Submissions = append(w.Submissions, simulator.Submission{ID: fmt.Sprint(i),
				Account: id, Size: 1, Run: time.Second, RealWait: simulator.Unknown})
		}
		return &trace.Loaded{Workload: w}, nil
	}
}

// The first group that matches has an account, unless the account is named; a share is divided.
func TestGroups(t *testing.T) {
	e, err := experiment.Load(t.Context(), experiment.LoadOptions{
		Workloads: crowd("a/1", "a/22", "a/333", "b", "named", "a/4"),
		Path: write(t, "lab.yaml", `name: lab
trace: {file: lab.swf}
fleet: {total: 4}
policies:
- name: p
  accounts: {named: {rates: {p0: 7}, max_fanout: 2}}
  groups:
  - {match: "a/?", share: {p0: 3, p2: 0.001}, each: {max_charge: 1h, free_tasks: false}}
  - {match: "*2*", each: {rates: {p1: 5}}}
  - {match: "*", share: {p3: 1}}
`)})
	if err != nil {
		t.Fatal(err)
	}
	r := run(t, e, experiment.RunOptions{})
	want := []experiment.AccountQuota{
		{Account: "a/1", Rates: [5]float64{0: 1.5, 2: 0.001}, MaxChargeSeconds: 3600},
		{Account: "a/22", Rates: [5]float64{1: 5}, MaxChargeSeconds: 86400, FreeTasks: true},
		{Account: "a/333", Rates: [5]float64{3: 0.5}, MaxChargeSeconds: 86400, FreeTasks: true},
		{Account: "a/4", Rates: [5]float64{0: 1.5, 2: 0.001}, MaxChargeSeconds: 3600},
		{Account: "b", Rates: [5]float64{3: 0.5}, MaxChargeSeconds: 86400, FreeTasks: true},
		{Account: "named", Rates: [5]float64{0: 7}, MaxChargeSeconds: 86400, MaxFanout: 2,
			FreeTasks: true},
	}
	if diff := cmp.Diff(want, r.Variants[0].Accounts); diff != "" {
		t.Error(diff)
	}
}

func TestRequestsThatCanNeverRunAreAWarning(t *testing.T) {
	wide := func(_ context.Context, f *experiment.File, _ uint64) (*trace.Loaded, error) {
		s := simulator.Submission{ID: "narrow", Size: 2, BaseLabels: []string{"a", "b"},
			Run: time.Second, RealWait: simulator.Unknown}
		other := s
		other.ID, other.Size = "wide", 3
		return &trace.Loaded{Workload: &simulator.Workload{
			Submissions: []simulator.Submission{s, other}}, Warnings: []string{"line 3 is odd"}}, nil
	}
	e, err := experiment.Load(t.Context(), experiment.LoadOptions{Workloads: wide,
		Path: write(t, "lab.yaml", `name: lab
trace: {file: lab.swf}
fleet: {groups: [{name: x, count: 2, labels: [b, a, c]}, {name: y, count: 2, labels: [a]}]}
policies: [{name: fifo, builtin: fifo}]
`)})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{"3 of 5 requests (60 %) can never run on this fleet",
		"a b: there are 2, and up to 3 are needed at once (3 requests, the first: wide)",
		"line 3 is odd"}
	if diff := cmp.Diff(want, e.Warnings); diff != "" {
		t.Error(diff)
	}
}

func TestFleetOfGroups(t *testing.T) {
	e := load(t, strings.Replace(lab, "fleet: {total: 4}",
		"fleet: {groups: [{name: big, count: 3}, {name: small, count: 2}]}", 1))
	if got := e.Workload().Workers; got != 5 {
		t.Errorf("%d workers, want 5", got)
	}
	run(t, e, experiment.RunOptions{})
}

func TestOptionsOverrideTheFile(t *testing.T) {
	e := load(t, lab, "fleet.total=9", "policies.quota.accounts.cq.rates={p3: 1}", "seeds=[5]")
	if e.File.Fleet.Total != 9 || e.File.Policies[0].Accounts["cq"].Rates.P3 != 1 ||
		e.File.Policies[0].Accounts["cq"].Rates.P0 != 0 || e.Runs() != 4 || e.File.Seeds[0] != 5 {
		t.Errorf("%+v", e.File)
	}
}

// More than 1 % of impossible requests is the first warning, and an error under Strict; less is
// neither.
func TestTooMuchIsImpossible(t *testing.T) {
	for _, c := range []struct {
		possible int
		refused  bool
	}{{98, true}, {99, false}} {
		made := func(context.Context, *experiment.File, uint64) (*trace.Loaded, error) {
			w := &simulator.Workload{}
			for i := range c.possible + 1 {
				s := simulator.Submission{ID: fmt.Sprint(i), Size: 1, Run: time.Second,
					RealWait: simulator.Unknown, BaseLabels: []string{"pool:H100"}}
				if i == 0 {
					s.BaseLabels = []string{"pool:h100"}
				}
				w.Submissions = append(w.Submissions, s)
			}
			return &trace.Loaded{Workload: w, Warnings: []string{"line 3 is odd"}}, nil
		}
		o := experiment.LoadOptions{Workloads: made, Path: write(t, "lab.yaml", `name: lab
trace: {file: lab.swf}
fleet: {groups: [{name: x, count: 2, labels: ["pool:H100"]}]}
policies: [{name: fifo, builtin: fifo}]
`)}
		e, err := experiment.Load(t.Context(), o)
		require.NoError(t, err)
		require.Equal(t, c.refused, e.Warnings[0] != "line 3 is odd", e.Warnings)
		require.Contains(t, strings.Join(e.Warnings, "\n"), "was pool:H100 meant?")
		o.Strict = true
		_, err = experiment.Load(t.Context(), o)
		if !c.refused {
			require.NoError(t, err)
			continue
		}
		require.ErrorContains(t, err, "1 of 99 requests (1.01 %) can never run on this fleet")
	}
}
