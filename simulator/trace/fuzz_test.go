package trace

import (
	"bytes"
	"context"
	"io"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/quotasched/quotasched/simulator"
)

// read loads a log from memory.
func read(t *testing.T, text []byte, source Source) (*Loaded, error) {
	f, err := newFile(bytes.NewReader(text), "log")
	if err != nil {
		return nil, err
	}
	l, err := newLoaderOf(f, &source)
	if err != nil {
		return nil, err
	}
	if err := l.read(t.Context()); err != nil {
		return nil, err
	}
	return l.finish()
}

// Whatever bytes a log has, it is an error, or a workload that a run can begin with and that a
// native log holds exactly.
func FuzzReader(f *testing.F) {
	f.Add([]byte("id,t,s,n\na,1,2.5,3\na.1,0,1,1\n\"a\",2,\"1\",1\n"))
	f.Add([]byte("t,s\n2026-01-05T09:30:00Z,2\n"))
	f.Add([]byte(`{"format":"quotasched-trace","version":1,"start_time":"2026-01-05T00:00:00Z"}
{"id":"a","account":"b","base_labels":["c"],"submit_seconds":0.5,"run_seconds":1,"size":2}
`))
	f.Add([]byte("; MaxProcs: 64\n1 100 50 10 4 -1 -1 -1 -1 -1 1 7 3 -1 2 -1 -1 -1\n"))
	f.Add([]byte("\x1f\x8b"))
	f.Fuzz(func(t *testing.T, text []byte) {
		loaded, err := read(t, text, Source{Table: Table{Submit: "t", Run: "s"}})
		if err != nil {
			loaded, err = read(t, text,
				Source{Table: Table{ID: "id", Submit: "t", Run: "s", Size: "n"}})
		}
		if err != nil {
			return
		}
		checkRunnable(t, loaded.Workload)
		var b bytes.Buffer
		if err := WriteNative(&b, loaded.Workload, loaded.Notes); err != nil {
			t.Fatal(err)
		}
		again, err := read(t, b.Bytes(), Source{Strict: true})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(loaded.Workload, again.Workload); diff != "" {
			t.Fatal("-want +got:\n" + diff)
		}
	})
}

// checkRunnable lets a run refuse the workload, on a fleet of one worker, before anything happens.
func checkRunnable(t *testing.T, w *simulator.Workload) {
	if w.Requests() > 10_000 {
		return // the run would make them all
	}
	ctx, stop := context.WithCancel(t.Context())
	stop()
	_, err := simulator.Run(ctx, &simulator.Setup{Workload: w, Workers: simulator.Machines(1),
		Timing: simulator.DefaultTiming()})
	if err != nil {
		t.Fatal(err)
	}
}

// checkLoads lets a format read any bytes: the result is an error, or a workload that can run.
func checkLoads(t *testing.T, text []byte, source Source) {
	loaded, err := read(t, text, source)
	if err == nil {
		checkRunnable(t, loaded.Workload)
	}
}

func FuzzSacct(f *testing.F) {
	f.Add([]byte("JobID|Account|Submit|Start|End|AllocCPUS\n" +
		"1|a|2026-01-05T09:30:00|2026-01-05T09:30:01|2026-01-05T09:30:02|4\n1.batch|a|||Unknown|4\n"))
	f.Add([]byte("JobID|Submit|Start|Elapsed|AllocTRES|\n1|1767605400|1767605401|1-02:03:04|gres/gpu=2|\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		checkLoads(t, text, Source{Format: FormatSacct})
	})
}

func FuzzKueue(f *testing.F) {
	f.Add([]byte(`{"items":[{"metadata":{"name":"a","creationTimestamp":"2026-01-05T09:30:00Z"},
"spec":{"podSets":[{"count":2,"name":"m","template":{"spec":{"containers":[]}}}]},"status":{"conditions":[
{"type":"Admitted","status":"True","lastTransitionTime":"2026-01-05T09:30:01Z"},
{"type":"Finished","status":"True","lastTransitionTime":"2026-01-05T09:30:02Z"}]}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		checkLoads(t, text, Source{Format: FormatKueue, Mapping: Mapping{Account: "{queue}"}})
	})
}

func FuzzSwarming(f *testing.F) {
	f.Add([]byte(`[{"taskId":"a","createdTs":"2026-01-05T09:30:00Z","startedTs":"2026-01-05T09:30:01Z",
"completedTs":"2026-01-05T09:30:02Z","tags":["pool:x"]}]`))
	f.Fuzz(func(t *testing.T, text []byte) {
		checkLoads(t, text, Source{Format: FormatSwarming,
			Mapping: Mapping{BaseLabels: []string{"pool:{pool}"}}})
	})
}

func FuzzBuildbucket(f *testing.F) {
	f.Add([]byte(`{"id":"1","createTime":"2026-01-05T09:30:00Z","startTime":"2026-01-05T09:30:01Z",
"endTime":"2026-01-05T09:30:02Z","tags":[{"key":"a","value":"b"}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		checkLoads(t, text, Source{Format: FormatBuildbucket, Mapping: Mapping{Account: "{tag.a}"}})
	})
}

// What a log suggests can be used, or is known to lack something.
func FuzzPropose(f *testing.F) {
	f.Add([]byte("id,submit,run\n1,2026-01-05T09:30:00Z,5\n"))
	f.Add([]byte("team;created;duration_ms\nx;1767605400;5\n"))
	f.Add([]byte("JobID|Submit|Start|End\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		source := Source{File: "log", Input: func() (io.ReadCloser, error) {
			return io.NopCloser(bytes.NewReader(text)), nil
		}}
		p, err := Propose(t.Context(), &source)
		if err != nil || !p.Complete() {
			return
		}
		checkLoads(t, text, p.Source)
	})
}
