package main

import (
	"path/filepath"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"

	"github.com/quotasched/quotasched/protos"
)

// busyYAML is an experiment in which requests wait for hours.
var busyYAML = strings.Replace(smallYAML, "total: 8", "total: 4", 1)

// busyJournal returns a journal of a busy fleet.
func busyJournal(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "busy.qsj.gz")
	code, _, stderr := qsim("record", write(t, "busy.yaml", busyYAML), "--only", "quota",
		"--progress", "off", "-o", path)
	if code != 0 {
		t.Fatal(stderr)
	}
	return path
}

// What was forecast at noon is told of all that wait then, or of one, as text and as JSON.
func TestForecastOfAJournal(t *testing.T) {
	t.Parallel()
	journal := busyJournal(t)
	args := []string{"forecast", journal, "--at", "2026-01-05T04:00", "--forks", "20"}
	code, text, stderr := qsim(args...)
	if code != 0 || stderr != "" {
		t.Fatal(stderr)
	}
	for _, want := range []string{"as of 2026-01-05T0", "starts in: earliest", "4 workers",
		"from past runs", "20 forks with seed 0"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	code, out, stderr := qsim(append(args, "--json")...)
	var f protos.Forecast
	if err := protojson.Unmarshal([]byte(out), &f); err != nil || code != 0 || stderr != "" {
		t.Fatal(err, stderr)
	}
	if len(f.GetRequests()) < 5 {
		t.Fatalf("%d requests wait", len(f.GetRequests()))
	}
	first := f.GetRequests()[0].GetRequestId()
	if _, again, _ := qsim(append(args, "--json")...); again != out {
		t.Error("another answer the second time")
	}
	// A snapshot of that moment says the same, given the run times.
	table := write(t, "times.yaml", "accounts:\n  web: {p10: 5m, p50: 10m, p90: 20m}\n"+
		"all: {p50: 9m}\n")
	pb := filepath.Join(t.TempDir(), "state.pb")
	if code, _, stderr := qsim("replay", journal, "--until", "2026-01-05T04:00", "--save",
		pb); code != 0 {
		t.Fatal(stderr)
	}
	_, fromJournal, _ := qsim(append(args, "--run-times", table, first)...)
	code, fromSnapshot, stderr := qsim("forecast", pb, "--forks", "20", "--run-times", table, first)
	if code != 0 || stderr != "" || fromJournal != fromSnapshot ||
		!strings.Contains(fromSnapshot, first) {
		t.Errorf("%s\nof the journal:\n%s\nof the snapshot:\n%s", stderr, fromJournal, fromSnapshot)
	}
	// Without past runs the answer is unknown.
	code, text, stderr = qsim("forecast", pb)
	if code != 0 || !strings.Contains(stderr, "is a snapshot, which has no past runs") ||
		!strings.Contains(text, "nothing is known of how long request") {
		t.Errorf("%s\n%s", stderr, text)
	}
}

func TestBadForecastCommands(t *testing.T) {
	journal := busyJournal(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{}, `want SNAPSHOT or JOURNAL`},
		{[]string{journal, "--forks", "0"}, `--forks 0 is less than 1`},
		{[]string{journal, "--forks", "20000"}, `20000 forks are not from 1 to 10000`},
		{[]string{journal, "--horizon", "-1h"}, `--horizon -1h0m0s is not more than 0`},
		{[]string{journal, "--coverage", "2"}, `coverage of 2 is not between 0 and 1`},
		{[]string{journal, "nobody"}, `the pool does not know request "nobody"`},
		{[]string{journal, "--at", "99999999"}, `has [\d,]+ operations, and no operation 99999999`},
		{[]string{"nowhere.qsj"}, `nowhere.qsj: no such file`},
		{[]string{write(t, "x.yaml", smallYAML)}, `neither a journal nor a snapshot`},
		{[]string{journal, "--run-times", "nowhere.yaml"}, `nowhere.yaml: no such file`},
		{[]string{journal, "--run-times", write(t, "a.yaml", "all: {q50: 3m}")},
			`all.q50: is no quantile; want one such as p50`},
		{[]string{journal, "--run-times", write(t, "b.yaml", "accounts: {x: {p50: 3m, p10: 1h}}")},
			`accounts.x: .*the quantile at 0.5 is 3m0s, less than the one at 0.1, 1h0m0s`},
		{[]string{journal, "--run-times", write(t, "c.yaml", "labels: {x: {p150: 3m}}")},
			`labels.x: .*a quantile at 1.5, which is not from 0 to 1`},
		{[]string{journal, "--run-times", write(t, "d.yaml", "users: {x: {p50: 3m}}")}, `users`},
		{[]string{journal, "--run-times", write(t, "e.yaml", "{}")}, `has no run times`},
	} {
		expect(t, 2, nil, []string{`(?s)^qsim: .*` + c.want}, append([]string{"forecast"}, c.args...)...)
	}
}
