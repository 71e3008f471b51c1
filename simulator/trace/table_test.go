package trace_test

import (
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/trace"
)

func TestTable(t *testing.T) {
	path := write(t, "tasks.csv", `name, team ,queued,began,done,gpus
a,x,1000,1500,3500,2
"b, the second",y,2000,2000,2000.5,0.5
c,x,3000,,,1
d,x,4000,4100,,1
e,x,5000,5000,5000,1
f,x,6000,6100,6200,
`)
	source := trace.Source{File: path,
		Table: trace.Table{ID: "name", Submit: "queued", Start: "began", End: "done", Unit: "ms",
			Size: "gpus"},
		Mapping: trace.Mapping{Account: "{team}"}}
	loaded := load(t, &source)
	equal(t, "rows", loaded.Records, 6)
	noted(t, loaded.Notes, "6 rows, of which 4 never ran; 0 malformed lines skipped")
	noted(t, loaded.Notes, "left out: 1 that never started, 1 without a run time, "+
		"1 without a size, 1 without an end")
	equal(t, "submissions", loaded.Workload.Submissions, []simulator.Submission{
		{ID: "a", Account: "x", Submit: time.Second, Run: 2 * time.Second, Size: 2,
			RealWait: 500 * time.Millisecond},
		{ID: "b, the second", Account: "y", Submit: 2 * time.Second, Run: 500 * time.Microsecond,
			Size: 1},
	})

	source.Table.EndOfLog, source.Table.StartOfLog = 10_000, 1500
	loaded = load(t, &source)
	noted(t, loaded.Notes, "1 had not ended when the log did")
	noted(t, loaded.Notes, "1 were submitted before the log began")
	equal(t, "cut at the ends", loaded.Workload.Submissions, []simulator.Submission{
		{ID: "a", Account: "x", Submit: 1500 * time.Millisecond, Run: 2 * time.Second, Size: 2,
			RealWait: simulator.Unknown},
		{ID: "b, the second", Account: "y", Submit: 2 * time.Second, Run: 500 * time.Microsecond,
			Size: 1},
		{ID: "d", Account: "x", Submit: 4 * time.Second, Run: 5900 * time.Millisecond, Size: 1,
			RealWait: 100 * time.Millisecond},
	})
}

func TestTableOfRunTimes(t *testing.T) {
	path := write(t, "tasks.csv", "t,took,waited\n5,2.5,1\n6,7,\n6,0,1\n")
	got := load(t, &trace.Source{File: path,
		Table: trace.Table{Submit: "t", Run: "took", Wait: "waited"}}).Workload.Submissions
	equal(t, "submissions", got, []simulator.Submission{
		{ID: "1", Submit: 5 * time.Second, Run: 2500 * time.Millisecond, Size: 1,
			RealWait: time.Second},
		{ID: "2", Submit: 6 * time.Second, Run: 7 * time.Second, Size: 1,
			RealWait: simulator.Unknown},
	})
}

func TestTablesWithDates(t *testing.T) {
	start := time.Date(2026, 1, 5, 9, 30, 0, 0, time.UTC)
	for unit, rows := range map[string]string{
		"":        "2026-01-05T09:30:00.5Z,2\n2026-01-05 10:30:00,2\n2026-01-05T09:31:00+00:00,3\n",
		"unix":    "1767605400.5,2\n1767609000,2\n1767605460,3\n",
		"unix_ms": "1767605400500,2000\n1767609000000,2000\n1767605460000,3000\n",
	} {
		w := load(t, &trace.Source{File: write(t, "a.csv", "t,s\n"+rows),
			Table: trace.Table{Submit: "t", Run: "s", Unit: unit}}).Workload
		equal(t, unit+" start", w.Start, start)
		var at []time.Duration
		for _, s := range w.Submissions {
			at = append(at, s.Submit)
		}
		equal(t, unit+" times", at, []time.Duration{500 * time.Millisecond, time.Minute, time.Hour})
	}
}

// Attempts of a task are put together by their times, in whatever order they are.
func TestAttempts(t *testing.T) {
	rows := []string{
		"7,0,low,100,110,150,E", // evicted
		"7,0,low,150,160,170,F", // ran again, and failed
		"7,0,low,170,200,230,C", // ran to its end
		"7,1,low,100,,105,K",    // never ran
		"8,0,high,120,,130,K",   // was killed before it ran,
		"8,0,high,140,141,,",    // and runs still
	}
	want := []simulator.Submission{
		{ID: "7-0", Submit: 100 * time.Second, Run: 30 * time.Second, Size: 1,
			RealWait: 10 * time.Second, RealPreemptions: 1, Importance: "low"},
		{ID: "8-0", Submit: 120 * time.Second, Run: 59 * time.Second, Size: 1,
			RealWait: 21 * time.Second, Importance: "high"},
	}
	source := trace.Source{Table: trace.Table{Submit: "submit", Start: "sched", End: "end",
		Task: []string{"job", "idx"}, Outcome: "event", Evicted: "E", EndOfLog: 200},
		Mapping: trace.Mapping{Importance: "{priority}"}}
	for range 2 {
		source.File = write(t, "a.csv", "job,idx,priority,submit,sched,end,event\n"+
			strings.Join(rows, "\n"))
		loaded := load(t, &source)
		equal(t, "submissions", loaded.Workload.Submissions, want)
		equal(t, "known", loaded.Workload.RealPreemptionsKnown, true)
		noted(t, loaded.Notes, "6 attempts to run 3 tasks, of which 1 never ran")
		for i, j := 0, len(rows)-1; i < j; i, j = i+1, j-1 {
			rows[i], rows[j] = rows[j], rows[i]
		}
	}
}

func TestMalformedRowsAreNamed(t *testing.T) {
	source := trace.Source{Table: trace.Table{Submit: "t", Start: "b", End: "e", Size: "n"},
		Strict: true}
	for row, want := range map[string]string{
		"1,2,3\n":          "a.csv:3: 3 fields, want 4",
		"x,2,3,1\n":        `a.csv:3: column t: "x" is not a number`,
		",2,3,1\n":         "a.csv:3: column t: the value is missing",
		"-1,2,3,1\n":       `a.csv:3: column t: "-1" is negative`,
		"1,0,3,1\n":        "a.csv:3: column b: it started before it was submitted",
		"1,2,1,1\n":        "a.csv:3: column e: it ended before it started",
		"1,2,3,-1\n":       `a.csv:3: column n: "-1" is negative`,
		"1,2,3,one\n":      `a.csv:3: column n: "one" is not a number`,
		"1,2,3,1e9\n":      `a.csv:3: column n: "1e9" is more than a hundred million`,
		"1e20,2,3,1\n":     `a.csv:3: column t: "1e20" is more than a hundred years`,
		"1,\"2\"x,3,1\n":   "a.csv:3: character 5: extraneous or missing",
		"\"1\n2\",2,3,1\n": `a.csv:3: column t: "1\n2" is not a number`,
		"2026-01-05T09:30:00Z,2,3,1\n": `a.csv:3: column t: "2026-01-05T09:30:00Z" is a date, ` +
			"and others are numbers",
	} {
		source.File = write(t, "a.csv", "t,b,e,n\n1,2,3,1\n"+row+"1,2,3,1\n")
		_, err := trace.Load(t.Context(), &source)
		fails(t, err, want)
		lax := source
		lax.Strict = false
		loaded := load(t, &lax)
		equal(t, row+" malformed", loaded.Malformed, 1)
		equal(t, row+" others", loaded.Records, 2)
	}
}

func TestTablesThatCannotBeRead(t *testing.T) {
	table := trace.Table{Submit: "t", Run: "s"}
	for text, want := range map[string]string{
		"":                                       "a.csv: the file is empty; want a header line",
		"t,t\n":                                  `a.csv:1: two columns are called "t"`,
		"t,,s\n":                                 "a.csv:1: column 2 has no name; is this a header line?",
		"when,s\n1,2":                            `has no column "t"; there are when, s`,
		"t,s\n":                                  "a.csv: no row in it ran (0 rows, 0 malformed lines)",
		"t,s\n1,\"" + strings.Repeat("x", 3<<20): "a.csv:2: row is longer than 262,144 bytes",
	} {
		_, err := trace.Load(t.Context(), &trace.Source{File: write(t, "a.csv", text), Table: table})
		fails(t, err, want)
	}
	for want, table := range map[string]trace.Table{
		"table.run: no column is named":              {Submit: "t", Start: "s"},
		`table.unit: "h" is none of`:                 {Submit: "t", Run: "s", Unit: "h"},
		"table.end_of_log: -1 is not":                {Submit: "t", Run: "s", EndOfLog: -1},
		"table.outcome: outcome and evicted go":      {Submit: "t", Run: "s", Outcome: "s"},
		`table.size: `:                               {Submit: "t", Run: "s", Size: "n"},
		`account: account is longer than 1,024`:      {Submit: "t", Run: "s"},
		`id is longer than 1,024`:                    {Submit: "t", Run: "s", ID: "long"},
		`base_labels[0]: position 1: the log has no`: {Submit: "t", Run: "s", Wait: "t"},
	} {
		source := trace.Source{File: write(t, "a.csv", "t,s,long\n1,2,"+strings.Repeat("x", 1025)),
			Table: table, Strict: true}
		if strings.HasPrefix(want, "account") {
			source.Account = "{long}"
			want = strings.TrimPrefix(want, "account: ")
		}
		if strings.HasPrefix(want, "base_labels") {
			source.BaseLabels = []string{"{team}"}
		}
		_, err := trace.Load(t.Context(), &source)
		fails(t, err, want)
	}
}

// Ids are unique, and none is that of a request of another submission.
func TestIDsAreToldApart(t *testing.T) {
	path := write(t, "a.csv", "id,t,s,n\na,1,1,3\na.1,2,1,1\na,3,1,1\na.7,4,1,1\n")
	w := load(t, &trace.Source{File: path,
		Table: trace.Table{ID: "id", Submit: "t", Run: "s", Size: "n"}}).Workload
	var ids []string
	for _, s := range w.Submissions {
		ids = append(ids, s.ID)
	}
	equal(t, "ids", ids, []string{"a", "a.1@2", "a@3", "a.7"})
	_, err := simulator.Run(t.Context(), &simulator.Setup{Workload: w,
		Workers: simulator.Machines(3), Timing: simulator.DefaultTiming()})
	if err != nil {
		t.Error(err)
	}
}

// A header may have any names, but only so many; each row costs at least its columns.
func TestHeadersHaveALimit(t *testing.T) {
	columns := func(n int) string {
		names := []string{"submit"}
		for i := range n - 1 {
			names = append(names, strconv.Itoa(i))
		}
		return strings.Join(names, "|")
	}
	for name, format := range map[string]trace.Format{"a.csv": trace.FormatCSV,
		"a.txt": trace.FormatSacct} {
		path := write(t, name, columns(10_001)+"\n")
		source := trace.Source{File: path, Format: format,
			Table: trace.Table{Submit: "submit", Run: "0"}}
		if format == trace.FormatSacct {
			source.Table = trace.Table{}
		}
		_, err := trace.Load(t.Context(), &source)
		require.EqualError(t, err, path+":1: 10,001 columns, more than 10,000")
	}
	path := write(t, "b.csv", columns(10_000)+"\n")
	_, err := trace.Propose(t.Context(), &trace.Source{File: path, Format: trace.FormatCSV})
	require.NoError(t, err)
}

// A message shows the beginning of a name of the log, however long that is.
func TestLongNamesAreCutInMessages(t *testing.T) {
	long := strings.Repeat("x", 100_000)
	path := write(t, "a.csv", "submit,"+long+",run\n1,2,3\n")
	_, err := trace.Load(t.Context(), &trace.Source{File: path, Format: trace.FormatCSV,
		Table:   trace.Table{Submit: "submit", Run: "run"},
		Mapping: trace.Mapping{Account: "{team}"}})
	require.ErrorContains(t, err, `the log has no field "team"`)
	require.Less(t, len(err.Error()), 1000)
}

// A label that is too long is not made any longer than it takes to find that out.
func TestTemplatesEndAtTheLimit(t *testing.T) {
	path := write(t, "a.csv", "submit,run,team\n1,1,"+strings.Repeat("x", 100_000)+"\n2,1,y\n")
	source := trace.Source{File: path, Format: trace.FormatCSV,
		Table:   trace.Table{Submit: "submit", Run: "run"},
		Mapping: trace.Mapping{Account: strings.Repeat("{team}", 1000)}}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	loaded := load(t, &source)
	runtime.ReadMemStats(&after)
	equal(t, "malformed", loaded.Malformed, 1)
	require.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(20<<20))
}
