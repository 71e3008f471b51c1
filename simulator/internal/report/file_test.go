package report_test

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/experiment"
	"github.com/quotasched/quotasched/simulator/internal/report"
)

func create(t *testing.T, path string) *report.File {
	t.Helper()
	file, err := report.Create(path, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return file
}

func text(s string) func(io.Writer) error {
	return func(w io.Writer) error {
		_, err := io.WriteString(w, s)
		return err
	}
}

// filesIn lists a folder.
func filesIn(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// The file is there when it is whole, and replaces an older one; nothing else is left behind.
func TestFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	if err := os.WriteFile(path, []byte("older"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := create(t, path)
	if b, _ := os.ReadFile(path); string(b) != "older" {
		t.Errorf("before it is whole: %q", b)
	}
	if err := file.Write(text("newer")); err != nil {
		t.Fatal(err)
	}
	if b, _ := os.ReadFile(path); string(b) != "newer" {
		t.Errorf("got %q", b)
	}
	if names := filesIn(t, dir); len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
}

// What fails while it is written leaves the older file as it was, and nothing else.
func TestFileWhoseContentFails(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "out")
	if err := os.WriteFile(path, []byte("older"), 0o600); err != nil {
		t.Fatal(err)
	}
	full := &fs.PathError{Op: "write", Path: "/tmp/x", Err: errors.New("no space left on device")}
	err := create(t, path).Write(func(io.Writer) error { return full })
	if err == nil || err.Error() != path+": no space left on device" {
		t.Errorf("got %v", err)
	}
	if b, _ := os.ReadFile(path); string(b) != "older" || len(filesIn(t, dir)) != 1 {
		t.Errorf("got %q among %v", b, filesIn(t, dir))
	}
}

func TestFileThatIsNotWritten(t *testing.T) {
	dir := t.TempDir()
	if err := create(t, filepath.Join(dir, "out")).Discard(); err != nil {
		t.Error(err)
	}
	if names := filesIn(t, dir); len(names) != 0 {
		t.Errorf("left behind: %v", names)
	}
	_, err := report.Create(dir, io.Discard)
	if err == nil || !strings.Contains(err.Error(), "not a file") {
		t.Errorf("a folder: %v", err)
	}
	none := filepath.Join(dir, "none", "out")
	if _, err := report.Create(none, io.Discard); !errors.Is(err, os.ErrNotExist) ||
		!strings.HasPrefix(err.Error(), none+": ") {
		t.Errorf("in no folder: %v", err)
	}
}

func TestStandardOutput(t *testing.T) {
	var out strings.Builder
	file, err := report.Create(report.Stdout, &out)
	if err != nil {
		t.Fatal(err)
	}
	if err := file.Write(text("hello")); err != nil || out.String() != "hello" {
		t.Errorf("got %q, %v", out.String(), err)
	}
	file, err = report.Create(report.Stdout, fullDisk{})
	if err != nil {
		t.Fatal(err)
	}
	err = file.Write(text("hello"))
	if err == nil || err.Error() != "standard output: no space left" {
		t.Errorf("got %v", err)
	}
}

// Results come back as they were, and the same results give the same bytes.
func TestJSON(t *testing.T) {
	want := results(usual)
	var first, second strings.Builder
	if err := report.JSON(&first, want); err != nil {
		t.Fatal(err)
	}
	var got experiment.Results
	if err := json.Unmarshal([]byte(first.String()), &got); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, &got); diff != "" {
		t.Error(diff)
	}
	if err := report.JSON(&second, results(usual)); err != nil || first.String() != second.String() {
		t.Errorf("not the same bytes, %v", err)
	}
}

// task makes up a record of account a.
func task(account string) *simulator.TaskRecord {
	return &simulator.TaskRecord{
		Request: "7.0", Submission: "7", Account: scheduler.AccountID(account),
		Importance: "high, very", Outcome: "completed", Submit: 10 * time.Second,
		FirstStart: 12 * time.Second, Start: 90*time.Second + 250*time.Millisecond,
		End: 2 * time.Minute, Worker: "w1", Level: 1, Runs: 2, Preemptions: 1,
		Provision: 8 * time.Second, Lost: 1500 * time.Millisecond, RealWait: simulator.Unknown,
	}
}

// Rows are in the order of the results, although the runs ended in another one.
func TestTaskFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "tasks.csv")
	file, err := report.CreateTasks(path, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	record := func(variant string, seed uint64, r *simulator.TaskRecord) {
		part, err := file.Part(variant, seed)
		if err == nil {
			err = errors.Join(part.Record(r), part.Close(), part.Close())
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	never := &simulator.TaskRecord{Request: "9", Submission: "9", Outcome: "impossible",
		FirstStart: simulator.Unknown, Start: simulator.Unknown, End: simulator.Unknown,
		RealWait: time.Minute}
	record("gone", 1, task("c"))
	record("quota", 1, never)
	record("fifo", 2, task("b"))
	record("fifo", 1, task("=1+1"))
	r := results(madeUp{variants: 2, seeds: 2, accounts: 1})
	if err := file.Write(r); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Join([]string{
		"variant,seed,request,submission,account,importance,outcome,submit_seconds," +
			"first_start_seconds,start_seconds,end_seconds,wait_seconds,worker,level,runs," +
			"preemptions,provision_seconds,lost_seconds,real_wait_seconds",
		`fifo,1,7.0,7,'=1+1,"high, very",completed,10,12,90.25,120,80.25,w1,p1,2,1,8,1.5,`,
		`fifo,2,7.0,7,b,"high, very",completed,10,12,90.25,120,80.25,w1,p1,2,1,8,1.5,`,
		`quota,1,9,9,,,impossible,0,,,,,,,0,0,0,0,60`,
		`gone,1,7.0,7,c,"high, very",completed,10,12,90.25,120,80.25,w1,p1,2,1,8,1.5,`,
		"",
	}, "\r\n")
	if diff := cmp.Diff(want, string(b)); diff != "" {
		t.Error(diff)
	}
	if names := filesIn(t, dir); len(names) != 1 {
		t.Errorf("left behind: %v", names)
	}
}

// Whatever an account is called, one field comes back, with at most an apostrophe before it.
func TestTaskFileOfHostileNames(t *testing.T) {
	for _, name := range []string{"", "a,b", `a"b`, "a\nb", "-1", "+1", "@x", "'x", "\tx", " x ", "é"} {
		var out strings.Builder
		file, err := report.CreateTasks(report.Stdout, &out)
		if err != nil {
			t.Fatal(err)
		}
		part, err := file.Part("v", 1)
		if err != nil {
			t.Fatal(err)
		}
		if err := errors.Join(part.Record(task(name)), file.Write(&experiment.Results{})); err != nil {
			t.Fatal(err)
		}
		rows, err := csv.NewReader(strings.NewReader(out.String())).ReadAll()
		if err != nil || len(rows) != 2 {
			t.Fatalf("%q: %v, %v", name, rows, err)
		}
		want := name
		if name != "" && strings.ContainsRune("=+-@\t'", rune(name[0])) {
			want = "'" + name
		}
		if rows[1][4] != want {
			t.Errorf("%q became %q, want %q", name, rows[1][4], want)
		}
	}
}

func TestTaskFileThatIsNotWritten(t *testing.T) {
	dir := t.TempDir()
	file, err := report.CreateTasks(filepath.Join(dir, "tasks.csv"), io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := file.Part("v", 1); err != nil {
		t.Fatal(err)
	}
	if err := file.Discard(); err != nil {
		t.Error(err)
	}
	if names := filesIn(t, dir); len(names) != 0 {
		t.Errorf("left behind: %v", names)
	}
}
