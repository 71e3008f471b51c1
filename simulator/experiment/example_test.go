package experiment_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/trace"
)

// Two teams share four workers: one with short tests, which arrive every six minutes, and one with
// long ones. The experiment asks what the first team gains from a quota.
func Example() {
	const text = `
name: who waits
trace: {file: lab.swf}
fleet: {total: 4}
seeds: [1]
policies:
- {name: fifo, builtin: fifo}
- name: quota
  accounts: {tests: {rates: {p0: 2}, max_charge: 1h}}
`
	folder, err := os.MkdirTemp("", "example")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = os.RemoveAll(folder) }()
	path := filepath.Join(folder, "who-waits.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		fmt.Println(err)
		return
	}

	// A workload of the caller's own stands in for the log or the spec of the file.
	twoTeams := func(context.Context, *experiment.File, uint64) (*trace.Loaded, error) {
		w := &simulator.Workload{Name: "two teams", Start: time.Unix(0, 0)}
		for i := range 40 {
			s := simulator.Submission{ID: fmt.Sprint(i), Account: "tests", Size: 2,
				Submit: time.Duration(i) * 6 * time.Minute, Run: 5 * time.Minute,
				RealWait: simulator.Unknown}
			if i%4 == 0 {
				s.Account, s.Run, s.Size = "soak", time.Hour, 3
			}
			w.Submissions = append(w.Submissions, s)
		}
		return &trace.Loaded{Workload: w}, nil
	}
	e, err := experiment.Load(context.Background(),
		experiment.LoadOptions{Path: path, Workloads: twoTeams})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(e.Warnings)
	results, err := e.Run(context.Background(), experiment.RunOptions{})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, d := range results.Differences {
		if d.Metric == experiment.MetricWaitMean && !d.AllAccounts {
			fmt.Printf("%s under %s: %s\n", d.Account, d.Variant, d.Verdict)
		}
	}
	// Output:
	// [policy "quota": accounts of the workload without quota, whose tasks are all free: "soak"]
	// soak under quota: worse
	// tests under quota: better
}
