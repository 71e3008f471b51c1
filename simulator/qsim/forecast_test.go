package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/quotasched/quotasched/protos"
)

// busyYAML is an experiment in which requests wait for hours.
var busyYAML = strings.Replace(smallYAML, "total: 8", "total: 5", 1)

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
	args := []string{"forecast", journal, "--at", "2026-01-05T04:00", "--forks", "20",
		"--calibrate", "0", "--no-arrivals"}
	code, text, stderr := qsim(args...)
	if code != 0 || stderr != "" {
		t.Fatal(stderr)
	}
	for _, want := range []string{"as of 2026-01-05T0", "starts in: earliest", "5 workers",
		"from past runs", "20 forks with seed 0"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
	code, out, stderr := qsim(append(args, "--json", "-")...)
	var f protos.Forecast
	if err := protojson.Unmarshal([]byte(out), &f); err != nil || code != 0 || stderr != "" {
		t.Fatal(err, stderr)
	}
	if len(f.GetRequests()) < 5 {
		t.Fatalf("%d requests wait", len(f.GetRequests()))
	}
	first := f.GetRequests()[0].GetRequestId()
	if _, again, _ := qsim(append(args, "--json", "-")...); again != out {
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

// What is learned from the past of a journal corrects the answer; it is kept, and the next time
// only what is new in the journal is learned.
func TestForecastIsCalibrated(t *testing.T) {
	t.Parallel()
	journal := busyJournal(t)
	file := filepath.Join(t.TempDir(), "small.calibration.json")
	forecast := func(at string, flags ...string) (string, string) {
		t.Helper()
		code, text, stderr := qsim(append([]string{"forecast", journal, "--at", at, "--forks", "20",
			"--horizon", "12h"}, flags...)...)
		require.Zero(t, code, stderr)
		return text, stderr
	}
	calibration := func() *protos.ForecastCalibration {
		t.Helper()
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		c := &protos.ForecastCalibration{}
		require.NoError(t, protojson.Unmarshal(text, c))
		return c
	}
	const early, late = "2026-01-05T04:00", "2026-01-05T05:00"
	text, _ := forecast(early, "--calibrate", "12", "--calibration", file)
	require.Contains(t, text, "are corrected by the outcomes of")
	require.Contains(t, text, "requests arrive as they did")
	require.Contains(t, text, "! Arrivals are drawn from 3 h 58 min of record")
	learned := calibration()
	require.Equal(t, "small", learned.GetPool())
	// Not in memory, but from the file; and of the same journal up to the same point nothing is new.
	again, _ := forecast(early, "--calibrate", "12", "--calibration", file)
	require.Equal(t, text, again)
	require.True(t, proto.Equal(learned, calibration()))
	forecast(late, "--calibrate", "3", "--calibration", file)
	more := calibration()
	times := map[time.Time]bool{}
	for i, p := range more.GetForecasts() {
		if i < len(learned.GetForecasts()) {
			require.Equal(t, learned.GetForecasts()[i].GetRequestId(), p.GetRequestId())
			continue
		}
		times[p.GetTime().AsTime()] = true
		require.True(t, p.GetTime().AsTime().After(learned.GetUntil().AsTime()))
	}
	require.NotEmpty(t, times)
	require.LessOrEqual(t, len(times), 3)
	// Without it, the answer says first that it is not calibrated.
	text, _ = forecast(late, "--calibrate", "0", "--no-arrivals")
	require.Regexp(t, `(?s)^as of \S+\n\n! The times are not calibrated.*\n\nrequest `, text)

	spoiled := strings.Replace(protojson.Format(more), `"small"`, `"other"`, 1)
	code, _, stderr := qsim("forecast", journal, "--calibration", write(t, "other.json", spoiled))
	require.Equal(t, 2, code)
	require.Regexp(t, `other.json: another calibration: it is of pool "other", and not of "small"`,
		stderr)
	code, _, stderr = qsim("forecast", journal, "--calibration", write(t, "bad.json", "{}"))
	require.Equal(t, 2, code)
	require.Contains(t, stderr, "it has version 0, and this program reads version 2")
}

func TestBadForecastCommands(t *testing.T) {
	journal := busyJournal(t)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{}, `want SNAPSHOT or JOURNAL`},
		{[]string{journal, "--forks", "0"}, `--forks 0 is less than 1`},
		{[]string{journal, "--forks", "20000"}, `20,000 forks are not from 1 to 10,000`},
		{[]string{journal, "--horizon", "-1h"}, `--horizon -1h0m0s is not more than 0`},
		{[]string{journal, "--calibrate", "-1"}, `--calibrate -1 is not from 0 to 1,000`},
		{[]string{journal, "--calibration", write(t, "y.yaml", smallYAML)},
			`y.yaml: not a calibration`},
		{[]string{journal, "--coverage", "2"}, `--coverage 2 is not between 0 and 1`},
		{[]string{journal, "--coverage", "0"}, `--coverage 0 is not between 0 and 1`},
		{[]string{journal, "--tick", "0s"}, `--tick 0s is not more than 0`},
		{[]string{journal, "--heartbeat", "0s"}, `--heartbeat 0s is not more than 0`},
		{[]string{journal, "--max-operations", "0"}, `--max-operations 0 is less than 1`},
		{[]string{journal, "--calibrate", "0", "nobody"}, `the pool does not know request "nobody"`},
		{[]string{journal, "--calibrate", "0", "--at", "99999999"}, `has [\d,]+ operations, and no operation 99,999,999`},
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
