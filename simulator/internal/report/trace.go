package report

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/trace"
)

// Trace writes what is in a log, for people. Top is how many rows tables of accounts and other
// groups have, those that used most; 0 means all.
func Trace(out io.Writer, info *trace.Info, top int) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s (%s)\n", words.Account(info.Name), info.Format)
	for _, note := range info.Notes {
		fmt.Fprintf(&b, "%s\n", words.Account(note))
	}
	if len(info.Facts) > 0 {
		fmt.Fprintf(&b, "\n%s\n", facts(info.Facts))
	}
	fmt.Fprintf(&b, "\n%s\n", traceSummary(info))
	fmt.Fprintf(&b, "\n%s\n", traceTimes(info))
	fmt.Fprintf(&b, "\n%s\n", traceWidths(info))
	fmt.Fprintf(&b, "\n%s\n", traceLoad(info))
	for i := range info.Groups {
		fmt.Fprintf(&b, "\n%s\n", traceGroup(info, &info.Groups[i], top))
	}
	fmt.Fprintf(&b, "\n%s\n", traceFields(info))
	_, err := io.WriteString(out, trimLines(b.String()))
	return err
}

// maxText is how much of a text from a log a table shows.
const maxText = 72

// cut shortens a text from a log, and makes it safe for a terminal.
func cut(s string) string {
	s = strings.ReplaceAll(s, "\t", " ")
	if runes := []rune(s); len(runes) > maxText {
		s = string(runes[:maxText-1]) + "…"
	}
	if s == "" {
		return s
	}
	return words.Account(s)
}

// facts lists what the log says of itself. Lines that only draw are left out.
func facts(all []trace.Fact) string {
	t := newTable("the log says", "")
	t.SetColumnConfigs(nil)
	for _, f := range all {
		if strings.Trim(f.Value, "-=* ") != "" {
			t.AppendRow(table.Row{cut(f.Key), cut(f.Value)})
		}
	}
	return t.Render()
}

// traceSummary writes the figures of the whole log, a line each.
func traceSummary(info *trace.Info) string {
	at := func(seconds float64) string {
		return info.Start.Add(time.Duration(seconds * float64(time.Second))).
			Format("2006-01-02 15:04:05Z")
	}
	lines := []string{
		fmt.Sprintf("span         %s: submitted from %s to %s", words.Seconds(info.SpanSeconds),
			at(info.FirstSubmitSeconds), at(info.LastSubmitSeconds)),
		fmt.Sprintf("submissions  %s of %s, which ran for %s worker-seconds",
			count(info.Submissions), words.Count(info.Requests, "request"),
			wholeSeconds(info.WorkerSeconds)),
	}
	switch {
	case info.RealUtilisation != nil:
		lines = append(lines, fmt.Sprintf("machine      %s, of whose time %s was used",
			words.Count(info.RealWorkers, "worker"), percent(*info.RealUtilisation)))
	case info.RealWorkers > 0:
		lines = append(lines, "machine      "+words.Count(info.RealWorkers, "worker"))
	}
	if info.RealPreemptions != nil {
		lines = append(lines, fmt.Sprintf("preempted    %s times in reality",
			count(*info.RealPreemptions)))
	}
	return strings.Join(lines, "\n")
}

// traceTimes is the table of run times and waits.
func traceTimes(info *trace.Info) string {
	t := newTable("seconds", "submissions", "mean", "p50", "p90", "p95", "p99", "max")
	row := func(name string, d *simulator.Distribution) {
		if d.Count == 0 {
			t.AppendRow(table.Row{name, "not known"})
			return
		}
		t.AppendRow(table.Row{name, count(d.Count), words.SecondsFigure(d.MeanSeconds),
			words.SecondsFigure(d.P50Seconds), words.SecondsFigure(d.P90Seconds),
			words.SecondsFigure(d.P95Seconds), words.SecondsFigure(d.P99Seconds),
			words.SecondsFigure(d.MaxSeconds)})
	}
	row("run time", &info.Run)
	row("real wait", &info.RealWait)
	return t.Render()
}

// traceWidths is the table of sizes.
func traceWidths(info *trace.Info) string {
	t := newTable("workers", "submissions", "of submissions", "of use")
	for _, w := range info.Widths {
		name := count(w.Least)
		if w.Most > w.Least {
			name += " to " + count(w.Most)
		}
		t.AppendRow(table.Row{name, count(w.Submissions),
			percent(float64(w.Submissions) / float64(info.Submissions)),
			percent(w.WorkerSeconds / info.WorkerSeconds)})
	}
	return t.Render()
}

// traceLoad follows what arrived, with a bar for each part of the span.
func traceLoad(info *trace.Info) string {
	t := newTable("submitted from", "requests", "offered workers", "")
	columns := alignments(4)
	columns[2].Align = 0
	t.SetColumnConfigs(columns)
	most := 0.0
	for _, s := range info.Load {
		most = max(most, s.Workers)
	}
	const width = 40
	for _, s := range info.Load {
		t.AppendRow(table.Row{s.Start.Format("2006-01-02 15:04"), count(s.Requests),
			tenths(s.Workers), bar(s.Workers/most, width)})
	}
	return t.Render() + "\noffered workers: how many the run times of what was submitted would " +
		"keep busy"
}

// tenths writes a number of workers, with a decimal where it matters.
func tenths(x float64) string {
	if x < 1000 {
		return fmt.Sprintf("%.1f", x)
	}
	return wholeSeconds(x)
}

// bar draws a part of one, to an eighth of a character.
func bar(part float64, width int) string {
	eighths := int(part*float64(8*width) + 0.5)
	s := strings.Repeat("█", eighths/8)
	if rest := eighths % 8; rest > 0 {
		s += string([]rune("▏▎▍▌▋▊▉")[rest-1])
	}
	return s
}

// traceGroup is the table of one grouping.
func traceGroup(info *trace.Info, g *trace.Grouping, top int) string {
	header := []any{g.By, "submissions", "requests", "worker-seconds", "of use", "real wait p50",
		"real wait mean"}
	if info.RealPreemptions != nil {
		header = append(header, "preempted")
	}
	t := newTable(header...)
	rows := g.Rows
	if top > 0 && len(rows) > top+1 {
		rows = rows[:top]
	}
	for i := range rows {
		r := &rows[i]
		t.AppendRow(groupRow(info, cut(r.Value), r))
	}
	if len(rows) < len(g.Rows) {
		var rest trace.Group
		for i := len(rows); i < len(g.Rows); i++ {
			r := &g.Rows[i]
			rest.Submissions += r.Submissions
			rest.Requests += r.Requests
			rest.WorkerSeconds += r.WorkerSeconds
			rest.Share += r.Share
			rest.RealPreemptions += r.RealPreemptions
		}
		t.AppendRow(groupRow(info, words.Count(len(g.Rows)-len(rows), "other"), &rest))
	}
	return t.Render()
}

// groupRow is the row of a group, or of several without their waits.
func groupRow(info *trace.Info, name string, g *trace.Group) table.Row {
	if name == "" {
		name = "(none)"
	}
	row := table.Row{name, count(g.Submissions), count(g.Requests), wholeSeconds(g.WorkerSeconds),
		percent(g.Share), "", ""}
	if g.RealWait.Count > 0 {
		row[5] = words.SecondsFigure(g.RealWait.P50Seconds)
		row[6] = words.SecondsFigure(g.RealWait.MeanSeconds)
	}
	if info.RealPreemptions != nil {
		row = append(row, count(g.RealPreemptions))
	}
	return row
}

// traceFields is the table of what templates can use.
func traceFields(info *trace.Info) string {
	t := newTable("field", "values", "unknown", "for example (times)")
	columns := alignments(4)
	columns[2].Align, columns[2].AlignHeader = 0, 0
	t.SetColumnConfigs(columns)
	for _, f := range info.Fields {
		values := count(f.Distinct)
		if f.AndMore {
			values = "over " + values
		}
		var examples []string
		for _, v := range f.Top {
			example := v.Value
			if !f.AndMore {
				example = fmt.Sprintf("%s (%s)", v.Value, count(v.Records))
			}
			examples = append(examples, example)
		}
		t.AppendRow(table.Row{cut(f.Name), values, count(f.Unknown),
			cut(strings.Join(examples, ", "))})
	}
	return t.Render()
}
