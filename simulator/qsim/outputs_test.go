package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/quotasched/quotasched/protos"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/experiment"
)

// resultsText is what the tests look at in results.
type resultsText struct {
	Version     int
	Partial     bool
	WallSeconds float64 `json:"wall_seconds"`
	Variants    []struct {
		Name string
		Runs []struct {
			Figures struct {
				Partial bool
				All     struct{ Requests, Completed int }
			}
		}
	}
}

func parseResults(t *testing.T, text string) (r resultsText) {
	t.Helper()
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		t.Fatal(err)
	}
	return r
}

// rows parses a file of tasks, and checks that it is whole.
func rows(t *testing.T, text string) [][]string {
	t.Helper()
	list, err := csv.NewReader(strings.NewReader(text)).ReadAll()
	if err != nil || len(list) == 0 || list[0][0] != "variant" {
		t.Fatalf("%d rows, %v", len(list), err)
	}
	return list[1:]
}

func TestOutputs(t *testing.T) {
	folder := t.TempDir()
	path := func(name string) string { return filepath.Join(folder, name) }
	for _, old := range []string{"a.json", "a.html"} { // is replaced
		if err := os.WriteFile(path(old), []byte("old"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	expect(t, 0, []string{`took`}, nil, "run", "--json", path("a.json"), "--html", path("a.html"),
		"--csv", path("a.csv"), write(t, "small.yaml", smallYAML))
	got := parseResults(t, read(t, path("a.json")))
	if got.Version != experiment.ResultsVersion || got.Partial || got.WallSeconds <= 0 ||
		len(got.Variants) != 2 || len(got.Variants[1].Runs) != 2 {
		t.Errorf("results %+v", got)
	}
	requests := 0
	for _, v := range got.Variants {
		for _, r := range v.Runs {
			requests += r.Figures.All.Requests
		}
	}
	if n := len(rows(t, read(t, path("a.csv")))); n != requests || n == 0 {
		t.Errorf("%d rows of tasks, want %d", n, requests)
	}
	page := read(t, path("a.html"))
	for _, want := range []string{"<!DOCTYPE html>", "<title>small", "qsim run --json", "</html>"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page has no %q", want)
		}
	}
	leftIn(t, folder, "a.csv", "a.html", "a.json")
}

// leftIn fails if a folder has other files than these.
func leftIn(t *testing.T, folder string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("there are %q, want %q", got, want)
	}
}

// Each file can go to standard output, where nothing else is then.
func TestStandardOutput(t *testing.T) {
	file := write(t, "small.yaml", smallYAML)
	_, stdout, _ := qsim("run", "--json", "-", file)
	if r := parseResults(t, stdout); len(r.Variants) != 2 {
		t.Errorf("results %+v", r)
	}
	_, stdout, _ = qsim("run", "--csv", "-", "--only", "fifo", file)
	if list := rows(t, stdout); len(list) < 200 {
		t.Errorf("%d rows", len(list))
	}
	_, stdout, _ = qsim("run", "--html", "-", file)
	if !strings.HasPrefix(stdout, "<!DOCTYPE html>") || !strings.HasSuffix(strings.TrimSpace(stdout), "</html>") {
		t.Errorf("a page of %d bytes", len(stdout))
	}
}

// Without the times of the real world, each output is the same in every byte, however many runs go
// at once.
func TestSameBytes(t *testing.T) {
	file := write(t, "small.yaml", smallYAML)
	var first []string
	for _, parallel := range []string{"1", "3"} {
		folder := t.TempDir()
		t.Chdir(folder)
		_, stdout, _ := qsim("run", "--wall-times", "off", "--parallel", parallel, "--json", "a.json",
			"--csv", "a.csv", file)
		_, page, _ := qsim("run", "--wall-times", "off", "--html", "-", file)
		got := []string{stdout, read(t, "a.json"), read(t, "a.csv"), page}
		if strings.Contains(stdout, "took") || strings.Contains(got[1], "wall") || stdout == "" {
			t.Errorf("there are times of the real world:\n%s", stdout)
		}
		if first == nil {
			first = got
		}
		for i := range got {
			if got[i] != first[i] {
				t.Errorf("output %d differs", i)
			}
		}
	}
}

// A file that cannot be written is found out before anything runs, and nothing is left behind.
func TestOutputsThatCannotBe(t *testing.T) {
	folder := t.TempDir()
	good, none := filepath.Join(folder, "a.html"), filepath.Join(folder, "none", "a.json")
	for _, c := range []struct{ path, want string }{
		{none, `/none/a.json: no such file or directory`},
		{folder, `: is there, and not a file`},
		{"/dev/full", `/dev/full: is there, and not a file`},
		{filepath.Join(tiny, "a.json"), `tiny.swf/a.json: not a directory`},
	} {
		for _, flag := range []string{"--json", "--csv"} {
			expect(t, 2, nil, []string{`^qsim: \S*` + c.want + `\n$`},
				"run", "--html", good, flag, c.path, tiny)
		}
	}
	leftIn(t, folder)
}

// Input that no run can use leaves no file behind, and an older one as it was.
func TestAFailedRunLeavesNothing(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a.json")
	if err := os.WriteFile(path, []byte("old"), 0o600); err != nil {
		t.Fatal(err)
	}
	t.Setenv("TMPDIR", filepath.Join(folder, "none")) // where tasks for standard output are kept
	expect(t, 2, nil, []string{`^qsim: fifo, seed 1: standard output: no such file or directory\n`},
		"run", "--parallel", "1", "--json", path, "--csv", "-", tiny)
	leftIn(t, folder, "a.json")
	if got := read(t, path); got != "old" {
		t.Errorf("the older file has %d bytes", len(got))
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

// When standard output is full, the files are written all the same.
func TestStandardOutputThatIsFull(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "a.json")
	file := write(t, "small.yaml", smallYAML)
	for _, args := range [][]string{
		{"run", file, "--json", path}, {"run", file, "--json", "-"}, {"run", file, "--csv", "-"},
		{"run", file, "--html", "-"}, {"compare", path, path}, {"example"}, {"schema"},
		{"validate", file}, {"trace", "info", tiny}, {"convert", tiny, "-"},
	} {
		var stderr bytes.Buffer
		code := execute(context.Background(), args, fullDisk{}, &stderr)
		if code != 2 || !strings.Contains(stderr.String(), "qsim: standard output: no space left on device") {
			t.Errorf("%q: exit code %d, stderr %q", args, code, stderr.String())
		}
	}
	leftIn(t, folder, "a.json")
}

// cancelling is a standard error that ends a context when it is told some text.
type cancelling struct {
	text   strings.Builder
	when   string
	cancel context.CancelFunc
}

func (c *cancelling) Write(b []byte) (int, error) {
	if bytes.Contains(b, []byte(c.when)) {
		c.cancel()
	}
	return c.text.Write(b)
}

// Whoever interrupts an experiment gets what there is of it, in all outputs, and these say so.
func TestInterruption(t *testing.T) {
	folder := t.TempDir()
	path := func(name string) string { return filepath.Join(folder, name) }
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stderr := &cancelling{when: "run 2 of", cancel: cancel}
	var stdout bytes.Buffer
	code := execute(ctx, []string{"run", "--only", "quota", "--set", "seeds=9", "--parallel", "1",
		"--progress", "on", "--json", path("a.json"), "--csv", path("a.csv"), "--html", path("a.html")},
		&stdout, stderr)
	if code != 130 || !strings.HasSuffix(stderr.text.String(), "qsim: interrupted: the figures are partial\n") {
		t.Errorf("exit code %d, stderr %q", code, stderr.text.String())
	}
	if !strings.Contains(stdout.String(), "\nPARTIAL: ") {
		t.Errorf("stdout:\n%s", stdout.String())
	}
	if got := parseResults(t, read(t, path("a.json"))); !got.Partial || len(got.Variants[0].Runs) == 0 ||
		len(got.Variants[0].Runs) > 5 {
		t.Errorf("partial %v, %d runs", got.Partial, len(got.Variants[0].Runs))
	}
	if !strings.Contains(read(t, path("a.html")), "stopped before its end") {
		t.Error("the page does not say that it is partial")
	}
	if n := len(rows(t, read(t, path("a.csv")))); n < 1000 {
		t.Errorf("%d rows of tasks", n)
	}
	leftIn(t, folder, "a.csv", "a.html", "a.json")
}

// What is interrupted before there are results writes none.
func TestInterruptionAtOnce(t *testing.T) {
	folder := t.TempDir()
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	var stdout, stderr bytes.Buffer
	code := execute(ctx, []string{"run", "--json", filepath.Join(folder, "a.json"), tiny}, &stdout,
		&stderr)
	if code != 130 || stdout.Len() > 0 || stderr.String() != "qsim: interrupted: nothing was written\n" {
		t.Errorf("exit code %d, stdout %q, stderr %q", code, stdout.String(), stderr.String())
	}
	leftIn(t, folder)
}

// A bar that was asked for is drawn on stderr, taken away, and leaves stdout alone.
func TestProgressBar(t *testing.T) {
	code, stdout, stderr := qsim("run", "--progress", "on", "--wall-times", "off", tiny)
	_, plain, none := qsim("run", "--wall-times", "off", tiny)
	if code != 0 || stdout != plain || none != "" || !strings.Contains(stderr, "/964)") ||
		!strings.HasSuffix(stderr, " \r") {
		t.Errorf("exit code %d, stderr %q", code, stderr)
	}
}

// forgetful is a pool with a defect: it drops what waits in silence.
type forgetful struct{ simulator.Pool }

func (p forgetful) Apply(ctx context.Context, op *protos.Operation,
	e scheduler.EventSink) (*protos.Result, error) {
	if op.GetTaskWaiting() != nil {
		return &protos.Result{}, nil
	}
	return p.Pool.Apply(ctx, op, e)
}

// refusing is a pool that takes no operation.
type refusing struct{ simulator.Pool }

func (refusing) Apply(context.Context, *protos.Operation, scheduler.EventSink) (*protos.Result, error) {
	return nil, errors.New("no")
}

// A defective pool breaks a promise, and a full disk does not.
func TestWhatIsABrokenPromise(t *testing.T) {
	e, err := experiment.Load(t.Context(), experiment.LoadOptions{Path: "small.yaml",
		Data: []byte(smallYAML)})
	if err != nil {
		t.Fatal(err)
	}
	pools := func(wrap func(simulator.Pool) simulator.Pool) experiment.RunOptions {
		return experiment.RunOptions{NewPool: func(at time.Time, c *scheduler.Config) (simulator.Pool,
			error) {
			pool, err := simulator.NewPool(at, c)
			return wrap(pool), err
		}}
	}
	for name, c := range map[string]struct {
		options experiment.RunOptions
		want    int
	}{
		"forgetful": {pools(func(p simulator.Pool) simulator.Pool { return forgetful{p} }), 1},
		"refusing":  {pools(func(p simulator.Pool) simulator.Pool { return refusing{p} }), 1},
		"full disk": {experiment.RunOptions{Tasks: func(experiment.RunID) (experiment.TaskSink, error) {
			return fullSink{}, nil
		}}, 2},
	} {
		results, err := e.Run(t.Context(), c.options)
		if err == nil {
			err = verdict(results, false)
		}
		if got := exitCode(err); got != c.want || !strings.Contains(err.Error(), ", seed ") {
			t.Errorf("%s: exit code %d, want %d: %v", name, got, c.want, err)
		}
	}
}

type fullSink struct{}

func (fullSink) Record(*simulator.TaskRecord) error { return errors.New("no space left on device") }
func (fullSink) Close() error                       { return nil }
