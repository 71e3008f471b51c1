package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/quotasched/quotasched/internal/cli"
	"github.com/quotasched/quotasched/simulator/experiment"
)

const tiny = "../../examples/logs/tiny.swf"

// smallYAML is an experiment of some 245 requests, which takes a tenth of a second.
const smallYAML = `name: small
workload:
  start: 2026-01-05T00:00:00Z
  length: 6h
  streams:
    - {name: web, account: web, arrivals: {per_day: 500}, run: {median: 10m, sigma: 0.4, min: 1m, max: 1h}}
    - {name: ads, account: ads, arrivals: {per_day: 500}, run: {median: 10m, sigma: 0.4, min: 1m, max: 1h}}
fleet: {total: 8}
seeds: 2
policies:
  - {name: fifo, builtin: fifo}
  - name: quota
    accounts:
      web: {rates: {p0: 5}, max_charge: 1h}
      ads: {rates: {p1: 3}, max_charge: 1h}
`

// qsim runs the command line.
func qsim(args ...string) (code int, stdout, stderr string) {
	var out, err bytes.Buffer
	code = execute(context.Background(), args, &out, &err)
	return code, out.String(), err.String()
}

// expect runs the command line and checks the exit code and what is printed.
func expect(t *testing.T, code int, stdout, stderr []string, args ...string) {
	t.Helper()
	gotCode, gotOut, gotErr := qsim(args...)
	if gotCode != code {
		t.Errorf("%q: exit code %d, want %d", args, gotCode, code)
	}
	for _, want := range stdout {
		if !regexp.MustCompile(want).MatchString(gotOut) {
			t.Errorf("%q: stdout:\n%s\nwant: %s", args, gotOut, want)
		}
	}
	for _, want := range stderr {
		if !regexp.MustCompile(want).MatchString(gotErr) {
			t.Errorf("%q: stderr:\n%s\nwant: %s", args, gotErr, want)
		}
	}
	if stdout == nil && gotOut != "" || stderr == nil && gotErr != "" {
		t.Errorf("%q: stdout %q, stderr %q: want none", args, gotOut, gotErr)
	}
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

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestBadCommandLines(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"fly"}, `unknown command "fly"`},
		{[]string{"rnu"}, `unknown command "rnu" for "qsim"; was 'qsim run' meant\?`},
		{[]string{"my.yaml"}, `unknown command "my.yaml" for "qsim"; was 'qsim run my.yaml' meant\?`},
		{[]string{"run", "--fast"}, `unknown flag: --fast`},
		{[]string{"run", "--acount", "x"}, `unknown flag: --acount; was --account meant\?`},
		{[]string{"help", "nope"}, `there is no command "nope"; there are: run, `},
		{[]string{"help", "recrod"}, `there is no command "recrod"; was 'qsim record' meant\?`},
		{[]string{"help", "trace", "inof"}, `there is no command "trace inof"; was 'qsim trace info' `},
		{[]string{"run", "--load-factor", "0", tiny}, `want a number from 0.01 to 1,000, such as 1.5`},
		{[]string{"run", "--load-factor", "abc", tiny}, `want a number from 0.01 to 1,000, such as 1.5`},
		{[]string{"run", "a", "b"}, `2 files were named, want one at most`},
		{[]string{"run", "--workers", "many", tiny}, `invalid argument "many" for "--workers"`},
		{[]string{"run", "--workers", "0", tiny}, `--workers 0 is not from 1 to 1,000,000`},
		{[]string{"run", "--workers", "2000000", tiny}, `--workers 2,000,000 is not from 1`},
		{[]string{"run", "--from", "5", tiny}, `"--from" flag: "5" is not a duration such as 90s`},
		{[]string{"run", "--table", "q", tiny}, `want NAME=KEY:VALUE,KEY:VALUE`},
		{[]string{"run", "--checks", "maybe", tiny}, `want on or off`},
		{[]string{"run", "--progress", "a", tiny}, `want auto, on, off`},
		{[]string{"run", "--top", "-1", tiny}, `--top and --parallel may not be negative`},
		{[]string{"run", "--json", "", tiny}, `--json names no file`},
		{[]string{"run", "--csv", "", "--html", "", tiny}, `--html names no file`},
		{[]string{"run", "--account", "user"}, `--account is for a log; an experiment's fields are `},
		{[]string{"run", "--workers", "3", "my.yaml"}, `--workers is for a log`},
		{[]string{"run", "--per-worker", "2"}, `--per-worker is for a log`},
		{[]string{"run", "--unit", "ms"}, `--unit is for a log`},
		{[]string{"run", "--trace", "a.swf", tiny}, `--trace names the log of an experiment, and a log`},
		{[]string{"run", "--json", "-", "--csv", "-", tiny}, `only one file can go to standard output`},
		{[]string{"run", "--json", "a/x", "--html", "a/./x"}, `two files would be written to a/x`},
		{[]string{"compare", "a.json"}, `1 files were named, want A.json and B.json`},
		{[]string{"compare", "--top", "-1", "a", "b"}, `--top -1 is negative`},
		{[]string{"example", "a", "b"}, `2 names were given, want one at most`},
		{[]string{"version", "1"}, `unknown command "1" for "qsim version"`},
	} {
		expect(t, 2, nil, []string{`^qsim: .*` + c.want, `--help' has all flags`}, c.args...)
	}
}

// The first screen of the help has the commands in the order in which one needs them, and that of
// run the flags that matter before those that say how a log is read.
func TestHelpAndVersion(t *testing.T) {
	expect(t, 0, []string{`Exit codes: 0 all went well`, `(?s)\n  run +Run .*\n  compare .*\n  trace `,
		`qsim run --html lab\.html`}, nil)
	expect(t, 0, []string{`Exit codes`}, nil, "help")
	expect(t, 0, []string{
		`(?s)\nFlags:\n +--html file.*--wall-times.*\nFlags for a log:\n +--workers.*--load-factor.*` +
			`\nFlags for a log that is a CSV file:\n +--id-column`,
		`qsim run KTH-SP2`, `policies\.fair\.max_charge=2h`,
	}, nil, "help", "run")
	expect(t, 0, []string{`Commands:\n  info +Show what is in a log\n`,
		`'qsim help trace COMMAND' has the flags`}, nil, "trace")
	expect(t, 0, []string{`^qsim \S+`}, nil, "version")
	for _, command := range [][]string{{"run"}, {"compare"}, {"record"}, {"replay"}, {"example"}, {"validate"}, {"schema"},
		{"trace", "info"}, {"convert"}, {"version"}} {
		_, stdout, _ := qsim(append([]string{"help"}, command...)...)
		for line := range strings.Lines(stdout) {
			if n := len([]rune(line)); n > cli.UsageColumns+1 {
				t.Errorf("help %v has %d columns: %s", command, n, line)
			}
		}
	}
}

func TestExamples(t *testing.T) {
	expect(t, 0, []string{
		`(?m)^device-lab +A made-up week of a lab in which six teams share 120 devices$`,
		`(?m)^ci-fleet  `, `(?m)^kth  `, `(?m)^sdsc-ds  `, `(?m)^lpc  `,
	}, nil, "example")
	expect(t, 2, nil, []string{`there is no example "x"; there are: ci-fleet, device-lab, `},
		"example", "x")
	for _, name := range exampleNames() {
		code, stdout, _ := qsim("example", name)
		if want := read(t, "../../examples/experiments/"+name+".yaml"); code != 0 || stdout != want {
			t.Errorf("%s: exit code %d, %d bytes, want %d", name, code, len(stdout), len(want))
		}
		expect(t, 0, []string{`: fine: `}, nil, "validate", "--file-only",
			write(t, name+".yaml", stdout))
	}
}

// A broken promise weighs more than what else went wrong, and an interruption more than a file that
// could not be written.
func TestExitCodes(t *testing.T) {
	full := errors.New("a.csv: no space left on device")
	broken := fmt.Errorf("quota, seed 7: %w: request 5 runs twice", experiment.ErrBroken)
	for _, c := range []struct {
		err  error
		want int
	}{
		{full, 2},
		{cli.Usagef("no such flag"), 2},
		{broken, 1},
		{errors.Join(broken, full), 1},
		{errors.Join(broken, errInterrupted), 1},
		{errInterrupted, 130},
		{errors.Join(errInterrupted, full), 130},
		{stopped(context.Canceled), 130},
	} {
		if got := exitCode(c.err); got != c.want {
			t.Errorf("%v: exit code %d, want %d", c.err, got, c.want)
		}
	}
}
