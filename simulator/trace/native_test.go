package trace_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/trace"
)

// written is a workload as a native log.
func written(t *rapid.T, w *simulator.Workload, notes []string) string {
	t.Helper()
	var b bytes.Buffer
	if err := trace.WriteNative(&b, w, notes); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestNativeLogsAreExact(t *testing.T) {
	labels := rapid.SliceOfNDistinct(rapid.StringN(1, 9, 40), 0, 3, rapid.ID[string])
	dir := t.TempDir()
	n := 0
	rapid.Check(t, func(r *rapid.T) {
		w := &simulator.Workload{
			Name:                 rapid.StringN(1, 20, 80).Draw(r, "name"),
			Start:                time.Unix(rapid.Int64Range(0, 4e9).Draw(r, "start"), 999).UTC(),
			RealWorkers:          rapid.IntRange(0, 1e9).Draw(r, "workers"),
			RealPreemptionsKnown: rapid.Bool().Draw(r, "known"),
		}
		ids := rapid.SliceOfNDistinct(rapid.StringMatching(`[^.@\x00]{1,9}`), 1, 5,
			rapid.ID[string]).Draw(r, "ids")
		at := time.Duration(0)
		for _, id := range ids {
			at += time.Duration(rapid.Int64Range(0, 1e15).Draw(r, "gap"))
			s := simulator.Submission{ID: id, Submit: at,
				Account:         scheduler.AccountID(rapid.StringN(0, 9, 40).Draw(r, "account")),
				Run:             time.Duration(rapid.Int64Range(1, 1e15).Draw(r, "run")),
				Size:            rapid.IntRange(1, 1e8).Draw(r, "size"),
				RealWait:        time.Duration(rapid.Int64Range(-1, 1e15).Draw(r, "wait")),
				RealPreemptions: rapid.IntRange(0, 9).Draw(r, "preemptions"),
				Importance:      rapid.StringN(0, 9, 40).Draw(r, "importance"),
			}
			if l := labels.Draw(r, "labels"); len(l) > 0 {
				s.BaseLabels = l
			}
			if l := labels.Draw(r, "provisionable"); len(l) > 0 {
				s.ProvisionableLabels = l
			}
			w.Submissions = append(w.Submissions, s)
		}
		notes := []string{"a note"}
		n++
		path := filepath.Join(dir, "log")
		if err := os.WriteFile(path, []byte(written(r, w, notes)), 0o600); err != nil {
			r.Fatal(err)
		}
		loaded, err := trace.Load(t.Context(), &trace.Source{File: path, Strict: true})
		if err != nil {
			r.Fatal(err)
		}
		if again := written(r, loaded.Workload, loaded.Notes); again != written(r, w, notes) {
			r.Fatalf("written:\n%s\nread and written again:\n%s", written(r, w, notes), again)
		}
		if diff := cmp.Diff(w, loaded.Workload); diff != "" {
			r.Fatalf("-want +got:\n%s", diff)
		}
	})
	if n == 0 {
		t.Error("nothing was checked")
	}
}

func TestNativeLogsCanBeMappedAnew(t *testing.T) {
	text := `{"format":"quotasched-trace","version":1,"start_time":"2026-01-05T00:00:00+01:00"}

{"id":"a","account":"x","base_labels":["l"],"submit_seconds":5,"run_seconds":1,"size":8,"importance":"i"}
`
	path := write(t, "a.jsonl", text)
	source := trace.Source{File: path, Mapping: trace.Mapping{Account: "{account}-{importance}",
		PerWorker: "4"}}
	s := load(t, &source).Workload.Submissions[0]
	equal(t, "submission", s, simulator.Submission{ID: "a", Account: "x-i", BaseLabels: []string{"l"},
		Submit: 5 * time.Second, Run: time.Second, Size: 2, RealWait: simulator.Unknown,
		Importance: "i"})
	source.Account = trace.NoAccount
	w := load(t, &source).Workload
	equal(t, "no account", w.Submissions[0].Account, "")
	equal(t, "start", w.Start, time.Date(2026, 1, 4, 23, 0, 0, 0, time.UTC))
}

// Lists of labels are shared only if they are the same.
func TestLabelsWithZeros(t *testing.T) {
	path := write(t, "a.jsonl", `{"format":"quotasched-trace","version":1,"start_time":"2026-01-05T00:00:00Z"}
{"id":"1","base_labels":["a","b\u0000c"],"submit_seconds":0,"run_seconds":1}
{"id":"2","base_labels":["a\u0000b","c"],"submit_seconds":0,"run_seconds":1}
`)
	w := load(t, &trace.Source{File: path, Strict: true}).Workload
	equal(t, "labels", w.Submissions[1].BaseLabels, []string{"a\x00b", "c"})
}

func TestMalformedNativeLogs(t *testing.T) {
	header := `{"format":"quotasched-trace","version":1,"start_time":"2026-01-05T00:00:00Z"}` + "\n"
	good := `{"id":"a","submit_seconds":0,"run_seconds":1}` + "\n"
	for line, want := range map[string]string{
		"x\n":                                  "a.jsonl:2: not JSON of a native log: ",
		"7\n":                                  "a.jsonl:2: a number, and not a JSON object",
		"{\n":                                  "a.jsonl:2: the JSON object is cut short",
		"{}\n":                                 "a.jsonl:2: id is missing",
		good[:len(good)-1] + " 8\n":            "a.jsonl:2: there is more behind",
		`{"id":"a","submit_seconds":0}` + "\n": "run_seconds is missing",
		`{"id":"a","submit_seconds":-1,"run_seconds":1}` + "\n":    "submit_seconds is negative",
		`{"id":"a","submit_seconds":"0","run_seconds":1}` + "\n":   `is not a number`,
		`{"id":"a","submit_seconds":1e99,"run_seconds":1}` + "\n":  `more than a hundred years`,
		`{"id":"a","run_seconds":1,"size":-1}` + "\n":              "size: -1 is not from 1",
		`{"id":"a","run_seconds":1,"size":1.5}` + "\n":             "size: a number 1.5 does not",
		`{"id":"a","run_seconds":1,"real_wait_seconds":-3}` + "\n": "real_wait_seconds is negative",
		`{"id":"a","run_seconds":1,"real_preemptions":-3}` + "\n":  "real_preemptions is negative",
		`{"id":"a","run_seconds":1,"colour":"red"}` + "\n":         `unknown field "colour"`,
		strings.Repeat("x", 2<<20) + "\n":                          "line is longer than 262,144 bytes",
	} {
		path := write(t, "a.jsonl", header+line+good)
		_, err := trace.Load(t.Context(), &trace.Source{File: path, Strict: true})
		fails(t, err, want)
		loaded := load(t, &trace.Source{File: path})
		equal(t, line+" malformed", loaded.Malformed, 1)
		equal(t, line+" others", loaded.Records, 1)
		noted(t, loaded.Notes, "1 submission, of which 0 never ran; 1 malformed line skipped")
	}
	for text, want := range map[string]string{
		"":               "a.jsonl: the file is empty",
		good:             `a.jsonl:1: not JSON of a native log: json: unknown field "id"`,
		header:           "no submission in it ran (0 submissions",
		`{"format":"x"}`: `a.jsonl:1: not a native log: format is "x"`,
		`{"format":"quotasched-trace","version":2}`:              "version 2 of the format is not known",
		strings.Replace(header, "2026", "9999", 1):               "start_time: the year 9999 is out of range",
		strings.Replace(header, `1,`, `1,"real_workers":-1,`, 1): "real_workers: -1 is not from 0",
	} {
		_, err := trace.Load(t.Context(), &trace.Source{File: write(t, "a.jsonl", text)})
		fails(t, err, want)
	}
}
