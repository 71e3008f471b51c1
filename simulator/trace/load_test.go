package trace_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/trace"
)

// write makes a file in a folder of the test's own.
func write(t *testing.T, name, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// load reads a log that must be readable.
func load(t *testing.T, s *trace.Source) *trace.Loaded {
	t.Helper()
	loaded, err := trace.Load(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

func equal[T any](t *testing.T, what string, got, want T) {
	t.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// fails checks that an error names what is wrong, and where.
func fails(t *testing.T, err error, want string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got  %v\nwant %s", err, want)
	}
}

// noted checks that one of the notes has a text in it.
func noted(t *testing.T, notes []string, want string) {
	t.Helper()
	if !slices.ContainsFunc(notes, func(n string) bool { return strings.Contains(n, want) }) {
		t.Errorf("no note says %q:\n%s", want, strings.Join(notes, "\n"))
	}
}

// smallLog is out of order, has a number twice, and a job that never ran.
const smallLog = `; UnixStartTime: 1767571200
; MaxProcs: 64
1 100 50 10 4 -1 -1 -1 -1 -1 1 7 3 -1 2 -1 -1 -1
2  90 -1 20 -1 -1 -1 8 -1 -1 1 8 -1 -1 2 -1 -1 -1
3 110 50 0 4 -1 -1 -1 -1 -1 5 7 3 -1 2 -1 -1 -1
1 120 0 30 1 -1 -1 -1 -1 -1 1 7 3 -1 2 -1 -1 -1
`

func TestSWF(t *testing.T) {
	loaded := load(t, &trace.Source{File: write(t, "small.swf", smallLog), Strict: true,
		Mapping: trace.Mapping{Account: "group-{group}"}})
	equal(t, "jobs", loaded.Records, 4)
	equal(t, "never ran", loaded.NeverRan, 1)
	equal(t, "notes", loaded.Notes, []string{
		"4 jobs, of which 1 never ran; 0 malformed lines skipped",
		"1 of the jobs were out of order, and are sorted by their submission"})
	equal(t, "workload", loaded.Workload, &simulator.Workload{
		Name:        "small.swf",
		Start:       time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC),
		RealWorkers: 64,
		Submissions: []simulator.Submission{
			{ID: "2", Account: "group-unknown", Submit: 90 * time.Second, Run: 20 * time.Second,
				Size: 8, RealWait: simulator.Unknown},
			{ID: "1", Account: "group-3", Submit: 100 * time.Second, Run: 10 * time.Second,
				Size: 4, RealWait: 50 * time.Second},
			{ID: "1@4", Account: "group-3", Submit: 120 * time.Second, Run: 30 * time.Second,
				Size: 1},
		},
	})
}

func TestALogThatDoesNotSayWhenItBegan(t *testing.T) {
	_, body, _ := strings.Cut(smallLog, "64\n")
	loaded := load(t, &trace.Source{File: write(t, "small.swf", body)})
	equal(t, "start", loaded.Workload.Start.Year(), 2000)
	equal(t, "real workers", loaded.Workload.RealWorkers, 0)
	noted(t, loaded.Notes, "the log does not say when it began")
}

func TestMapping(t *testing.T) {
	path := write(t, "small.swf", smallLog)
	s := &trace.Source{File: path, Mapping: trace.Mapping{
		Account:    "{user}/{queue|queues}",
		BaseLabels: []string{"user:{user}", "group:{group}", "pool", "user:{user}"},
		Importance: "{queue|other}",
		Tables: map[string]map[string]string{"queues": {"2": "high"},
			"other": {"1": "express"}},
		PerWorker: "4",
	}}
	s.ProvisionableLabels = []string{"build:{job}"}
	loaded := load(t, s)
	equal(t, "real workers", loaded.Workload.RealWorkers, 16)
	equal(t, "first", loaded.Workload.Submissions[0], simulator.Submission{ID: "2",
		Account: "8/high", BaseLabels: []string{"user:8", "pool"},
		ProvisionableLabels: []string{"build:2"}, Importance: "2", Submit: 90 * time.Second,
		Run: 20 * time.Second, Size: 2, RealWait: simulator.Unknown})
	equal(t, "labels of the second", loaded.Workload.Submissions[1].BaseLabels,
		[]string{"user:7", "group:3", "pool"})
	noted(t, loaded.Notes, "table other lacks these values, which stand for themselves: 2")
}

func TestSizes(t *testing.T) {
	path := write(t, "small.swf", smallLog)
	tables := map[string]map[string]string{"node": {"8": "8", "7": "3"}}
	for _, c := range []struct {
		per  string
		size trace.SizeMode
		want []int
		real int
	}{
		{"", "", []int{8, 4, 1}, 64},
		{"3", trace.SizeExpand, []int{3, 2, 1}, 21},
		{"0.5", "", []int{16, 8, 2}, 128},
		{"{user|node}", "", []int{1, 2, 1}, 0},
		{"", trace.SizeSingle, []int{1, 1, 1}, 0},
	} {
		w := load(t, &trace.Source{File: path, Mapping: trace.Mapping{PerWorker: c.per,
			Size: c.size, Tables: tables}}).Workload
		var got []int
		for _, s := range w.Submissions {
			got = append(got, s.Size)
		}
		equal(t, "sizes, per worker "+c.per, got, c.want)
		equal(t, "real workers, per worker "+c.per, w.RealWorkers, c.real)
	}
	strict := &trace.Source{File: path, Strict: true, Mapping: trace.Mapping{PerWorker: "{group}"}}
	_, err := trace.Load(t.Context(), strict)
	fails(t, err, `small.swf:4: per_worker: "unknown" is not a number`)
}

func TestWindowAndLoadFactor(t *testing.T) {
	path := write(t, "small.swf", smallLog)
	submits := func(m trace.Mapping) (at []time.Duration, loaded *trace.Loaded) {
		loaded = load(t, &trace.Source{File: path, Mapping: m})
		for _, s := range loaded.Workload.Submissions {
			at = append(at, s.Submit/time.Second)
		}
		return at, loaded
	}
	at, loaded := submits(trace.Mapping{From: 100 * time.Second, To: 120 * time.Second})
	equal(t, "in the window", at, []time.Duration{100})
	noted(t, loaded.Notes, "window from 1m40s to 2m0s after the log's start: 1 of 3 submissions")
	at, _ = submits(trace.Mapping{From: 100 * time.Second})
	equal(t, "from", at, []time.Duration{100, 120})
	at, loaded = submits(trace.Mapping{From: 80 * time.Second, LoadFactor: 2})
	equal(t, "compressed", at, []time.Duration{85, 90, 100})
	noted(t, loaded.Notes, "load factor 2: submissions arrive in 0.5 times the time")
	for _, s := range loaded.Workload.Submissions {
		equal(t, "real wait under another load", s.RealWait, simulator.Unknown)
	}
	_, err := trace.Load(t.Context(), &trace.Source{File: path,
		Mapping: trace.Mapping{From: time.Hour}})
	fails(t, err, "none of its 3 jobs that ran was submitted from 1h0m0s to its end")
}

func TestSourcesThatAreWrong(t *testing.T) {
	path := write(t, "small.swf", smallLog)
	for _, c := range []struct {
		source trace.Source
		want   string
	}{
		{trace.Source{}, "file: no file is named"},
		{trace.Source{File: path, Format: "xml"}, `format: "xml" is none of swf, csv, native, sacct, kueue, swarming, buildbucket`},
		{trace.Source{File: path, Preset: "x"}, `preset: there is no preset "x"; there are google`},
		{trace.Source{File: path, Mapping: trace.Mapping{Account: "{team}"}},
			`account: position 1: the log has no field "team"; there are job, submit`},
		{trace.Source{File: path, Mapping: trace.Mapping{BaseLabels: []string{"a", "{"}}},
			`base_labels[1]: position 1: this { is not closed`},
		{trace.Source{File: path, Mapping: trace.Mapping{Importance: "{queue|q}"}},
			`importance: position 1: there is no table "q"; there are none`},
		{trace.Source{File: path, Mapping: trace.Mapping{PerWorker: "0"}},
			`per_worker: "0" is not from above 0`},
		{trace.Source{File: path, Mapping: trace.Mapping{Size: "big"}},
			`size: "big" is neither expand nor single`},
		{trace.Source{File: path, Mapping: trace.Mapping{From: 2, To: 1}}, `to: 1ns is not after`},
		{trace.Source{File: path, Mapping: trace.Mapping{LoadFactor: -1}}, `load_factor: -1 is not`},
		{trace.Source{File: path, Format: trace.FormatCSV}, `table.submit: no column is named`},
		{trace.Source{File: "none.swf"}, "none.swf: no such file or directory"},
	} {
		_, err := trace.Load(t.Context(), &c.source)
		fails(t, err, c.want)
		_, err = trace.Inspect(t.Context(), &c.source)
		fails(t, err, c.want)
	}
	both := trace.Source{Preset: "x", Mapping: trace.Mapping{Account: "{"}}
	err := both.Validate()
	for _, want := range []string{"file: ", "preset: ", "account: "} {
		fails(t, err, want)
	}
}

func TestMalformedAndEmptyLogs(t *testing.T) {
	path := write(t, "bad.swf", "x\ny\n"+smallLog+strings.Repeat("z\n", 8))
	loaded := load(t, &trace.Source{File: path})
	equal(t, "malformed", loaded.Malformed, 10)
	equal(t, "described", len(loaded.Warnings), 5)
	fails(t, errors.New(loaded.Warnings[1]), "bad.swf:2: 1 fields, want 18")
	_, err := trace.Load(t.Context(), &trace.Source{File: path, Strict: true})
	fails(t, err, "bad.swf:1: 1 fields, want 18")
	_, err = trace.Load(t.Context(), &trace.Source{File: write(t, "a.swf", "x\n; b\n")})
	fails(t, err, "a.swf: no job in it ran (0 jobs, 1 malformed line); the first of them: ")
	_, err = trace.Load(t.Context(), &trace.Source{File: write(t, "a.swf", "")})
	fails(t, err, "a.swf: no job in it ran (0 jobs, 0 malformed lines)")
}

func TestFormatsAreFoundOut(t *testing.T) {
	table := trace.Table{Submit: "t", Run: "s"}
	csv := "t,s\n1,2\n"
	native := `{"format":"quotasched-trace","version":1,"start_time":"2026-01-05T00:00:00Z"}
{"id":"a","submit_seconds":0,"run_seconds":1}
`
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	if _, err := z.Write([]byte(csv)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name, text string
		want       trace.Format
	}{
		{"a.swf", smallLog, trace.FormatSWF},
		{"log", smallLog, trace.FormatSWF},
		{"log", "\n1 100 50 10 4 -1 -1 -1 -1 -1 1 7 3 -1 2 -1 -1 -1\n", trace.FormatSWF},
		{"a.csv", csv, trace.FormatCSV},
		{"log", csv, trace.FormatCSV},
		{"log", "\uFEFF" + csv, trace.FormatCSV},
		{"log", zipped.String(), trace.FormatCSV},
		{"A.CSV.GZ", zipped.String(), trace.FormatCSV},
		{"a.jsonl", native, trace.FormatNative},
		{"log", native, trace.FormatNative},
	} {
		path := write(t, c.name, c.text)
		got, err := trace.Detect(path)
		if err != nil || got != c.want {
			t.Errorf("%s %.20q: got %s, %v, want %s", c.name, c.text, got, err, c.want)
		}
		loaded := load(t, &trace.Source{File: path, Table: table})
		if len(loaded.Workload.Submissions) == 0 {
			t.Errorf("%s: nothing was read", c.name)
		}
	}
}

func TestCutFilesAreErrors(t *testing.T) {
	var zipped bytes.Buffer
	z := gzip.NewWriter(&zipped)
	fmt.Fprint(z, "t,s\n")
	for i := range 20_000 {
		fmt.Fprintf(z, "%d,%d\n", i, i*7919%1009)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	path := write(t, "cut.csv.gz", zipped.String()[:zipped.Len()/2])
	_, err := trace.Load(t.Context(), &trace.Source{File: path,
		Table: trace.Table{Submit: "t", Run: "s"}})
	fails(t, err, ": compressed file is cut short")
}

func TestLoadingCanBeStopped(t *testing.T) {
	path := write(t, "small.swf", smallLog)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := trace.Load(ctx, &trace.Source{File: path}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

// A million submissions do not hold a million copies of one label.
func TestLabelsAreShared(t *testing.T) {
	w := load(t, &trace.Source{File: write(t, "small.swf", smallLog),
		Mapping: trace.Mapping{BaseLabels: []string{"queue:{queue}"}}}).Workload
	if &w.Submissions[0].BaseLabels[0] != &w.Submissions[1].BaseLabels[0] {
		t.Error("equal labels are two lists")
	}
}
