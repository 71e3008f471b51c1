package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/stat"

	"github.com/quotasched/quotasched/examples/experiments"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/tune"
)

// longTune skips a test unless `make tune-long` asks for it.
func longTune(t *testing.T) {
	t.Helper()
	if os.Getenv("QSIM_LONG_TUNE") == "" {
		t.Skip("takes minutes; make tune-long")
	}
}

// tuneJSON runs qsim tune and returns what it found.
func tuneJSON(t *testing.T, codes []int, args ...string) *experiment.Tuned {
	t.Helper()
	path := filepath.Join(t.TempDir(), "tuned.json")
	code, out, stderr := qsim(append([]string{"tune", "--json", path}, args...)...)
	t.Logf("exit code %d\n%s%s", code, out, stderr)
	require.Contains(t, codes, code)
	var tuned experiment.Tuned
	require.NoError(t, json.Unmarshal([]byte(read(t, path)), &tuned))
	return &tuned
}

// TestLongTuneDeviceLab meets the goals of the example with at most a third of the work that its
// policy loses without limits of lost work: 5.1 million worker-seconds.
func TestLongTuneDeviceLab(t *testing.T) {
	longTune(t)
	tuned := tuneJSON(t, []int{exitOK})
	require.True(t, tuned.Result.Met())
	require.Less(t, float64(tuned.Result.HeldOut.Objective), 5.1e6/3)
}

// TestLongTuneCapacity finds the smallest fleet, and tries each size near it.
func TestLongTuneCapacity(t *testing.T) {
	longTune(t)
	args := []string{"--knob", "fleet.total=60..260", "--minimize", "workers", "--goal",
		"wait_p95@release=30m", "--goal", "wait_p95@cq=30m", "--policy", "quota", "--budget", "150"}
	tuned := tuneJSON(t, []int{exitOK, exitBroken}, args...)
	found := tuned.Result.Chosen.Point[0]
	tuning := labTuning(t, args)
	var points [][]float64
	for n := found - 10; n <= found+3; n++ {
		points = append(points, []float64{n})
	}
	outcomes, err := tuning.Problem().Evaluate(context.Background(),
		tune.Part{Use: tune.Selecting, Share: 1}, points)
	require.NoError(t, err)
	least := 0.0
	for i := len(points) - 1; i >= 0; i-- {
		if meets(outcomes[i], []float64{1800, 1800}, tune.SelectMargin) {
			least = points[i][0]
		}
	}
	t.Logf("the least of %v to %v: %v", points[0], points[len(points)-1], least)
	require.InDelta(t, least, found, 2)
}

// TestLongTuneImpossible asks for what a fine grid shows to be impossible, too.
func TestLongTuneImpossible(t *testing.T) {
	longTune(t)
	args := []string{"--knob", "policies.quota.accounts.cq.rates.p0=20..160", "--goal",
		"wait_p95@cq=10s", "--goal", "wait_p95@release=2m", "--budget", "120"}
	tuned := tuneJSON(t, []int{exitBroken}, args...)
	require.False(t, tuned.Result.Found)
	var points [][]float64
	for rate := 20.0; rate <= 160; rate += 5 {
		points = append(points, []float64{rate})
	}
	outcomes, err := labTuning(t, args).Problem().Evaluate(context.Background(),
		tune.Part{Use: tune.Searched, Share: 1}, points)
	require.NoError(t, err)
	for i, cases := range outcomes {
		require.False(t, meets(cases, []float64{10, 120}, 0), "%v meets them", points[i])
	}
}

// labTuning prepares the tuning of the device lab that a command line asks for.
func labTuning(t *testing.T, args []string) *experiment.Tuning {
	t.Helper()
	f := &tuneFlags{}
	text, err := experiments.Files.ReadFile(builtIn)
	require.NoError(t, err)
	e, err := experiment.Load(context.Background(), experiment.LoadOptions{Path: builtIn, Data: text})
	require.NoError(t, err)
	for i := 0; i < len(args); i += 2 {
		switch args[i] {
		case "--goal":
			f.Goals = append(f.Goals, args[i+1])
		case "--knob":
			f.Knobs = append(f.Knobs, args[i+1])
		}
	}
	o, err := f.Options()
	require.NoError(t, err)
	o.Policy = "quota"
	tuning, err := e.Tuning(o)
	require.NoError(t, err)
	return tuning
}

// meets reports whether the means over the cases are within bounds, by so many standard errors.
func meets(cases []tune.Outcome, bounds []float64, margin float64) bool {
	for g, bound := range bounds {
		var list []float64
		for _, c := range cases {
			list = append(list, c.Goals[g])
		}
		mean, deviation := stat.MeanStdDev(list, nil)
		if mean+margin*stat.StdErr(deviation, float64(len(list))) > bound {
			return false
		}
	}
	return true
}

// TestLongTuneLogs finds quotas of groups on the first half of a log, and says whether they hold on
// the second one.
func TestLongTuneLogs(t *testing.T) {
	longTune(t)
	if os.Getenv(tracesVariable) == "" {
		t.Skip(tracesVariable + " names no folder of logs")
	}
	for _, c := range []struct{ file, policy, goal string }{
		{"kth.yaml", "fair", "wait_p95=24h"},
		{"sdsc-ds.yaml", "queues", "wait_p95=7d"},
	} {
		tuned := tuneJSON(t, []int{exitOK, exitBroken}, "../../examples/experiments/"+c.file,
			"--goal", c.goal, "--budget", "60", "--policy", c.policy)
		require.NotNil(t, tuned.Result.HeldOut)
		require.Equal(t, 5, tuned.Result.HeldOut.Goals[0].Of)
	}
}
