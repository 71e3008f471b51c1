package report

import (
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator/experiment"
)

// Differences writes how the variants differ from the first one: a row for each figure that
// differs, with its 95 % confidence interval over the seeds. Of many accounts, those that used
// most are shown, as Options.Top says. If nothing differs, it says so.
func Differences(out io.Writer, results *experiment.Results, o Options) error {
	s := newStudy(results)
	var b strings.Builder
	s.writeHead(&b, o.Notes)
	for i, w := range s.verdicts() {
		fmt.Fprintf(&b, "\n%s\n", words.Wrap(variantLabel(w.Variant)+": "+s.lead(&w), words.Columns))
		if !w.Same && w.Compared {
			s.writeDifferences(&b, i+1, o)
		}
	}
	if len(s.variants) < 2 {
		b.WriteString("\nthere is nothing to compare\n")
	} else if s.seeds == 1 {
		b.WriteString("\nWith one seed, nothing is known of chance.\n")
	}
	s.writeTrouble(&b)
	return flush(out, &b)
}

// writeDifferences writes the table of a variant.
func (s *study) writeDifferences(b *strings.Builder, variant int, o Options) {
	t, left := s.differenceTable(variant, o.Top)
	if o.Markdown {
		fmt.Fprintf(b, "\n%s\n", t.RenderMarkdown())
		left = strings.ReplaceAll(left, "\n", "\n\n")
	} else {
		fmt.Fprintf(b, "\n%s\n", t.Render())
	}
	b.WriteString(left)
}

// differenceTable returns the table of a variant, and lines that say what it leaves out.
func (s *study) differenceTable(variant, top int) (t table.Writer, left string) {
	header := table.Row{"account", "figure",
		words.Shorten(variantLabel(s.results.Variants[0].Name), 16),
		words.Shorten(variantLabel(s.results.Variants[variant].Name), 16), "change"}
	if s.seeds > 1 {
		header = append(header, "difference, 95 % interval")
	} else {
		header = append(header, "difference")
	}
	t = newTable(append(header, "verdict")...)
	t.SetColumnConfigs(alignments(len(header))[1:]) // the figure is aligned to the left
	places := map[scheduler.AccountID]int{}
	for i, id := range s.accounts {
		places[id] = i
	}
	var list []*experiment.Difference
	alike, others := 0, map[scheduler.AccountID]bool{}
	for i := range s.results.Differences {
		d := &s.results.Differences[i]
		switch {
		case d.Variant != s.results.Variants[variant].Name:
		case d.Verdict == same || !readsOtherwise(d):
			alike++
		case top > 0 && !d.AllAccounts && places[d.Account] >= top:
			others[d.Account] = true
		default:
			list = append(list, d)
		}
	}
	place := func(d *experiment.Difference) int {
		if d.AllAccounts {
			return -1
		}
		return places[d.Account]
	}
	slices.SortStableFunc(list, func(x, y *experiment.Difference) int {
		return place(x) - place(y)
	})
	last := ""
	for i, d := range list {
		name := "all"
		if !d.AllAccounts {
			name = s.labels.short[d.Account]
		}
		if i > 0 && place(d) == place(list[i-1]) {
			name = ""
		} else if last != "" {
			t.AppendSeparator()
		}
		last = name + "."
		t.AppendRow(s.differenceRow(name, d))
	}
	if alike > 0 {
		left = fmt.Sprintf("%s the same and left out\n", areOrIs(alike, "figure"))
	}
	if len(others) > 0 {
		verb := "have"
		if len(others) == 1 {
			verb = "has"
		}
		left += fmt.Sprintf("%s %s differences, and are left out as they used least\n",
			words.Count(len(others), "more account"), verb)
	}
	return t, left
}

// areOrIs writes "1 figure is" or "3 figures are".
func areOrIs(n int, noun string) string {
	if n == 1 {
		return words.Count(n, noun) + " is"
	}
	return words.Count(n, noun) + " are"
}

// differenceRow is the row of a figure.
func (s *study) differenceRow(name string, d *experiment.Difference) table.Row {
	m := metricOf(d.Metric)
	difference := signed(d.Delta, m.write)
	if s.seeds > 1 {
		difference = signed(d.Low, m.write) + " to " + signed(d.High, m.write)
	}
	return table.Row{name, m.name, m.write(number(d.From)), m.write(number(d.To)), ratio(d),
		difference, shownVerdict(d)}
}

// metric is how a figure is called and written.
type metric struct {
	name  string
	write func(number) string
}

// metricOf returns how a figure is called and written.
func metricOf(m experiment.Metric) metric {
	switch m {
	case experiment.MetricWaitMean:
		return metric{"wait mean, s", meanSeconds}
	case experiment.MetricWaitP50:
		return metric{"wait p50, s", meanSeconds}
	case experiment.MetricWaitP95:
		return metric{"wait p95, s", meanSeconds}
	case experiment.MetricCompleted:
		return metric{"completed", meanCount}
	case experiment.MetricUsed:
		return metric{"used, worker-s", meanSeconds}
	case experiment.MetricLost:
		return metric{"lost work, worker-s", meanSeconds}
	case experiment.MetricPreempted:
		return metric{"preempted", meanCount}
	case experiment.MetricUtilisation:
		return metric{"utilisation", percentOf}
	case experiment.MetricUseful:
		return metric{"utilisation, useful", percentOf}
	case experiment.MetricJainServed:
		return metric{"Jain, shares", index}
	case experiment.MetricJainWaits:
		return metric{"Jain, waits", index}
	}
	return metric{string(m), meanSeconds}
}

// signed writes a difference with its sign.
func signed(x float64, write func(number) string) string {
	return words.Signed(x, func(x float64) string { return write(number(x)) })
}
