package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const tiny = "../../examples/logs/tiny.swf"

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

func readTiny(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile(tiny)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestRunsALog(t *testing.T) {
	expect(t, 0, []string{
		`^tiny.swf\n200 jobs, of which 2 never ran; 0 malformed lines skipped\n`,
		`5 accounts, each with 3\.2 workers at p1, capped at 24h0m0s`,
		`(?m)^group-2 +216 .* 0$`,
		`(?m)^all +482 `,
		`16 workers for `,
		`482 completed, 0 impossible, 0 lost, 0 unfinished`,
		`(?m)^the log's own +9,671 +3,493 `,
		`real time \(differs from run to run\)`,
	}, nil, "run", tiny)
}

func TestRunsTheBuiltInWeek(t *testing.T) {
	if testing.Short() {
		t.Skip("takes some seconds under the race detector")
	}
	expect(t, 0, []string{`^built-in device-lab week, seed 3\n`, `(?m)^nightly +9,100 `,
		`0 lost, 0 unfinished`}, nil, "run", "--seed", "3", "--wall-times", "off")
}

// Without the times of the real world, the output is the same in every byte.
func TestSameBytes(t *testing.T) {
	args := []string{"run", "--wall-times", "off", tiny}
	_, one, _ := qsim(args...)
	_, two, _ := qsim(args...)
	if one != two || strings.Contains(one, "real time") || one == "" {
		t.Errorf("one:\n%s\ntwo:\n%s", one, two)
	}
}

func TestFlagsOfALog(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"--account", "none"}, `no accounts: all tasks are free`},
		{[]string{"--account", "user"}, `(?m)^user-11 `},
		{[]string{"--account", "queue"}, `1 accounts, each with 16 workers`},
		{[]string{"--workers", "40"}, `40 workers for`},
		{[]string{"--rate", "2.5", "--level", "p3", "--max-charge", "1h"},
			`2\.5 workers at p3, capped at 1h`},
		{[]string{"--preemption", "off"}, ` 0 preempted`},
		{[]string{"--retry", "off"}, `preempted for good`},
		{[]string{"--top", "2"}, `(?m)^3 others `},
		{[]string{"--tick", "1s", "--poll", "1s", "--start-delay", "0s", "--burst-cover", "0s"},
			`482 completed`},
	} {
		expect(t, 0, []string{c.want}, nil, append(append([]string{"run"}, c.args...), tiny)...)
	}
}

func TestBadCommandLines(t *testing.T) {
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"fly"}, `unknown command "fly"`},
		{[]string{"run", "--fast"}, `unknown flag: --fast`},
		{[]string{"run", "a", "b"}, `2 files were named, want one at most`},
		{[]string{"run", "--workers", "many", tiny}, `invalid argument "many" for "--workers"`},
		{[]string{"run", "--workers", "0", tiny}, `--workers 0 is not from 1 to 1000000`},
		{[]string{"run", "--workers", "2000000"}, `--workers 2000000 is not from 1`},
		{[]string{"run", "--rate", "0", tiny}, `--rate 0 is not from 0.001`},
		{[]string{"run", "--rate", "NaN", tiny}, `--rate NaN is not from 0.001`},
		{[]string{"run", "--level", "p5", tiny}, `want p0, p1, p2, p3 or p4`},
		{[]string{"run", "--account", "team", tiny}, `want group, user, queue or none`},
		{[]string{"run", "--preemption", "maybe", tiny}, `want on or off`},
		{[]string{"run", "--progress", "a", tiny}, `want auto, on or off`},
		{[]string{"run", "--top", "-1", tiny}, `--top -1 is negative`},
		{[]string{"run", "--json", "", tiny}, `--json names no file`},
		{[]string{"run", "--account", "user"}, `--account is for a log, and none was named`},
		{[]string{"run", "--strict"}, `--strict is for a log`},
		{[]string{"run", "--seed", "3", tiny},
			`--seed is for the built-in week, and a log was named`},
	} {
		expect(t, 2, nil, []string{`^qsim: .*` + c.want, `--help' has all flags`}, c.args...)
	}
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"run", "--tick", "0s", tiny}, `a tick time of 0s`},
		{[]string{"run", "--poll", "10m", tiny}, `would expire after 5m0s`},
		{[]string{"run", "--max-charge", "-1h", tiny}, `MaxCharge -1h0m0s`},
		{[]string{"run", "--start-delay", "-1s", tiny}, `a start delay time of -1s`},
	} {
		expect(t, 2, nil, []string{`^qsim: .*` + c.want}, c.args...)
	}
}

func TestFilesThatCannotBeUsed(t *testing.T) {
	expect(t, 2, nil, []string{`^qsim: none.swf: no such file or directory\n$`}, "run", "none.swf")
	expect(t, 2, nil, []string{`is a directory`}, "run", t.TempDir())
	expect(t, 2, nil, []string{`no job in it ran \(0 jobs, 0 malformed lines\)`}, "run",
		write(t, "empty.swf", ""))
	expect(t, 2, nil, []string{`no job in it ran \(0 jobs, 1 malformed line\); the first `,
		`p.png:1: 1 fields, want 18`}, "run", write(t, "p.png", "\x89PNG\r\n"))
	expect(t, 2, nil, []string{`does not say how many processors`}, "run",
		write(t, "a.swf", "1 0 0 10 1 -1 -1 1 -1 -1 1 1 1 -1 -1 -1 -1 -1\n"))
	expect(t, 0, []string{`1 completed`}, nil, "run", "--workers", "1",
		write(t, "a.swf", "1 0 0 10 1 -1 -1 1 -1 -1 1 1 1 -1 -1 -1 -1 -1\n"))
}

func TestGzip(t *testing.T) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(readTiny(t))); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	expect(t, 0, []string{`482 completed`}, nil, "run", write(t, "tiny.swf.gz", b.String()))
	cut := write(t, "cut.swf.gz", b.String()[:b.Len()-100])
	expect(t, 2, nil, []string{`cut.swf.gz:\d+: compressed file is cut short`}, "run", cut)
}

func TestMalformedLines(t *testing.T) {
	text := strings.Replace(readTiny(t), "\n   10 ", "\n   ten ", 1) + strings.Repeat("x\n", 8)
	path := write(t, "bad.swf", text)
	expect(t, 0, []string{`199 jobs, of which 2 never ran; 9 malformed lines skipped`}, []string{
		`bad.swf: malformed lines skipped: 9\n`,
		`bad.swf:29: field 1 \(job number\): "ten" is not a number`,
		`bad.swf:220: 1 fields, want 18`,
		`and 4 more`,
	}, "run", path)
	first := `^qsim: \S*bad.swf:29: field 1 \(job number\): "ten" is not a number\n$`
	expect(t, 2, nil, []string{first}, "run", "--strict", path)
}

// Jobs wider than the fleet are named and counted, and do not keep the others from running.
func TestImpossibleJobs(t *testing.T) {
	expect(t, 0, []string{`, [1-9]\d* impossible, 0 lost, 0 unfinished`}, []string{
		`submissions that cannot run, as fewer workers have their labels than they need: \d+\n`,
		`(?m)  \d+ needs 16 workers of 10$`, `and \d+ more`,
	}, "run", "--workers", "10", tiny)
	one := write(t, "a.swf", "1 0 0 10 3 -1 -1 1 -1 -1 1 1 1 -1 -1 -1 -1 -1\n")
	expect(t, 2, []string{`3 impossible`}, []string{`nothing could run`},
		"run", "--workers", "2", one)
}

// A policy under which a request can never run breaks a promise.
func TestRequestsThatNeverRun(t *testing.T) {
	expect(t, 1, []string{` [1-9]\d* unfinished`},
		[]string{`^qsim: the run broke a promise: \d+ requests `},
		"run", "--free", "off", "--max-charge", "0s", tiny)
}

func TestJSONFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "figures.json")
	expect(t, 0, []string{`482 completed`}, nil, "run", "--json", path, tiny)
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Version int
		All     struct{ Completed int }
		Wall    *struct{}
	}
	if err := json.Unmarshal(b, &got); err != nil || got.Version != 2 || got.All.Completed != 482 ||
		got.Wall == nil {
		t.Errorf("%+v, %v", got, err)
	}
}

// Where figures cannot be written, nothing runs; and a run that fails leaves no file.
func TestJSONFileThatCannotBe(t *testing.T) {
	dir := t.TempDir()
	expect(t, 2, nil, []string{`none/f.json: no such file or directory`}, "run", "--json",
		filepath.Join(dir, "none", "f.json"), tiny)
	expect(t, 2, nil, []string{`tick`},
		"run", "--tick", "0s", "--json", filepath.Join(dir, "f"), tiny)
	if files, _ := os.ReadDir(dir); len(files) != 0 {
		t.Errorf("left behind: %v", files)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestStandardOutputThatIsFull(t *testing.T) {
	var stderr bytes.Buffer
	code := execute(context.Background(), []string{"run", tiny}, fullDisk{}, &stderr)
	if code != 2 || !strings.Contains(stderr.String(), "standard output: no space left on device") {
		t.Errorf("exit code %d, stderr %q", code, stderr.String())
	}
}

func TestInterruption(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	path := filepath.Join(t.TempDir(), "figures.json")
	var stdout, stderr bytes.Buffer
	code := execute(ctx, []string{"run", "--json", path, tiny}, &stdout, &stderr)
	if code != 130 || !strings.Contains(stdout.String(), "PARTIAL: the run was stopped at 2026-") ||
		!strings.Contains(stderr.String(), "interrupted: the figures are partial") {
		t.Errorf("exit code %d\n%s\n%s", code, stdout.String(), stderr.String())
	}
	if b, err := os.ReadFile(path); err != nil || !bytes.Contains(b, []byte(`"partial": true`)) {
		t.Errorf("%s, %v", b, err)
	}
}

func TestHelpAndVersion(t *testing.T) {
	expect(t, 0, []string{`Exit codes: 0 all went well`, `run +Replay a log`}, nil)
	expect(t, 0, []string{`Exit codes`}, nil, "help")
	expect(t, 0, []string{`--burst-cover duration`, `qsim run --account none LOG.swf`}, nil,
		"help", "run")
	expect(t, 0, []string{`^qsim `}, nil, "version")
}

// A bar that was asked for is drawn on stderr, and leaves stdout alone.
func TestProgressBar(t *testing.T) {
	code, stdout, stderr := qsim("run", "--progress", "on", "--wall-times", "off", tiny)
	_, plain, _ := qsim("run", "--wall-times", "off", tiny)
	if code != 0 || stdout != plain || !strings.Contains(stderr, "482") {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
}
