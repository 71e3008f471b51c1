package experiment_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/trace"
)

func run(t *testing.T, e *experiment.Experiment, o experiment.RunOptions) *experiment.Results {
	t.Helper()
	r, err := e.Run(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func toJSON(t *testing.T, r *experiment.Results) string {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRunComparesPolicies(t *testing.T) {
	r := run(t, load(t, lab), experiment.RunOptions{})
	if r.Partial || len(r.Variants) != 4 || r.Workload.Accounts != 2 || r.Workload.Workers != 4 {
		t.Errorf("partial %v, %d variants, workload %+v", r.Partial, len(r.Variants), r.Workload)
	}
	for _, v := range r.Variants {
		if len(v.Runs) != 2 || v.Runs[0].Seed != 1 || v.Runs[1].Seed != 2 {
			t.Fatalf("%s has runs %+v", v.Name, v.Runs)
		}
		if f := v.Runs[0].Figures; v.Name != "planted" && f.All.Completed != f.All.Requests {
			t.Errorf("%s: %d of %d requests completed", v.Name, f.All.Completed, f.All.Requests)
		}
	}
	want := []experiment.AccountQuota{
		{Account: "cq", Rates: [5]float64{0.2}, MaxChargeSeconds: 3600},
		{Account: "fuzz", Rates: [5]float64{0, 0, 2}, MaxChargeSeconds: 3600, FreeTasks: true},
	}
	if diff := cmp.Diff(want, r.Variants[1].Accounts); diff != "" {
		t.Errorf("quota of planted: %s", diff)
	}
}

// A policy that cuts an account's rate to a tenth is plainly worse for it.
func TestPlantedBadPolicyIsObvious(t *testing.T) {
	r := run(t, load(t, strings.Replace(lab, "seeds: 2", "seeds: 4", 1)), experiment.RunOptions{})
	d := difference(t, r, "planted", "cq", experiment.MetricWaitMean)
	if d.Verdict != experiment.VerdictWorse || d.Seeds != 4 || d.Low <= 0 || d.To < 3*d.From {
		t.Errorf("%+v", d)
	}
}

func TestTheSamePolicyTwiceShowsNoDifference(t *testing.T) {
	text := lab[:strings.Index(lab, "- name: planted")] + "- {name: twin, base: quota}\n"
	r := run(t, load(t, text), experiment.RunOptions{})
	if len(r.Differences) == 0 {
		t.Fatal("nothing was compared")
	}
	for _, d := range r.Differences {
		if d.Verdict != experiment.VerdictSame || d.Delta != 0 || d.Low != 0 || d.High != 0 {
			t.Errorf("%+v", d)
		}
	}
}

func TestSameBytesWhateverRunsFirst(t *testing.T) {
	text := lab + "sweep: [{field: policies.quota.accounts.cq.rates.p0, values: [1, 3]},\n" +
		"  {field: fleet.total, values: [4, 6]}]\n"
	one := toJSON(t, run(t, load(t, text), experiment.RunOptions{Parallel: 1}))
	many := toJSON(t, run(t, load(t, text), experiment.RunOptions{Parallel: 7}))
	if one != many {
		t.Error("the results depend on how many runs go at once")
	}
}

func TestSweepMakesVariants(t *testing.T) {
	e := load(t, lab+"sweep: [{field: policies.quota.accounts.cq.rates.p0, values: [1, 3]},\n"+
		"  {field: fleet.total, values: [4, 6]},\n"+
		"  {field: 'policies[3].level', values: [p0, p4]}]\n")
	want := []string{
		"quota, cq.rates.p0 = 1, fleet.total = 4", "quota, cq.rates.p0 = 1, fleet.total = 6",
		"quota, cq.rates.p0 = 3, fleet.total = 4", "quota, cq.rates.p0 = 3, fleet.total = 6",
		"planted, fleet.total = 4", "planted, fleet.total = 6",
		"fifo, fleet.total = 4", "fifo, fleet.total = 6",
		"fair, fleet.total = 4, level = p0", "fair, fleet.total = 4, level = p4",
		"fair, fleet.total = 6, level = p0", "fair, fleet.total = 6, level = p4",
	}
	if diff := cmp.Diff(want, e.Variants()); diff != "" {
		t.Error(diff)
	}
	if e.Runs() != 24 {
		t.Errorf("%d runs, want 24", e.Runs())
	}
	r := run(t, e, experiment.RunOptions{})
	v := r.Variants[3]
	if got := v.Runs[0].Figures.Pool.Workers; got != 6 {
		t.Errorf("%s ran on %d workers", v.Name, got)
	}
	if got := v.Accounts[0].Rates[0]; got != 3 {
		t.Errorf("%s gave cq %v workers", v.Name, got)
	}
	wantParameters := []experiment.Parameter{
		{Field: "policies.quota.accounts.cq.rates.p0", Value: "3"}, {Field: "fleet.total", Value: "6"}}
	if diff := cmp.Diff(wantParameters, v.Parameters); diff != "" {
		t.Error(diff)
	}
}

// Each workload is made once, and a log once for all seeds.
func TestWorkloadsAreShared(t *testing.T) {
	const generated = "workload:\n  length: 4h\n  streams:\n" +
		"  - {name: a, batches: [{at: \"02:00\", count: 1}], run: {constant: 1h}}"
	for _, c := range []struct {
		name, text string
		want       int
	}{
		{"log", lab, 1},
		{"swept log", lab + "sweep: [{field: trace.from, values: [1h, 2h, 3h]}]\n", 3},
		{"generated", strings.Replace(lab, "trace: {file: lab.swf}", generated, 1), 2},
	} {
		t.Run(c.name, func(t *testing.T) {
			var mu sync.Mutex
			count := 0
			maker := func(ctx context.Context, f *experiment.File, seed uint64) (*trace.Loaded,
				error) {
				mu.Lock()
				defer mu.Unlock()
				count++
				return made(ctx, f, seed)
			}
			e, err := experiment.Load(t.Context(), experiment.LoadOptions{
				Path: write(t, "lab.yaml", c.text), Workloads: maker})
			if err != nil {
				t.Fatal(err)
			}
			run(t, e, experiment.RunOptions{Parallel: 3})
			if count != c.want {
				t.Errorf("%d workloads were made, want %d", count, c.want)
			}
		})
	}
}

func TestProgressEndsAtItsTotal(t *testing.T) {
	var last experiment.Progress
	e := load(t, lab)
	run(t, e, experiment.RunOptions{Progress: func(p experiment.Progress) {
		if p.Ended < last.Ended || p.Ended > p.Requests {
			t.Errorf("%+v after %+v", p, last)
		}
		last = p
	}})
	// 30 × 2 requests of cq and 10 × 2 of fuzz, in eight runs.
	want := experiment.Progress{Ended: 640, Requests: 640, EndedRuns: 8, Runs: 8}
	if last != want {
		t.Errorf("%+v, want %+v", last, want)
	}
}

func TestInterruptedRunsArePartial(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	r, err := load(t, lab).Run(ctx, experiment.RunOptions{Parallel: 1,
		Progress: func(p experiment.Progress) {
			if p.EndedRuns == 1 {
				cancel()
			}
		}})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Partial || len(r.Variants) != 4 || len(r.Variants[0].Runs) == 0 ||
		r.Variants[0].Runs[0].Figures.Partial || len(r.Variants[3].Runs) > 0 {
		t.Errorf("partial %v: %s", r.Partial, toJSON(t, r))
	}
	for _, d := range r.Differences {
		t.Errorf("an incomplete run was compared: %+v", d)
	}
}

// tasks is a TaskSink.
type tasks struct {
	mu     *sync.Mutex
	closed map[string]int
	id     string
	fail   bool
}

func (s tasks) Record(*simulator.TaskRecord) error {
	if s.fail {
		return errors.New("disk full")
	}
	return nil
}

func (s tasks) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed[s.id]++
	return nil
}

func TestEveryRunHasATaskSink(t *testing.T) {
	closed, mu := map[string]int{}, sync.Mutex{}
	e := load(t, lab)
	run(t, e, experiment.RunOptions{Tasks: func(id experiment.RunID) (experiment.TaskSink, error) {
		return tasks{mu: &mu, closed: closed,
			id: fmt.Sprintf("%d %s %d", id.Index, id.Variant, id.Seed)}, nil
	}})
	want := map[string]int{"0 quota 1": 1, "1 quota 2": 1, "2 planted 1": 1, "3 planted 2": 1,
		"4 fifo 1": 1, "5 fifo 2": 1, "6 fair 1": 1, "7 fair 2": 1}
	if diff := cmp.Diff(want, closed); diff != "" {
		t.Error(diff)
	}
}

func TestAFailureNamesTheRunAndEndsTheOthers(t *testing.T) {
	full := errors.New("disk full")
	r, err := load(t, lab).Run(t.Context(), experiment.RunOptions{Parallel: 1,
		Tasks: func(id experiment.RunID) (experiment.TaskSink, error) {
			if id.Index == 2 {
				return nil, full
			}
			return tasks{mu: &sync.Mutex{}, closed: map[string]int{}}, nil
		}})
	if !errors.Is(err, full) || !strings.HasPrefix(err.Error(), "planted, seed 1: ") {
		t.Errorf("error %v", err)
	}
	if r == nil || !r.Partial {
		t.Errorf("results %+v", r)
	}
}

// forgetful is a pool with a defect: it loses one request.
type forgetful struct{ simulator.Pool }

func (p forgetful) Apply(ctx context.Context, op *protos.Operation,
	e scheduler.EventSink) (*protos.Result, error) {
	if op.GetTaskWaiting().GetRequestId() == "7.1" {
		return &protos.Result{}, nil
	}
	return p.Pool.Apply(ctx, op, e)
}

func TestABrokenPromiseNamesTheRun(t *testing.T) {
	r, err := load(t, lab).Run(t.Context(), experiment.RunOptions{Parallel: 1,
		SkipChecks: true, // they may end a run before it sees what is wrong
		NewPool: func(at time.Time, c *scheduler.Config) (simulator.Pool, error) {
			pool, err := simulator.NewPool(at, c)
			return forgetful{pool}, err
		}})
	if !errors.Is(err, experiment.ErrBroken) ||
		!strings.HasPrefix(err.Error(), "quota, seed 1: the run broke a promise (") ||
		!strings.Contains(err.Error(), `"7.1"`) {
		t.Errorf("error %v", err)
	}
	if r == nil || !r.Partial || len(r.Variants[0].Runs) == 0 || len(r.Variants[3].Runs) > 0 {
		t.Errorf("results %+v", r)
	}
}

func TestFifoAndFair(t *testing.T) {
	r := run(t, load(t, lab), experiment.RunOptions{})
	fifo, fair := r.Variants[2], r.Variants[3]
	if f := fifo.Runs[0].Figures; len(fifo.Accounts) != 0 || f.Pool.Preemptions != 0 ||
		f.All.PaidSeconds != 0 {
		t.Errorf("fifo: %d accounts, %d preemptions, %v paid", len(fifo.Accounts),
			f.Pool.Preemptions, f.All.PaidSeconds)
	}
	want := []experiment.AccountQuota{
		{Account: "cq", Rates: [5]float64{0, 2}, MaxChargeSeconds: 86400, FreeTasks: true},
		{Account: "fuzz", Rates: [5]float64{0, 2}, MaxChargeSeconds: 86400, FreeTasks: true},
	}
	slices.SortFunc(fair.Accounts, func(a, b experiment.AccountQuota) int {
		return strings.Compare(string(a.Account), string(b.Account))
	})
	if diff := cmp.Diff(want, fair.Accounts); diff != "" {
		t.Error(diff)
	}
}

func TestResultsAreReadBack(t *testing.T) {
	r := run(t, load(t, lab), experiment.RunOptions{})
	text := toJSON(t, r)
	back, err := experiment.ReadResults(strings.NewReader(text))
	if err != nil {
		t.Fatal(err)
	}
	if again := toJSON(t, back); again != text {
		t.Error("reading the results and writing them again changes them")
	}
	if !bytes.Contains([]byte(text), []byte(`"version":1`)) {
		t.Error("no version")
	}
}
