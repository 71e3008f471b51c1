package trace_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/simulator/trace"
)

// Columns are known by their names, with any delimiter; names alone do not make a column a time.
func TestProposals(t *testing.T) {
	for text, want := range map[string]trace.Source{
		"job_id,team,GPU_type,num_gpus,submit_time,start_time,end_time,priority\n" +
			"1,a,h100,2,2026-01-05 09:30,2026-01-05 09:31,2026-01-05 09:32,3\n": {
			Table: trace.Table{ID: "job_id", Submit: "submit_time", Start: "start_time",
				End: "end_time", Size: "num_gpus"},
			Mapping: trace.Mapping{Account: "{team}", BaseLabels: []string{"gputype:{GPU_type}"},
				Importance: "{priority}"}},
		"Created At;Duration (s);User\n1767605400;60;ada\n1767605401;61;ada\n": {
			Table:   trace.Table{Submit: "Created At", Run: "Duration (s)"},
			Mapping: trace.Mapping{Account: "{User}"}},
		"created\tduration_ms\n2026-01-05T09:30:00Z\t60\n": {
			Table: trace.Table{Submit: "created", Run: "duration_ms", Unit: "ms"}},
		"submitted|took\nyesterday|60\n": {},
	} {
		path := write(t, "a.csv", text)
		p, err := trace.Propose(t.Context(), &trace.Source{File: path})
		require.NoError(t, err)
		want.File, want.Format = path, trace.FormatCSV
		require.Equal(t, want, p.Source, text)
		require.Equal(t, want.Table.Submit != "", p.Complete(), text)
		require.NotEmpty(t, p.Columns)
		if p.Complete() {
			load(t, &p.Source)
		}
	}
}

// Instants from 1990 on, in seconds or milliseconds, are counted from 1970, unless the unit says
// otherwise: then they are a mistake.
func TestUnixTimesAreNoticed(t *testing.T) {
	table := trace.Table{Submit: "t", Run: "s"}
	for text, unit := range map[string]string{
		"t,s\n1767605400,5\n":    "unix",
		"t,s\n1767605400000,5\n": "unix_ms",
	} {
		path := write(t, "a.csv", text)
		loaded := load(t, &trace.Source{File: path, Table: table})
		require.Equal(t, "2026-01-05T09:30:00Z", loaded.Workload.Start.Format(time.RFC3339))
		noted(t, loaded.Notes, "the unit of times is taken to be "+unit)
		said := table
		said.Unit = "s"
		_, err := trace.Load(t.Context(), &trace.Source{File: path, Table: said, Strict: true})
		require.ErrorContains(t, err, "looks like a time counted from 1970; the unit is then "+unit)
	}
	loaded := load(t, &trace.Source{File: write(t, "a.csv", "t,s\n600000000,5\n"), Table: table})
	require.Equal(t, 600_000_000*time.Second, loaded.Workload.Submissions[0].Submit)
}

func TestZonesAndDelimiters(t *testing.T) {
	path := write(t, "a.csv", "t;s\n2026-07-05 09:30;5\n2026-07-05T09:30:00+05:00;5\n")
	table := trace.Table{Submit: "t", Run: "s", Zone: "America/New_York"}
	loaded := load(t, &trace.Source{File: path, Table: table})
	require.Equal(t, "2026-07-05T04:30:00Z", loaded.Workload.Start.Format(time.RFC3339))
	require.Equal(t, 9*time.Hour, loaded.Workload.Submissions[1].Submit)
	for _, bad := range []trace.Table{{Zone: "Local"}, {Zone: "../etc"}, {Delimiter: "ab"},
		{Delimiter: "\""}} {
		bad.Submit, bad.Run = "t", "s"
		_, err := trace.Load(t.Context(), &trace.Source{File: path, Table: bad, Format: "csv"})
		require.Error(t, err, bad)
	}
	table.Delimiter = ","
	_, err := trace.Load(t.Context(), &trace.Source{File: path, Table: table})
	require.ErrorContains(t, err, `has no column "t"`)
}
