package experiment_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/trace"
)

// lab is a whole experiment on a made-up workload.
const lab = `name: lab
trace: {file: lab.swf}
fleet: {total: 4}
seeds: 2
policies:
- name: quota
  accounts:
    cq: {rates: {p0: 2}, max_charge: 1h}
    fuzz: {rates: {p2: 2}, max_charge: 1h}
- name: planted
  base: quota
  accounts: {cq: {rates: {p0: 0.2}, balance: empty, free_tasks: false}}
- {name: fifo, builtin: fifo}
- {name: fair, builtin: fair}
`

// made makes a workload of two accounts that submit more than four workers can run at once: cq
// short tasks in bursts, fuzz long ones. The seed shifts the times.
func made(_ context.Context, f *experiment.File, seed uint64) (*trace.Loaded, error) {
	w := &simulator.Workload{Name: f.Name, Start: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)}
	for i := range 40 {
		s := simulator.Submission{ID: fmt.Sprint(i), Account: "cq", Run: 5 * time.Minute, Size: 2,
			Submit:   time.Duration(i)*6*time.Minute + time.Duration(seed)*time.Second,
			RealWait: simulator.Unknown}
		if i%4 == 0 {
			s.Account, s.Run, s.Size = "fuzz", 50*time.Minute, 1+int(seed%2)
		}
		w.Submissions = append(w.Submissions, s)
	}
	return &trace.Loaded{Workload: w, Notes: []string{"made up"}}, nil
}

// write makes a file in a folder of the test's own.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// load loads an experiment whose workload is the one made up above.
func load(t *testing.T, text string, sets ...string) *experiment.Experiment {
	t.Helper()
	e, err := experiment.Load(t.Context(), experiment.LoadOptions{
		Path: write(t, "lab.yaml", text), Sets: sets, Workloads: made})
	if err != nil {
		t.Fatal(err)
	}
	return e
}

// difference returns how a figure of an account differs from the first policy's.
func difference(t *testing.T, r *experiment.Results, variant string, account scheduler.AccountID,
	metric experiment.Metric) experiment.Difference {
	t.Helper()
	for _, d := range r.Differences {
		if d.Variant == variant && d.Account == account && d.Metric == metric {
			return d
		}
	}
	t.Fatalf("no difference of %s, %s, %s", variant, account, metric)
	return experiment.Difference{}
}
