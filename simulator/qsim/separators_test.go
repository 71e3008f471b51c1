package main

import (
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// manyJobs returns a log of 12,345 submissions, whose ids have no digits.
func manyJobs() string {
	var b strings.Builder
	b.WriteString(`{"format":"quotasched-trace","version":1,"name":"many","start_time":` +
		`"2026-01-05T00:00:00Z","real_workers":52,"notes":[]}` + "\n")
	for i := range 12_345 {
		id := []byte("aaaa")
		for k, n := 3, i; n > 0; k, n = k-1, n/26 {
			id[k] += byte(n % 26)
		}
		fmt.Fprintf(&b, `{"id":%q,"account":%q,"submit_seconds":%d,"run_seconds":%d}`+"\n", id,
			[]string{"web", "ads", "nightly"}[i%3], 5*i, 60+(i*7919)%400)
	}
	return b.String()
}

// tooLong finds numbers without separators. Times have none, and are of up to four digits at once.
var tooLong = regexp.MustCompile(`[0-9]{5,}`)

// asIs finds what is shown as it is: the line of a file that a mistake shows below its text, with a
// caret under it, an option, and hashes.
var asIs = regexp.MustCompile(`\n    [^\n]*\n *\^|--set \S+|[0-9a-f]{64}`)

// Numbers that people read have separators, in all that commands print: tables, sentences,
// mistakes. Ids, times, hashes and the contents of files are as they are.
func TestNumbersHaveSeparators(t *testing.T) {
	t.Parallel()
	if testing.Short() || slowed {
		t.Skip("12,345 requests are simulated five times")
	}
	folder := t.TempDir()
	in := func(name string) string { return filepath.Join(folder, name) }
	log := write(t, "many.jsonl", manyJobs())
	quota := write(t, "quota.yaml", "accounts:\n  web: {rates: {p0: 20}, max_charge: 1h}\n")
	mistakes := write(t, "mistakes.yaml", `name: mistakes
workload:
  length: 1h
  load_factor: 12345
  streams:
    - {name: web, arrivals: {per_day: 12345678}, run: {constant: 1m}, size: 1234567}
fleet: {total: 12345678}
report: {series_points: 54321}
policies:
  - {name: a, accounts: {web: {rates: {p0: 12345678}, max_fanout: 12345678901}}}
  - {name: b, accounts: {web: {balance: {p0: 12345678901234567}}}}
faults: {worker_deaths: 123456, news_lost: 12345}
`)
	wide := write(t, "wide.yaml", `name: wide
trace: {file: `+log+`}
fleet: {groups: [{name: x, count: 12345, labels: ["pool:x"]}]}
policies: [{name: fifo, builtin: fifo}]
`)
	const tick, slow = "--set=timing.tick=30s", "--set=timing.poll=30s" // fewer operations
	for _, c := range []struct {
		code int
		args []string
	}{
		{0, []string{"trace", "info", log}},
		{0, []string{"run", log, "--only", "fifo", "--checks", "off", tick, slow, "--json",
			in("a.json")}},
		{0, []string{"compare", in("a.json"), in("a.json")}},
		{0, []string{"convert", log, in("out.jsonl")}},
		{0, []string{"validate", wide}},
		{0, []string{"record", log, "--only", "fair", "--checks", "off", tick, slow, "-o",
			in("many.qsj")}},
		{0, []string{"replay", in("many.qsj"), "--until", "10,001"}},
		{0, []string{"explain", in("many.qsj"), "--at", "2026-01-05T12:00"}},
		{0, []string{"forecast", in("many.qsj"), "--at", "2026-01-05T12:00", "--forks", "2",
			"--calibrate", "0", "--max-operations", "12345"}},
		{0, []string{"plan", "--journal", in("many.qsj"), quota}},
		{2, []string{"validate", mistakes}},
		{2, []string{"validate", wide, "--set", "fleet.total=12345678"}},
		{2, []string{"run", log, "--workers", "12345678"}},
		{2, []string{"forecast", in("many.qsj"), "--forks", "12345"}},
		{2, []string{"explain", in("many.qsj"), "--at", "123456789"}},
	} {
		code, stdout, stderr := qsim(c.args...)
		require.Equal(t, c.code, code, "%q: %s", c.args, stderr)
		printed := strings.ReplaceAll(stdout+stderr, folder, "")
		for _, source := range []string{log, quota, mistakes, wide} {
			printed = strings.ReplaceAll(printed, source, filepath.Base(source))
		}
		require.NotRegexp(t, tooLong, asIs.ReplaceAllString(printed, ""), "%q", c.args)
	}
}

// A duration reads the same in an explanation and in a forecast.
func TestExplainAndForecastRoundAlike(t *testing.T) {
	t.Parallel()
	journal := filepath.Join(t.TempDir(), "small.qsj")
	code, _, stderr := qsim("record", write(t, "small.yaml", smallYAML), "--only", "quota", "-o", journal)
	require.Zero(t, code, stderr)
	compared := 0
	for _, at := range []string{"03:00:17", "04:11:03", "05:59:41"} {
		at = "2026-01-05T" + at
		code, forecast, stderr := qsim("forecast", journal, "--at", at, "--calibrate", "0", "--forks", "2")
		require.Zero(t, code, stderr)
		for _, row := range regexp.MustCompile(`(?m)^((?:web|ads)-\d+) +(?:web|ads) +(.*?)  `).
			FindAllStringSubmatch(forecast, -1) {
			code, explanation, stderr := qsim("explain", journal, "--at", at, row[1])
			require.Zero(t, code, stderr)
			require.Contains(t, explanation, "enqueued "+row[2]+" ago")
			compared++
		}
	}
	require.Greater(t, compared, 5)
}
