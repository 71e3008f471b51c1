package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// logs is the folder of the samples.
const logs = "../../examples/logs/"

// Two commands lead from a log, as other tools write it, to a finished report.
func TestTwoCommandsToAReport(t *testing.T) {
	for log, c := range map[string]struct{ drafted, warned, reported []string }{
		// Three pools; one row has a date that is none, and one a pool that does not exist.
		"gpu.csv": {
			[]string{`(?m)^  account: '\{team\}'$`, `\{name: h100, count: 8, labels: \["pool:h100"\]\}`,
				`(?m)^  - name: quota$`},
			[]string{`gpu.csv:151: column finished: "2026-01-5 late" is neither a date .* nor a number`,
				`1 request of pool:H100: is it pool:h100\? No worker has it`},
			[]string{`357 requests of 3 accounts, 36 workers`, `(?m)^vision   fifo         174           1 `},
		},
		"sacct.txt": {
			[]string{`format: sacct`, `labels: \["partition:batch"\]`},
			[]string{`28 job steps left out`, `left out: 2 that never started, 1 without an end`},
			[]string{`416 requests of 3 accounts, 112 workers`},
		},
		"kueue.json": {
			[]string{`format: kueue`, `labels: \["flavor:a100"\]`},
			[]string{`6 workloads, of which 2 never ran`},
			[]string{`4 requests of 1 account, 4 workers`},
		},
		"swarming.json": {[]string{`labels: \["pool:ci"\]`}, []string{`24 tasks`},
			[]string{`22 requests of 3 accounts, 16 workers`}},
		"builds.jsonl": {[]string{`account: '\{project\}/\{bucket\}'`}, []string{`30 builds`},
			[]string{`29 requests of 6 accounts, 15 workers`}},
		"tiny.swf": {[]string{`fleet: \{total: 16\}`}, []string{`200 jobs`},
			[]string{`482 requests of 5 accounts, 16 workers`}},
	} {
		file := filepath.Join(t.TempDir(), "my.yaml")
		expect(t, 0, nil, c.warned, "init", logs+log, "-o", file)
		for _, want := range c.drafted {
			require.Regexp(t, want, read(t, file), log)
		}
		var warnings []string
		if log == "gpu.csv" {
			warnings = []string{`pool:H100: no worker has it; was pool:h100 meant\?`}
		}
		page := filepath.Join(t.TempDir(), "my.html")
		expect(t, 0, append(c.reported, `(?m)^\s*quota `), warnings, "run", file, "--html", page)
		require.Contains(t, read(t, page), "</html>")
		expect(t, 0, []string{`: fine: 3 variants`}, warnings, "validate", file)
	}
}

// A CSV log of which nobody says what its columns are is an error that lists them and proposes
// flags, with which the same command runs.
func TestAMappingIsProposed(t *testing.T) {
	code, _, stderr := qsim("run", logs+"gpu.csv")
	require.Equal(t, exitUsage, code)
	require.Regexp(t, `(?m)^  pool       l4, a100, h100$`, stderr)
	_, text, found := strings.Cut(stderr, "This may be meant:\n  ")
	require.True(t, found, stderr)
	flags, _, _ := strings.Cut(text, "\n")
	args := append([]string{"run", logs + "gpu.csv", "--only", "fair"},
		strings.Fields(strings.ReplaceAll(flags, "'", ""))...)
	expect(t, 0, []string{`requests     357: 356 completed, 1 impossible`}, []string{`skipped: 1`},
		args...)
	odd := write(t, "odd.csv", "a,b\nx,y\n")
	expect(t, 2, nil, []string{`(?m)^  a  x$`, `Needed are --submit-column`}, "convert", odd, "-")
	expect(t, 2, nil, []string{`Needed are --submit-column`}, "init", odd)
}

// With labels, the workers that were asked for are shared among them, as far as the log uses them.
func TestWorkersWithLabels(t *testing.T) {
	expect(t, 0, []string{`pool         28 workers`, ` 416 completed, 0 impossible`}, nil,
		"run", "--only", "fair", "--workers", "28", logs+"sacct.txt")
	expect(t, 0, []string{`(?m)^pool         56 workers`}, nil,
		"run", "--only", "fair", "--workers", "56", "--base-label", "partition:{Partition}",
		"--account", "{User}", logs+"sacct.txt")
}

// A log may come through a pipe.
func TestStandardInput(t *testing.T) {
	was := standardInput
	defer func() { standardInput = was }()
	pipe := func(name string) {
		file, err := os.Open(name)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, file.Close()) })
		standardInput = &spool{in: file}
	}
	pipe(logs + "sacct.txt")
	code, text, _ := qsim("init", "-")
	require.Equal(t, exitOK, code)
	my := write(t, "my.yaml", text)
	pipe(logs + "sacct.txt")
	expect(t, 0, []string{`416 requests of 3 accounts`}, nil, "run", my)
	pipe(tiny)
	expect(t, 0, []string{`482 requests of 5 accounts`}, nil, "run", "-")
	pipe(tiny)
	expect(t, 0, []string{`(?m)^group-2 `}, nil, "trace", "info", "-")
	pipe(logs + "gpu.csv")
	expect(t, 2, nil, []string{`-: say which columns say what`}, "run", "-")
}

func TestVersionAndHelp(t *testing.T) {
	_, version, _ := qsim("version")
	expect(t, 0, []string{`^qsim .*go1`}, nil, "--version")
	_, flag, _ := qsim("--version")
	require.Equal(t, version, flag)
	expect(t, 0, []string{`(?m)^  completion  `, `(?m)^  init  `}, nil, "help")
	expect(t, 0, []string{`bash completion`}, nil, "completion", "bash")
	expect(t, 0, []string{`--top`}, nil, "help", "trace", "info")
}

// A fleet of no workers is a mistake where it stands, with a log and with a made-up workload.
func TestAFleetOfNobody(t *testing.T) {
	text := "name: x\ntrace: {file: tiny.swf}\nfleet: {total: 0}\n" +
		"policies: [{name: fifo, builtin: fifo}]\n"
	expect(t, 2, nil, []string{`x.yaml:3:\d+: fleet.total: is 0, which is not possible`}, "validate",
		"--file-only", write(t, "x.yaml", text))
}
