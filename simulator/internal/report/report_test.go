package report_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/internal/report"
)

// figures are made up; their numbers only have to be told apart.
func figures() *simulator.Figures {
	account := func(id string, used float64) simulator.AccountFigures {
		return simulator.AccountFigures{
			Account: scheduler.AccountID(id), Requests: 1234, Completed: 1234,
			Wait: simulator.Distribution{Count: 1234, MeanSeconds: 3600.4, P50Seconds: 7.25,
				P99Seconds: 9999, MaxSeconds: 12_345},
			UsedSeconds: used, PaidSeconds: used - 1, FreeSeconds: 1, LostSeconds: 5, Preempted: 3}
	}
	return &simulator.Figures{
		Version:  simulator.FiguresVersion,
		Workload: "made up",
		Start:    time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC),
		End:      time.Date(2026, 1, 12, 1, 2, 0, 0, time.UTC),
		Pool: simulator.PoolFigures{Workers: 10, SpanSeconds: 608_520, Utilisation: 0.75,
			UtilisationUseful: 0.7, QueueMean: 12.34, QueueMax: 1500, Passes: 2000,
			Operations: 5000,
			Starts:     3710, Preemptions: 9, Reprioritizations: 17},
		All: account("", 2_000_000),
		Accounts: []simulator.AccountFigures{account("a", 100), account("b\x1b[31m", 1_234_567),
			account("", 10)},
	}
}

func table(t *testing.T, f *simulator.Figures, o report.Options) string {
	t.Helper()
	var b strings.Builder
	if err := report.Table(&b, f, o); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

func TestTable(t *testing.T) {
	got := table(t, figures(), report.Options{Notes: []string{"a note"}})
	want := `made up
a note

account       requests  impossible  wait p50    p99     max   mean       used       paid  free  lost work  preempted
──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
a                1,234           0       7.2  9,999  12,345  3,600        100         99     1          5          3
"b\x1b[31m"      1,234           0       7.2  9,999  12,345  3,600  1,234,567  1,234,566     1          5          3
(no account)     1,234           0       7.2  9,999  12,345  3,600         10          9     1          5          3
──────────────────────────────────────────────────────────────────────────────────────────────────────────────────────
all              1,234           0       7.2  9,999  12,345  3,600  2,000,000  1,999,999     1          5          3
wait p50 to mean: seconds from submission to the start of the run that completed.
used, paid, free, lost work: worker-seconds; lost work is what preempted runs had done.

pool         10 workers for 7 d 1 h
utilisation  75.0 %: useful 70.0 %, provisioning 0.0 %, lost work 0.0 %
queue        12.3 requests on average, 1,500 at most
requests     1,234: 1,234 completed, 0 impossible, 0 lost, 0 unfinished
decisions    2,000 passes in 5,000 operations: 3,710 tasks started, 9 preempted, 17 moved between levels
`
	if got != want {
		t.Errorf("got:\n%s\nwant:\n%s", got, want)
	}
}

// Of many accounts, those that used most are shown, and the rest is summed up.
func TestTableOfTheLargest(t *testing.T) {
	got := table(t, figures(), report.Options{Top: 1})
	for _, want := range []string{
		`"b\x1b[31m"     1,234`,
		"2 others        2,468           0                   12,345  3,600        110        108     2",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s\nwant: %s", got, want)
		}
	}
}

// What does not always happen is shown when it does.
func TestTableOfARunWithTrouble(t *testing.T) {
	f := figures()
	f.Partial = true
	f.BrokenCount, f.Broken = 30, []string{`request "x" is lost`}
	f.All.Expired, f.All.Dropped = 4, 5
	f.Pool.IgnoredNews = 6
	f.Wall = &simulator.WallFigures{TotalSeconds: 12.3456, PassMeanSeconds: 0.0000123456}
	f.Submissions = &simulator.SubmissionFigures{RealUtilisation: 0.5, RealSpanSeconds: 86400,
		RealWait: simulator.Distribution{Count: 7, MeanSeconds: 15291}}
	got := table(t, f, report.Options{})
	for _, want := range []string{
		"PARTIAL: the run was stopped at 2026-01-12 01:02:00Z",
		"BROKEN: 30 promises:\n  request \"x\" is lost",
		"4 expired, 5 preempted for good",
		"0 assignments timed out, 6 pieces of old news, 0 workers expired",
		"real time (differs from run to run): 12.3s in all; a pass takes 12.3µs on average",
		"waits of 7 jobs, s",
		"the log's own                 15,291",
		"utilisation: the log's own 50.0 % over 24 h, simulated 75.0 % over 7 d 1 h",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%s\nwant: %s", got, want)
		}
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("no space left") }

func TestTableThatCannotBeWritten(t *testing.T) {
	if err := report.Table(fullDisk{}, figures(), report.Options{}); err == nil {
		t.Error("no error")
	}
}
