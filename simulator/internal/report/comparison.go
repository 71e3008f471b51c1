package report

import (
	"fmt"
	"io"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/experiment"
)

// How wide names are in terminal tables, so that these fit 110 columns.
const (
	terminalAccountRunes = 14
	terminalVariantRunes = 22
)

// comparisonLegend explains the table of accounts.
const comparisonLegend = "wait p50 to mean: seconds from submission to the start of the run that " +
	"completed.\nlost h: worker-hours that preempted runs had done.\n"

// Comparison writes results for people who are at a terminal: who waits less and more under which
// variant, a table of accounts, the pools, and what really happened where that is known. Figures
// that differ noticeably from the first variant's are marked: ▼ is less, ▲ is more. It fits 110
// columns.
func Comparison(out io.Writer, results *experiment.Results, o Options) error {
	s := newStudy(results)
	var b strings.Builder
	writeImpossible(&b, s.impossibleLead())
	s.writeHead(&b, o.Notes)
	for _, w := range s.verdicts() {
		fmt.Fprintf(&b, "\n%s\n", words.Wrap(variantLabel(w.Variant)+": "+s.lead(&w), words.Columns))
		writeChanges(&b, "waits less", w.Less)
		writeChanges(&b, "waits more", w.More)
	}
	if len(s.variants) == 0 {
		b.WriteString("\nthere are no policies in these results\n")
		return flush(out, &b)
	}
	fmt.Fprintf(&b, "\n%s\n%s", s.accountTable(o.Top), comparisonLegend)
	if len(s.variants) > 1 {
		fmt.Fprintf(&b, "%s\n", s.marksLegend())
	}
	fmt.Fprintf(&b, "\n%s\n", s.poolTable())
	if text := s.realTable(); text != "" {
		fmt.Fprintf(&b, "\n%s\n", text)
	}
	for _, text := range []string{s.groupTables(o.Top), s.notableTables()} {
		if text != "" {
			fmt.Fprintf(&b, "\n%s\n", text)
		}
	}
	if text := s.importanceTable(); text != "" {
		fmt.Fprintf(&b, "\n%s\n", text)
	}
	s.writeTrouble(&b)
	return flush(out, &b)
}

// flush writes a text without spaces at the ends of its lines.
func flush(out io.Writer, b *strings.Builder) error {
	_, err := io.WriteString(out, trimLines(b.String()))
	return err
}

// writeHead writes what was simulated.
func (s *study) writeHead(b *strings.Builder, notes []string) {
	r := s.results
	fmt.Fprintf(b, "%s\n", shownText(r.Name, "experiment"))
	if r.Description != "" {
		fmt.Fprintf(b, "%s\n", words.Wrap(words.Printable(
			strings.Join(strings.Fields(r.Description), " ")), words.Columns))
	}
	fmt.Fprintf(b, "%s: %s of %s, %s, %s", shownText(r.Workload.Name, "workload"),
		s.requests(), words.Count(r.Workload.Accounts, "account"),
		words.Count(r.Workload.Workers, "worker"), words.Count(s.seeds, "seed"))
	if s.seeds > 1 {
		b.WriteString(" (figures are means over them)")
	}
	b.WriteString("\n")
	for _, list := range [][]string{r.Workload.Notes, notes, {s.labels.note()}} {
		for _, note := range list {
			if note != "" {
				fmt.Fprintf(b, "%s\n", words.Printable(note))
			}
		}
	}
	if r.Partial {
		b.WriteString("\nPARTIAL: the experiment was stopped before its end; runs are cut short " +
			"or missing\n")
	}
}

// shownText makes a text safe for a terminal, and puts another one in the place of none.
func shownText(text, otherwise string) string {
	if text == "" {
		return otherwise
	}
	return words.Printable(text)
}

// writeTrouble writes the broken promises.
func (s *study) writeTrouble(b *strings.Builder) {
	for i, text := range s.trouble() {
		if i == 0 {
			b.WriteString("\nBROKEN:\n")
		}
		fmt.Fprintf(b, "  %s\n", words.Printable(text))
	}
}

// writeChanges writes the accounts that wait less or more, up to three.
func writeChanges(b *strings.Builder, what string, list []change) {
	first, rest := changes(list, changesMax)
	var texts []string
	for _, c := range first {
		texts = append(texts, fmt.Sprintf("%s: %s instead of %s", c.Account, c.Now, c.Before))
	}
	if rest > 0 {
		texts = append(texts, fmt.Sprintf("and %s more", count(rest)))
	}
	for i, text := range texts {
		if i > 0 {
			what = ""
		}
		fmt.Fprintf(b, "  %-10s  %s\n", what, text)
	}
}

// marksLegend explains the marks.
func (s *study) marksLegend() string {
	text := fmt.Sprintf("▼ less and ▲ more than under %s",
		words.Shorten(variantLabel(s.results.Variants[0].Name), terminalVariantRunes))
	if s.seeds > 1 {
		return text + ", by more than chance explains (95 % confidence over the seeds)"
	}
	return text + "; with one seed, nothing is known of chance"
}

// accountTable has a row for each account and variant.
func (s *study) accountTable(top int) string {
	t := newTable("account", "policy", "requests", "impossible", "wait p50", "p99", "max", "mean",
		"lost h", "preempted")
	t.SetColumnConfigs(alignments(10)[1:]) // the policy is aligned to the left
	shownAccounts := s.accounts
	if top > 0 && len(shownAccounts) > top {
		shownAccounts = shownAccounts[:top]
	}
	for _, id := range shownAccounts {
		name := s.labels.short[id]
		for i, v := range s.variants {
			if a := v.account(id); a != nil {
				t.AppendRow(s.comparedRow(name, i, a, func(m experiment.Metric) string {
					return mark(s.difference(i, id, m))
				}))
				name = ""
			}
		}
		t.AppendSeparator()
	}
	if rest := s.accounts[len(shownAccounts):]; len(rest) > 0 {
		name := words.Count(len(rest), "other")
		for i, v := range s.variants {
			t.AppendRow(s.comparedRow(name, i, v.sumOf(rest), noMark))
			name = ""
		}
		t.AppendSeparator()
	}
	name := "all"
	for i, v := range s.variants {
		t.AppendRow(s.comparedRow(name, i, &v.all, func(m experiment.Metric) string {
			return mark(s.differenceOfAll(i, m))
		}))
		name = ""
	}
	return t.Render()
}

func noMark(experiment.Metric) string { return "  " }

// mark shows a difference beside a figure; none that rounds to nothing.
func mark(d *experiment.Difference) string {
	switch {
	case d == nil || d.Verdict != better && d.Verdict != worse || !readsOtherwise(d):
		return "  "
	case strings.HasPrefix(string(d.Metric), "wait_") && !noticeable(d):
		return "  "
	}
	return " " + arrow(d.Delta)
}

// readsOtherwise says whether the two figures of a difference read as two.
func readsOtherwise(d *experiment.Difference) bool {
	write := metricOf(d.Metric).write
	return write(number(d.From)) != write(number(d.To))
}

// comparedRow is the row of an account under a variant.
func (s *study) comparedRow(name string, variant int, a *accountMeans,
	mark func(experiment.Metric) string) table.Row {
	return table.Row{
		name, words.Shorten(variantLabel(s.results.Variants[variant].Name), terminalVariantRunes),
		meanCount(a.Requests),
		meanCount(a.Impossible),
		meanSeconds(a.WaitP50),
		meanSeconds(a.WaitP99),
		meanSeconds(a.WaitMax),
		meanSeconds(a.WaitMean) + mark(experiment.MetricWaitMean),
		workHours(a.LostWork) + mark(experiment.MetricLost),
		meanCount(a.Preempted) + mark(experiment.MetricPreempted),
	}
}

// sumOf sums accounts up. Quantiles of sums cannot be had from quantiles, and are left out.
func (v *variantMeans) sumOf(ids []scheduler.AccountID) *accountMeans {
	sum := accountMeans{WaitP50: none, WaitP95: none, WaitP99: none, WaitMean: none}
	waitSeconds := number(0)
	for _, id := range ids {
		a := v.account(id)
		if a == nil {
			continue
		}
		sum.Requests += a.Requests
		sum.Impossible += a.Impossible
		sum.LostWork += a.LostWork
		sum.Preempted += a.Preempted
		if a.WaitMax.known() {
			sum.WaitMax = max(sum.WaitMax, a.WaitMax)
		}
		if a.WaitMean.known() {
			sum.Completed += a.Completed
			waitSeconds += a.Completed * a.WaitMean
		}
	}
	if sum.Completed > 0 {
		sum.WaitMean = waitSeconds / sum.Completed
	}
	return &sum
}

// poolTable has a row for each variant.
func (s *study) poolTable() string {
	t := newTable("pool", "utilisation", "useful", "lost work", "queue mean", "queue max",
		"Jain", "of waits")
	for i, v := range s.variants {
		p := &v.pool
		t.AppendRow(table.Row{
			words.Shorten(variantLabel(s.results.Variants[i].Name), terminalVariantRunes),
			percentOf(p.Utilisation) + mark(s.differenceOfAll(i, experiment.MetricUtilisation)),
			percentOf(p.Useful) + mark(s.differenceOfAll(i, experiment.MetricUseful)),
			percentOf(p.LostWork), meanCount(p.QueueMean), meanCount(p.QueueMax),
			index(p.JainServed) + mark(s.differenceOfAll(i, experiment.MetricJainServed)),
			index(p.JainWaits) + mark(s.differenceOfAll(i, experiment.MetricJainWaits)),
		})
	}
	return t.Render() + "\n" + words.Wrap("Jain's index of what accounts got of their shares in "+
		"time, and of their waits: 1 if all have the same, low if a few have all.", words.Columns)
}

// realTable compares the waits of jobs with the log's own, in the first run of each variant; empty
// if the log has none.
func (s *study) realTable() string {
	var real *simulator.SubmissionFigures
	var t table.Writer
	row := func(name string, d *simulator.Distribution) {
		t.AppendRow(append(table.Row{name}, distribution(d)...))
	}
	for i, v := range s.variants {
		if len(v.runs) == 0 || v.runs[0].Submissions == nil {
			continue
		}
		f := v.runs[0].Submissions
		if real == nil {
			real = f
			t = newTable(fmt.Sprintf("waits of %s, s", words.Count(f.RealWait.Count, "job")),
				"mean", "p50", "p90", "p95", "max")
			row("the log's own", &f.RealWait)
		}
		name := words.Shorten(variantLabel(s.results.Variants[i].Name), terminalVariantRunes)
		row(name+", to its first task", &f.FirstWait)
		row(name+", to its last task", &f.LastWait)
	}
	if real == nil {
		return ""
	}
	text := t.Render() + fmt.Sprintf("\nutilisation: the log's own %s over %s",
		percent(real.RealUtilisation), words.Seconds(real.RealSpanSeconds))
	if s.seeds > 1 {
		text += "; waits of jobs are those of the first seed"
	}
	return text
}

// importanceTable has a row for each importance and variant; empty if there is no importance.
func (s *study) importanceTable() string {
	header := table.Row{"importance", "policy", "requests", "impossible", "wait p50", "wait p95",
		"wait mean", "preempted", "evicted in log"}
	rows := map[string][]table.Row{}
	var names []string
	evicted := false
	for i, v := range s.variants {
		for _, x := range v.importances() {
			name := x.Importance
			if rows[x.Importance] == nil {
				names = append(names, x.Importance)
			} else {
				name = ""
			}
			rows[x.Importance] = append(rows[x.Importance], table.Row{name,
				words.Shorten(variantLabel(s.results.Variants[i].Name), terminalVariantRunes),
				meanCount(x.Requests), meanCount(x.Impossible), meanSeconds(x.WaitP50),
				meanSeconds(x.WaitP95),
				meanSeconds(x.WaitMean), meanCount(x.Preempted), meanCount(x.RealPreempted)})
			evicted = evicted || x.RealPreempted.known()
		}
	}
	if len(names) == 0 {
		return ""
	}
	columns := len(header)
	if !evicted {
		columns--
	}
	t := newTable(header[:columns]...)
	t.SetColumnConfigs(alignments(columns)[1:]) // the policy is aligned to the left
	for _, name := range names {
		for _, row := range rows[name] {
			t.AppendRow(row[:columns])
		}
		t.AppendSeparator()
	}
	text := t.Render()
	if evicted {
		text += "\n" + words.Wrap("On one run per worker this is a model: real machines pack several "+
			"tasks, and evict for other reasons too. Compare the pattern, not the counts.", words.Columns)
	}
	return text
}
