package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator"
)

// Options say what Table shows.
type Options struct {
	// Top is the number of accounts that get a row of their own: those that used most. The others
	// share one. 0 means all.
	Top int
	// Markdown is true for Markdown in place of plain text, where a function has that.
	Markdown bool
	// Notes are lines about the input that stand at the top.
	Notes []string
}

// legend explains the columns of the table of accounts.
const legend = "wait p50 to mean: seconds from submission to the start of the run that " +
	"completed.\n" +
	`used, paid, free, lost work: worker-seconds; lost work is what preempted runs had done.
`

// Table writes figures for people: one table of accounts, the pool, and what really happened where
// that is known. Times of the real world come last, on a line of their own.
func Table(out io.Writer, f *simulator.Figures, o Options) error {
	var b strings.Builder
	writeImpossible(&b, impossibleLines(f))
	fmt.Fprintf(&b, "%s\n", f.Workload)
	for _, note := range o.Notes {
		fmt.Fprintf(&b, "%s\n", note)
	}
	if f.Partial {
		fmt.Fprintf(&b, "\nPARTIAL: the run was stopped at %s\n",
			f.End.Format("2006-01-02 15:04:05Z"))
	}
	fmt.Fprintf(&b, "\n%s\n", accounts(f, o.Top))
	b.WriteString(legend)
	fmt.Fprintf(&b, "\n%s\n", pool(f))
	if f.Submissions != nil {
		fmt.Fprintf(&b, "\n%s\n", comparison(f))
	}
	s := newStudy(resultsOf(f))
	for _, text := range []string{s.groupTables(o.Top), s.notableTables()} {
		if text != "" {
			fmt.Fprintf(&b, "\n%s\n", text)
		}
	}
	if f.BrokenCount > 0 {
		fmt.Fprintf(&b, "\nBROKEN: %s:\n", words.Count(f.BrokenCount, "promise"))
		for _, text := range f.Broken {
			fmt.Fprintf(&b, "  %s\n", text)
		}
	}
	if f.Wall != nil {
		fmt.Fprintf(&b, "\nreal time (differs from run to run): %s in all; a pass takes %s on "+
			"average,\np50 %s, p99 %s, at most %s\n", wallTime(f.Wall.TotalSeconds),
			wallTime(f.Wall.PassMeanSeconds), wallTime(f.Wall.PassP50Seconds),
			wallTime(f.Wall.PassP99Seconds), wallTime(f.Wall.PassMaxSeconds))
	}
	_, err := io.WriteString(out, trimLines(b.String()))
	return err
}

// trimLines takes spaces off the ends of lines.
func trimLines(s string) string {
	lines := strings.Split(s, "\n")
	for i := range lines {
		lines[i] = strings.TrimRight(lines[i], " ")
	}
	return strings.Join(lines, "\n")
}

// newTable returns an empty table whose columns from the second on are aligned to the right.
func newTable(header ...any) table.Writer {
	t := table.NewWriter()
	style := table.StyleLight
	style.Format.Header = text.FormatDefault
	style.Format.Footer = text.FormatDefault
	style.Options.DrawBorder = false
	style.Options.SeparateColumns = false
	style.Box.PaddingLeft, style.Box.PaddingRight = "", "  "
	t.SetStyle(style)
	t.AppendHeader(header)
	t.SetColumnConfigs(alignments(len(header)))
	return t
}

// alignments aligns columns from the second on to the right.
func alignments(columns int) []table.ColumnConfig {
	var configs []table.ColumnConfig
	for number := 2; number <= columns; number++ {
		configs = append(configs, table.ColumnConfig{Number: number, Align: text.AlignRight,
			AlignHeader: text.AlignRight, AlignFooter: text.AlignRight})
	}
	return configs
}

// accounts is the table of accounts: in order of id if all are shown, else those that used most.
func accounts(f *simulator.Figures, top int) string {
	t := newTable("account", "requests", "impossible", "wait p50", "p99", "max", "mean", "used",
		"paid", "free", "lost work", "preempted")
	rows := slices.Clone(f.Accounts)
	rest := 0
	if top > 0 && len(rows) > top {
		slices.SortStableFunc(rows, func(a, b simulator.AccountFigures) int {
			return int(max(-1, min(1, b.UsedSeconds-a.UsedSeconds)))
		})
		rest = len(rows) - top
	}
	for _, a := range rows[:len(rows)-rest] {
		t.AppendRow(accountRow(words.Account(string(a.Account)), &a))
	}
	if rest > 0 {
		t.AppendRow(restRow(rows[len(rows)-rest:]))
	}
	t.AppendFooter(accountRow("all", &f.All))
	return t.Render()
}

// accountRow is the row of an account, or of all of them.
func accountRow(name string, a *simulator.AccountFigures) table.Row {
	return table.Row{name, count(a.Requests), count(a.Impossible),
		words.SecondsFigure(a.Wait.P50Seconds), words.SecondsFigure(a.Wait.P99Seconds),
		words.SecondsFigure(a.Wait.MaxSeconds),
		words.SecondsFigure(a.Wait.MeanSeconds),
		wholeSeconds(a.UsedSeconds), wholeSeconds(a.PaidSeconds), wholeSeconds(a.FreeSeconds),
		wholeSeconds(a.LostSeconds), count(a.Preempted)}
}

// restRow sums accounts up. Quantiles of sums can't be had from quantiles, and are left out.
func restRow(rest []simulator.AccountFigures) table.Row {
	var sum simulator.AccountFigures
	waitSeconds := 0.0
	for _, a := range rest {
		sum.Requests += a.Requests
		sum.Impossible += a.Impossible
		sum.Wait.Count += a.Wait.Count
		sum.Wait.MaxSeconds = max(sum.Wait.MaxSeconds, a.Wait.MaxSeconds)
		waitSeconds += a.Wait.MeanSeconds * float64(a.Wait.Count)
		sum.UsedSeconds += a.UsedSeconds
		sum.PaidSeconds += a.PaidSeconds
		sum.FreeSeconds += a.FreeSeconds
		sum.LostSeconds += a.LostSeconds
		sum.Preempted += a.Preempted
	}
	if sum.Wait.Count > 0 {
		sum.Wait.MeanSeconds = waitSeconds / float64(sum.Wait.Count)
	}
	row := accountRow(words.Count(len(rest), "other"), &sum)
	row[3], row[4] = "", ""
	return row
}

// pool writes the figures of the pool, a line each.
func pool(f *simulator.Figures) string {
	p, a := &f.Pool, &f.All
	available := p.SpanSeconds * float64(p.Workers)
	part := func(seconds float64) string {
		if available == 0 {
			return percent(0)
		}
		return percent(seconds / available)
	}
	lines := []string{
		fmt.Sprintf("pool         %s for %s", words.Count(p.Workers, "worker"),
			words.Seconds(p.SpanSeconds)),
		fmt.Sprintf("utilisation  %s: useful %s, provisioning %s, lost work %s",
			percent(p.Utilisation), percent(p.UtilisationUseful), part(a.ProvisionSeconds),
			part(a.LostSeconds)),
		fmt.Sprintf("queue        %.1f requests on average, %s at most", p.QueueMean,
			count(p.QueueMax)),
		fmt.Sprintf("requests     %s: %s completed, %s impossible, %s lost, %s unfinished%s",
			count(a.Requests), count(a.Completed), count(a.Impossible), count(a.Lost),
			count(a.Unfinished), others(a)),
		fmt.Sprintf("decisions    %s passes in %s: %s tasks started, %s preempted, "+
			"%s moved between levels", count(p.Passes), words.Count(p.Operations, "operation"),
			count(p.Starts), count(p.Preemptions), count(p.Reprioritizations)),
	}
	if p.Timeouts+p.IgnoredNews+p.ExpiredWorkers > 0 {
		lines = append(lines, fmt.Sprintf("trouble      %s timed out, %s of old news, %s expired",
			words.Count(p.Timeouts, "assignment"), words.Count(p.IgnoredNews, "piece"),
			words.Count(p.ExpiredWorkers, "worker")))
	}
	return strings.Join(lines, "\n")
}

// others lists the rarer ends of requests, if there are any.
func others(a *simulator.AccountFigures) string {
	s := ""
	if a.Expired > 0 {
		s += fmt.Sprintf(", %s expired", count(a.Expired))
	}
	if a.Dropped > 0 {
		s += fmt.Sprintf(", %s preempted for good", count(a.Dropped))
	}
	return s
}

// comparison is the table of what really happened, beside what was simulated.
func comparison(f *simulator.Figures) string {
	s := f.Submissions
	t := newTable(fmt.Sprintf("waits of %s, s", words.Count(s.RealWait.Count, "job")),
		"mean", "p50", "p90", "p95", "max")
	row := func(name string, d *simulator.Distribution) {
		t.AppendRow(append(table.Row{name}, distribution(d)...))
	}
	row("the log's own", &s.RealWait)
	row("simulated, to its first task", &s.FirstWait)
	row("simulated, to its last task", &s.LastWait)
	return t.Render() + fmt.Sprintf("\nutilisation: the log's own %s over %s, simulated %s over %s",
		percent(s.RealUtilisation), words.Seconds(s.RealSpanSeconds), percent(f.Pool.Utilisation),
		words.Seconds(f.Pool.SpanSeconds))
}
