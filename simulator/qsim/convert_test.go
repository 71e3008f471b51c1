package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/quotasched/quotasched/simulator/trace"
)

func readAll(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// What is converted can be converted again, to the same bytes, and is replayed as the log is.
func TestConvert(t *testing.T) {
	dir := t.TempDir()
	once, twice := filepath.Join(dir, "once.jsonl"), filepath.Join(dir, "twice.jsonl")
	expect(t, 0, nil, []string{`200 jobs, of which 2 never ran`,
		`198 submissions of 482 requests written to \S+once.jsonl\n$`}, "convert", tiny, once)
	expect(t, 0, nil, []string{`198 submissions`}, "convert", once, twice)
	if one, two := readAll(t, once), readAll(t, twice); one != two || strings.Count(one, "\n") != 199 {
		t.Errorf("%d bytes became %d", len(one), len(two))
	}
	expect(t, 0, []string{`^\{"format":"quotasched-trace","version":1,"name":"tiny.swf",`,
		`(?m)^\{"id":"1","account":"group-\d",`}, []string{`written to -\n$`}, "convert", tiny, "-")

	zipped := filepath.Join(dir, "once.jsonl.gz")
	expect(t, 0, nil, []string{`198 submissions`}, "convert", tiny, zipped)
	z, err := gzip.NewReader(strings.NewReader(readAll(t, zipped)))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil || string(text) != readAll(t, once) {
		t.Errorf("compressed: %d bytes, %v", len(text), err)
	}
	expect(t, 0, nil, []string{`198 submissions`}, "convert", zipped, twice)

	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 3 {
		t.Errorf("temporary files are left: %v, %v", entries, err)
	}
}

func TestConvertMaps(t *testing.T) {
	csv := write(t, "tasks.csv", "team,model,t,s,n\na,T4,0,10,1\nb,P100|T4,5,2.5,4\nb,,9,1,1\n")
	args := []string{"convert", "--submit-column", "t", "--run-column", "s", "--size-column", "n",
		"--account", "team-{team}", "--base-label", "gpu:{model}", "--provisionable-label", "os:1",
		"--importance", "{team|names}", "--table", "names=a:low,b:high", "--per-worker", "2",
		"--from", "1s", "--to", "8s", "--load-factor", "2", "--strict", csv, "-"}
	_, stdout, _ := qsim(args...)
	_, lines, _ := strings.Cut(stdout, "\n")
	want := `{"id":"2","account":"team-b","base_labels":["gpu:P100|T4"],` +
		`"provisionable_labels":["os:1"],"submit_seconds":3,"run_seconds":2.5,"size":2,` +
		`"importance":"high"}` + "\n"
	if lines != want {
		t.Errorf("got  %s\nwant %s", lines, want)
	}
}

func TestConvertRefuses(t *testing.T) {
	out := filepath.Join(t.TempDir(), "out.jsonl")
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{tiny}, `1 files were named, want IN and OUT`},
		{[]string{tiny, ""}, `OUT is empty`},
		{[]string{"none.swf", out}, `none.swf: no such file`},
		{[]string{"none", out}, `none: no such file`},
		{[]string{tiny, t.TempDir()}, `is there, and not a file`},
		{[]string{tiny, filepath.Join(out, "x")}, `no such file or directory`},
		{[]string{"--account", "{team}", tiny, out}, `account: position 1: the log has no field "team"`},
		{[]string{"--format", "xml", tiny, out}, `want auto, swf, csv, native, sacct`},
		{[]string{"--preset", "x", tiny, out}, `there is no preset "x"; there are google-2011-tasks`},
		{[]string{"--table", "x", tiny, out}, `want NAME=KEY:VALUE`},
		{[]string{"--table", "x=1", tiny, out}, `entry "1": want KEY:VALUE`},
		{[]string{"--table", "x=1:a,1:b", tiny, out}, `key "1" has a value already, "a"`},
		{[]string{"--size", "half", tiny, out}, `size: "half" is neither expand nor single`},
		{[]string{"--load-factor", "-1", tiny, out}, `want a number from 0.01 to 1,000`},
		{[]string{"--from", "9999h", tiny, out}, `none of its 198 jobs that ran was submitted from`},
		{[]string{"--format", "csv", tiny, out}, `tiny.swf:1: column 1 has no name`},
		{[]string{"--format", "native", tiny, out}, `tiny.swf:1: not JSON of a native log`},
	} {
		expect(t, 2, nil, []string{c.want}, append([]string{"convert"}, c.args...)...)
	}
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Errorf("something was written: %v", err)
	}
}

// A log that cannot be written whole is not written at all, and the older one stays.
func TestConvertInterrupted(t *testing.T) {
	out := write(t, "out.jsonl", "older")
	ctx, stop := context.WithCancel(t.Context())
	stop()
	for _, args := range [][]string{{"convert", tiny, out}, {"trace", "info", tiny},
		{"convert", tiny, "-"}} {
		var stdout, stderr bytes.Buffer
		if code := execute(ctx, args, &stdout, &stderr); code != 130 {
			t.Errorf("%q: exit code %d", args, code)
		}
		if got := stderr.String(); got != "qsim: interrupted: nothing was written\n" ||
			stdout.Len() > 0 {
			t.Errorf("%q: %s%s", args, stdout.String(), got)
		}
	}
	if got := readAll(t, out); got != "older" {
		t.Errorf("the older file became %q", got)
	}
}

func TestTraceInfo(t *testing.T) {
	expect(t, 0, []string{
		`^tiny.swf \(swf\)\n200 jobs, of which 2 never ran`,
		`(?m)^MaxProcs +16$`,
		`(?m)^span +\S+ \S+( \S+ \S+)?: submitted from 2026-01-05 `,
		`(?m)^submissions +198 of 482 requests, which ran for \S+ worker-seconds$`,
		`(?m)^machine +16 workers, of whose time 64\.3 % was used$`,
		`(?m)^real wait +198 +9,671 +3,493 +32,891 +34,267 `,
		`(?m)^5 to 8 +\d+ +\S+ % +\S+ %$`,
		`(?m)^2026-01-05 10:48 +44 +46.7  █{40}$`,
		`(?m)^group-2 +\d+ +216 `,
		`(?m)^group +5 +0  \d `,
	}, nil, "trace", "info", tiny)
	expect(t, 0, []string{`(?m)^4 others `}, nil, "trace", "info", "--top", "1", tiny)
	expect(t, 0, []string{`(?m)^user-11 `}, nil, "trace", "info", "--account", "user-{user}", tiny)
	expect(t, 0, []string{`(?m)^partition:`}, nil, "trace", "info", "--preset", "sdsc-ds",
		"--base-label", "partition:{status}", tiny)
	expect(t, 2, nil, []string{`--top -1 is negative`}, "trace", "info", "--top", "-1", tiny)
	expect(t, 2, nil, []string{`--json names no file`}, "trace", "info", "--json", "", tiny)
	expect(t, 2, nil, []string{`0 files were named, want one file`}, "trace", "info")
	expect(t, 0, []string{`Show what is in a log`}, nil, "trace")
	expect(t, 0, []string{`of which 0 never ran`}, []string{`malformed lines skipped: 1`, `:2: `},
		"trace", "info", write(t, "a.swf", "1 0 0 10 1 -1 -1 1 -1 -1 1 1 1 -1 -1 -1 -1 -1\nx\n"))
}

func TestTraceInfoAsJSON(t *testing.T) {
	_, stdout, _ := qsim("trace", "info", "--json", "-", tiny)
	path := filepath.Join(t.TempDir(), "info.json")
	_, table, _ := qsim("trace", "info", "--json", path, tiny)
	if readAll(t, path) != stdout || !strings.Contains(table, "of whose time") {
		t.Error("the file is not what is printed, or there is no table beside it")
	}
	var info trace.Info
	if err := json.Unmarshal([]byte(stdout), &info); err != nil {
		t.Fatal(err)
	}
	if info.Version != 1 || info.Requests != 482 || len(info.Load) != 20 || len(info.Fields) != 18 {
		t.Errorf("got %+v", info)
	}
}
