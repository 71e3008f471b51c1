package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestRunsAnExperiment(t *testing.T) {
	file := write(t, "small.yaml", smallYAML)
	expect(t, 0, []string{
		`^small\nsmall: \d+ requests of 2 accounts, 8 workers, 2 seeds \(figures are means over them\)\n`,
		`\nquota: Of 2 accounts, 1 waits less than under fifo`,
		`\n  waits less  web: 0\.\d min instead of `,
		`\ntook \d.* s: 4 runs, \d+ requests in all; [\d,]+ tasks started a second, after \S+ s of loading\n$`,
	}, nil, "run", file)
	expect(t, 0, []string{`(?m)^pool +12 workers for `, ` completed, `}, nil,
		"run", "--set", "seeds=1", "--set", "fleet.total=12", "--only", "quota", file)
}

// Mistakes are all shown, where they are, and nothing runs.
func TestMistakesInAnExperiment(t *testing.T) {
	bad := strings.Replace(smallYAML, "max_charge: 1h", "max_charge: 1", 1)
	bad = strings.Replace(bad, "seeds: 2", "sees: 2", 1)
	out := filepath.Join(t.TempDir(), "out.json")
	expect(t, 2, nil, []string{
		`^qsim: \S*bad.yaml:9:1: unknown field "sees"; was "seeds" meant\?\n    sees: 2\n    \^\n`,
		`(?m)bad.yaml:14:41: policies\[1\].accounts.web.max_charge: 1 has no unit`,
		`(?m)^    +web: \{rates: \{p0: 5\}, max_charge: 1\}\n +\^$`,
	}, "run", "--json", out, write(t, "bad.yaml", bad))
	if _, err := os.Stat(out); err == nil {
		t.Error("there is a file of results")
	}
	file := write(t, "small.yaml", smallYAML)
	expect(t, 2, nil, []string{`^qsim: there is no policy "x"; there are: fifo, quota\n$`},
		"run", "--only", "quota", "--only", "x", file)
	expect(t, 2, nil, []string{`--set sed=1: unknown field "sed"`}, "run", "--set", "sed=1", file)
	expect(t, 2, nil, []string{`^qsim: none.yaml: no such file or directory\n$`}, "run", "none.yaml")
	expect(t, 2, nil, []string{`small.yaml has no trace, so x.swf cannot take its place`},
		"run", "--trace", "x.swf", file)
}

// Accounts without requests, and requests without accounts, are probably mistakes, and not errors.
func TestAccountsThatDoNotFit(t *testing.T) {
	file := write(t, "small.yaml", smallYAML)
	expect(t, 0, []string{`\ntook `},
		[]string{`^qsim: warning: policy "quota": accounts without requests: "wbe"\n$`},
		"run", "--set", "policies.quota.accounts.wbe.rates.p0=1", file)
	expect(t, 0, []string{`\ntook `},
		[]string{`^qsim: warning: policy "quota": accounts of the workload without quota, .*: "web"\n$`},
		"run", write(t, "less.yaml", strings.Replace(smallYAML, "      web: {rates", "      #", 1)))
	expect(t, 0, []string{`\ntook `}, nil, "run", "--only", "fifo", "--set",
		"policies.quota.accounts.wbe.rates.p0=1", file) // quota does not run
}

// The log of an experiment is named by the file, by --trace, or is in the folder of QSIM_TRACES.
func TestTheLogOfAnExperiment(t *testing.T) {
	file := write(t, "log.yaml", `name: a log
trace: {file: week.swf, account: "group-{group}"}
policies:
- {name: fifo, builtin: fifo}
`)
	t.Setenv(tracesVariable, "")
	expect(t, 2, nil, []string{`log.yaml:2:15: trace.file: there is no file \S+/week.swf; name it with ` +
		`--trace, or its folder with QSIM_TRACES`}, "run", file)
	expect(t, 0, []string{`482 completed`}, nil, "run", "--trace", tiny, file)
	folder := filepath.Dir(write(t, "week.swf", read(t, tiny)))
	t.Setenv(tracesVariable, folder)
	expect(t, 0, []string{`482 completed`}, nil, "run", file)
	beside := filepath.Join(filepath.Dir(file), "week.swf")
	if err := os.WriteFile(beside, []byte("; MaxProcs: 1\n"+oneJob("1")), 0o600); err != nil {
		t.Fatal(err)
	}
	expect(t, 0, []string{`1 completed`}, nil, "run", file)
}

// A policy under which a request can never run breaks a promise.
func TestRequestsThatNeverRun(t *testing.T) {
	expect(t, 1, []string{` unfinished`}, []string{
		`^qsim: the run broke a promise: quota, seed 1: \d+ requests? never ran to the end`,
	}, "run", "--only", "quota", "--set", "seeds=1", "--set",
		"policies.quota.accounts.ads={free_tasks: false}", write(t, "small.yaml", smallYAML))
}

// Twice the same policy shows no difference at all, whatever else the files have.
func TestCompareTheSame(t *testing.T) {
	file := write(t, "small.yaml", smallYAML)
	a, b := filepath.Join(t.TempDir(), "a.json"), filepath.Join(t.TempDir(), "b.json")
	for _, out := range []string{a, b} {
		expect(t, 0, []string{`took`}, nil, "run", "--json", out, file)
	}
	code, stdout, stderr := qsim("compare", a, b)
	if n := strings.Count(stdout, "No difference at all"); code != 0 || stderr != "" || n != 2 ||
		strings.ContainsAny(stdout, "▼▲%") {
		t.Errorf("exit code %d, stderr %q:\n%s", code, stderr, stdout)
	}
}

// A team whose rate is cut to a tenth stands on top of the comparison, and its waits are worse.
func TestCompareABadPolicy(t *testing.T) {
	t.Parallel()
	before, after := filepath.Join(t.TempDir(), "a.json"), filepath.Join(t.TempDir(), "b.json")
	run := []string{"run", "--only", "quota", "--set", "workload.length=24h", "--json"}
	expect(t, 0, []string{`took`}, nil, append(run, before)...)
	expect(t, 0, []string{`took`}, nil,
		append(run, after, "--set", "policies.quota.accounts.cq.rates.p0=4")...)
	expect(t, 0, []string{
		`^\S*b.json against \S*a.json\n(.*\n){3,4}  waits less  fuzz: .*\n(.*\n){1,2}` +
			`  waits more  cq: \d+ min instead of \d\.\d min\n`,
		`(?m)^cq +wait mean, s .* × [1-9]\d\.\d .* worse$`,
		`(?m)^ +wait p95, s .* × \d+\.\d .* worse$`,
	}, nil, "compare", before, after)
}

func TestCompareWhatIsNotResults(t *testing.T) {
	file := write(t, "x.json", `{"version": 1}`)
	expect(t, 2, nil, []string{`^qsim: \S*x.json: not the results of an experiment`}, "compare", file,
		file)
	expect(t, 2, nil, []string{`^qsim: none.json: no such file or directory\n$`}, "compare",
		"none.json", file)
}
