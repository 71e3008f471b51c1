package trace_test

import (
	"math"
	"testing"
	"time"

	"github.com/quotasched/quotasched/simulator/trace"
)

func inspect(t *testing.T, s *trace.Source) *trace.Info {
	t.Helper()
	info, err := trace.Inspect(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return info
}

// group is the row of a value in a grouping; it fails if there is none.
func group(t *testing.T, info *trace.Info, by, value string) trace.Group {
	t.Helper()
	for _, g := range info.Groups {
		for _, row := range g.Rows {
			if g.By == by && row.Value == value {
				return row
			}
		}
	}
	t.Fatalf("there is no %s %q", by, value)
	return trace.Group{}
}

func TestInspect(t *testing.T) {
	info := inspect(t, &trace.Source{File: write(t, "small.swf", smallLog+"x\n"),
		Mapping: trace.Mapping{Account: "group-{group}", Importance: "{user}",
			BaseLabels: []string{"user:{user}"}}})
	equal(t, "start", info.Start, time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC))
	equal(t, "facts", info.Facts, []trace.Fact{{Key: "UnixStartTime", Value: "1767571200"},
		{Key: "MaxProcs", Value: "64"}})
	equal(t, "counts", []int{info.Records, info.NeverRan, info.Malformed, info.Submissions,
		info.Requests, info.RealWorkers}, []int{4, 1, 1, 3, 13, 64})
	equal(t, "described", len(info.Warnings), 1)
	equal(t, "times", []float64{info.FirstSubmitSeconds, info.LastSubmitSeconds,
		info.SpanSeconds, info.WorkerSeconds}, []float64{90, 120, 30, 230})
	equal(t, "waits", []float64{float64(info.RealWait.Count), info.RealWait.MeanSeconds,
		info.RealWait.P50Seconds}, []float64{2, 25, 0})
	equal(t, "widths", info.Widths, []trace.Width{
		{Least: 1, Most: 1, Submissions: 1, WorkerSeconds: 30},
		{Least: 3, Most: 4, Submissions: 1, WorkerSeconds: 40},
		{Least: 5, Most: 8, Submissions: 1, WorkerSeconds: 160},
	})
	// Two submissions with a known wait: from the first of all, at 90 s, to 100+50+10 s.
	equal(t, "utilisation", *info.RealUtilisation, 70.0/(70*64))

	equal(t, "steps of two seconds", len(info.Load), 16)
	requests, used := 0, 0.0
	for _, s := range info.Load {
		requests += s.Requests
		used += s.WorkerSeconds
		if got := s.Workers * s.Seconds; math.Abs(got-s.WorkerSeconds) > 1e-6 {
			t.Errorf("%v workers for %v s are not %v worker-seconds", s.Workers, s.Seconds, used)
		}
	}
	equal(t, "requests in all steps", requests, 13)
	equal(t, "worker-seconds in all steps", used, 230)

	g := group(t, info, "account", "group-unknown")
	equal(t, "worker-seconds of an account", g.WorkerSeconds, 160)
	equal(t, "share of an account", g.Share, 160.0/230)
	equal(t, "largest account first", info.Groups[0].Rows[0].Value, "group-unknown")
	equal(t, "requests of a queue", group(t, info, "queue", "2").Requests, 13)
	equal(t, "requests of an importance", group(t, info, "importance", "7").Requests, 5)
	equal(t, "requests of labels", group(t, info, "labels", "user:8").Requests, 8)
	equal(t, "groupings", len(info.Groups), 4) // no partition is known

	for _, f := range info.Fields {
		switch f.Name {
		case "job":
			equal(t, "jobs", f.Distinct, 3)
			equal(t, "top job", f.Top[0], trace.ValueCount{Value: "1", Records: 2})
		case "application":
			equal(t, "unknown applications", f.Unknown, 4)
			equal(t, "applications", f.Distinct, 0)
		}
	}
}

// A log of one submission has one step, and nothing is divided by zero.
func TestInspectOneSubmission(t *testing.T) {
	info := inspect(t, &trace.Source{File: write(t, "a.csv", "t,s\n5,10\n"),
		Table: trace.Table{Submit: "t", Run: "s"}})
	equal(t, "steps", info.Load, []trace.LoadStep{{
		Start:   time.Date(2000, 1, 1, 0, 0, 5, 0, time.UTC),
		Seconds: 1, Submissions: 1, Requests: 1, WorkerSeconds: 10, Workers: 10}})
	equal(t, "groups", len(info.Groups), 0)
	if info.RealUtilisation != nil || info.RealPreemptions != nil {
		t.Error("what is not known was said")
	}
}
