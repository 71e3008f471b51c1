package main

import (
	"bytes"
	"context"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// tunedYAML is smallYAML with goals: web waits for five minutes at most, 19 times of 20.
const tunedYAML = smallYAML + `goals: [wait_p95@web=5m]
minimize: lost@*
knobs:
  - {field: policies.quota.accounts.web.rates.p0, from: 1, to: 8, scale: log}
  - {field: policies.quota.scheduler.max_lost_work, from: 1m, to: 1h, scale: log}
`

// tuneFolder is a folder with a file to tune.
func tuneFolder(t *testing.T) (folder, file string) {
	t.Helper()
	folder = t.TempDir()
	file = filepath.Join(folder, "small.yaml")
	require.NoError(t, os.WriteFile(file, []byte(tunedYAML), 0o600))
	return folder, file
}

func TestTuneFindsSettings(t *testing.T) {
	t.Parallel()
	folder, file := tuneFolder(t)
	policy, page := filepath.Join(folder, "policy.yaml"), filepath.Join(folder, "tune.html")
	expect(t, exitOK, []string{`All goals are met on seeds 17 to 26`, `wait_p95@web +≤ 5 min`,
		`web.rates.p0`, `What other bounds would cost`}, nil,
		"tune", file, "--budget", "60", "-o", policy, "--html", page)
	text := read(t, page)
	require.Contains(t, text, "<svg")
	require.NotContains(t, text, "<script")
	expect(t, exitOK, []string{`quota-tuned`}, nil, "run", file, "--with", policy)
}

// TestShardsAreMergedToTheSameBytes does a run and a tuning on one and on two machines.
func TestShardsAreMergedToTheSameBytes(t *testing.T) {
	t.Parallel()
	folder, file := tuneFolder(t)
	in := func(name string) string { return filepath.Join(folder, name) }
	for _, c := range []struct {
		one   []string
		extra []string // what one machine must be told
	}{
		{[]string{"run", file, "--wall-times", "off"}, nil},
		{[]string{"tune", file, "--budget", "40"}, []string{"--starts", "2"}},
	} {
		args := append(append([]string{}, c.one...), c.extra...)
		_, want, _ := qsim(append(args, "--json", in("one.json"))...)
		for _, shard := range []string{"1", "2"} {
			code, _, stderr := qsim(append(c.one, "--shard", shard+"/2", "-o", in("part"+shard))...)
			require.Equal(t, exitOK, code, stderr)
		}
		_, got, stderr := qsim("merge", in("part2"), in("part1"), "--json", in("merged.json"))
		require.Equal(t, want, got, stderr)
		require.Equal(t, read(t, in("one.json")), read(t, in("merged.json")))
		expect(t, exitUsage, nil, []string{"shard 1/2 is missing"}, "merge", in("part2"))
		expect(t, exitUsage, nil, []string{"are both shard 1/2"}, "merge", in("part1"), in("part1"))
	}
	expect(t, exitUsage, nil, []string{"not a part"}, "merge", file)
}

func TestGoalsThatCannotBeMet(t *testing.T) {
	t.Parallel()
	_, file := tuneFolder(t)
	expect(t, exitBroken, []string{`These goals cannot be met together`,
		`goal that forbids it:\s+wait_max@ads=1s`}, []string{"the goals are not met"},
		"tune", file, "--budget", "40", "--goal", "wait_max@ads=1s", "--goal", "wait_p95@web=5m")
}

// TestTuneOnAJournal searches the first half of a recorded run.
func TestTuneOnAJournal(t *testing.T) {
	t.Parallel()
	folder, file := tuneFolder(t)
	journal := filepath.Join(folder, "small.qsj")
	code, _, stderr := qsim("record", file, "--only", "quota", "-o", journal)
	require.Equal(t, exitOK, code, stderr)
	code, out, stderr := qsim("tune", file, "--journal", journal, "--budget", "30", "--goal",
		"wait_p95@web=20m")
	require.Equal(t, exitOK, code, stderr)
	require.Contains(t, out, "searched on the first half of the journal")
	require.Contains(t, out, "the second half of the journal")
	expect(t, exitUsage, nil, []string{"does not change what a journal has recorded"},
		"tune", file, "--journal", journal, "--knob", "fleet.total=4..9")
}

func TestWrongTunings(t *testing.T) {
	t.Parallel()
	_, file := tuneFolder(t)
	for want, args := range map[string]string{
		`there is no metric "wait"`:                "--goal wait@web=3m",
		`nothing is submitted by an account "wed"`: "--goal wait_p95@wed=3m",
		"want PATH=FROM..TO":                       "--knob fleet.total=3",
		`there is no policy "none"`:                "--policy none",
		"want a number of runs":                    "--budget soon",
		"5 runs are not from 20":                   "--budget 5",
		"from 1/8 to 8/8":                          "--shard 9/8 -o x",
		"name the part with -o PART":               "--shard 1/8",
		"cannot be tuned":                          "--knob seeds=1..3",
	} {
		expect(t, exitUsage, nil, []string{want}, append([]string{"tune", file},
			strings.Fields(args)...)...)
	}
}

// TestPlansAndComparisonsAsPages writes HTML.
func TestPlansAndComparisonsAsPages(t *testing.T) {
	t.Parallel()
	folder, file := tuneFolder(t)
	in := func(name string) string { return filepath.Join(folder, name) }
	for _, args := range [][]string{
		{"record", file, "--only", "quota", "-o", in("small.qsj")},
		{"plan", "--journal", in("small.qsj"), "--policy", "quota", file, "--html", in("plan.html")},
		{"run", file, "--json", in("a.json"), "--only", "quota"},
		{"run", file, "--json", in("b.json"), "--only", "fifo"},
		{"compare", in("a.json"), in("b.json"), "--html", in("compare.html")},
	} {
		code, _, stderr := qsim(args...)
		require.Equal(t, exitOK, code, "%v: %s", args, stderr)
	}
	require.Contains(t, read(t, in("plan.html")), "Who is harmed")
	require.Contains(t, read(t, in("compare.html")), "b.json against ")
}

// TestAnInterruptedTuningWritesItsBest ends with the exit code of an interruption.
func TestAnInterruptedTuningWritesItsBest(t *testing.T) {
	t.Parallel()
	folder, file := tuneFolder(t)
	policy := filepath.Join(folder, "policy.yaml")
	ctx, cancel := context.WithCancel(context.Background())
	var out, errs bytes.Buffer
	bar := &stopAfter{text: "best so far", stop: cancel}
	code := execute(ctx, []string{"tune", file, "--budget", "100000", "--progress", "on", "-o", policy},
		&out, io.MultiWriter(&errs, bar))
	require.Equal(t, exitInterrupted, code, errs.String())
	require.Contains(t, out.String(), "Interrupted: these settings are the best ones on windows of 25 %")
	require.Contains(t, read(t, policy), "name: quota-tuned")
}

// stopAfter stops something when a text is written.
type stopAfter struct {
	text string
	stop func()
}

func (s *stopAfter) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(s.text)) {
		s.stop()
	}
	return len(b), nil
}
