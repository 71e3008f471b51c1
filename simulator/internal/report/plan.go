package report

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/quotasched/quotasched/plan"
	"github.com/quotasched/quotasched/simulator/experiment"
)

// planTitles says what the metrics of plans are called in tables.
var planTitles = map[string]string{
	"wait_p50":             "wait p50, s",
	"wait_p95":             "wait p95, s",
	"wait_mean":            "wait mean, s",
	"wait_max":             "wait max, s",
	"waiting_at_end":       "waiting at the end",
	"completed":            "completed",
	"expired":              "expired",
	"preemptions_suffered": "preempted",
	"preemptions_caused":   "preempted others",
	"lost":                 "lost work, worker-s",
	"paid":                 "paid, worker-s",
	"free":                 "free, worker-s",
	"limit_hits":           "waited at a limit",
	"limit_wait":           "waits at limits, s",
}

// PlanJSON writes a plan as JSON.
func PlanJSON(out io.Writer, p *plan.Plan) error {
	text, err := json.MarshalIndent(p, "", "  ")
	if err != nil {
		return err
	}
	_, err = out.Write(append(text, '\n'))
	return err
}

// Plan writes a plan for people: the broken thresholds, who is harmed, what changes for whom, what
// was assumed, and how close the old settings come to what was recorded. Of many accounts, those
// that are harmed most are shown, as Options.Top says.
func Plan(out io.Writer, p *plan.Plan, o Options) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s instead of %s\n", shownText(p.New, "new"), shownText(p.Old, "old"))
	fmt.Fprintf(&b, "%s of %s, from %s for %s\n", plural(p.All.Old.Requests, "request"),
		plural(len(p.Accounts), "account"), p.Begin.UTC().Format("2006-01-02 15:04:05Z"),
		days(p.End.Sub(p.Begin).Seconds()))
	for _, note := range o.Notes {
		fmt.Fprintf(&b, "%s\n", wrap(note))
	}
	writeBroken(&b, p)
	fmt.Fprintf(&b, "\n%s\n", wrap(planLead(p)))
	if len(p.Differences) > 0 {
		writePlanChanges(&b, p, o.Top)
	}
	b.WriteString("\nWhat this assumes:\n")
	for _, a := range p.Assumptions {
		fmt.Fprintf(&b, "  %s\n", strings.ReplaceAll(wrapAt(a, 94), "\n", "\n    "))
	}
	writeFidelity(&b, p, o.Top)
	return flush(out, &b)
}

func writeBroken(b *strings.Builder, p *plan.Plan) {
	if len(p.Broken) == 0 {
		return
	}
	fmt.Fprintf(b, "\nBROKEN: %s:\n", plural(len(p.Broken), "threshold"))
	for _, broken := range p.Broken {
		name := "all requests"
		if !broken.AllAccounts {
			name = shown(string(broken.Account))
		}
		m, d := planMetric(broken.Metric), changeOf(broken.Old, broken.New)
		fmt.Fprintf(b, "  %s: %s: %s, was %s%s\n", printable(broken.Threshold), name,
			m.write(number(broken.New)), m.write(number(broken.Old)), inBrackets(ratio(d)))
	}
}

func inBrackets(text string) string {
	if text == "" {
		return ""
	}
	return " (" + text + ")"
}

// harmNoticed is how many seconds longer or shorter, in the mean, a request takes that people say
// of so.
const harmNoticed = 1

// planLead says in a sentence or two who is harmed.
func planLead(p *plan.Plan) string {
	if len(p.Differences) == 0 {
		return "Nothing changes: every figure of every account is the same."
	}
	var harmed, helped []string
	for i := range p.Accounts {
		a := &p.Accounts[i]
		name := shown(string(a.Account))
		switch {
		case a.HarmSeconds >= harmNoticed:
			harmed = append(harmed, name+" "+humanSeconds(number(a.HarmSeconds)))
		case a.HarmSeconds <= -harmNoticed:
			helped = append(helped, name+" "+humanSeconds(number(-a.HarmSeconds)))
		}
	}
	slices.Reverse(helped)
	about := len(p.Accounts) - len(harmed) - len(helped)
	text := fmt.Sprintf("Of %s, %s harmed, %s helped, and %s about as before.",
		plural(len(p.Accounts), "account"), isOrAre(len(harmed)), isOrAre(len(helped)),
		isOrAre(about))
	if len(harmed) > 0 {
		text += " In the mean a request takes longer, with its wait and the work that is lost: " +
			firstFew(harmed) + "."
	}
	if len(helped) > 0 {
		text += " It takes less: " + firstFew(helped) + "."
	}
	return text
}

// isOrAre writes "1 is" or "3 are".
func isOrAre(n int) string {
	if n == 1 {
		return "1 is"
	}
	return count(n) + " are"
}

// firstFew lists the first of some texts.
func firstFew(texts []string) string {
	const most = 5
	if len(texts) > most {
		return strings.Join(texts[:most], ", ") + fmt.Sprintf(" and %d more", len(texts)-most)
	}
	return strings.Join(texts, ", ")
}

// writePlanChanges writes the table of what differs.
func writePlanChanges(b *strings.Builder, p *plan.Plan, top int) {
	t := newTable("account", "figure", "old", "new", "change", "difference")
	t.SetColumnConfigs(alignments(6)[1:]) // the figure is aligned to the left
	shownAccounts := map[string]bool{}
	for i := range p.Accounts {
		if top == 0 || i < top {
			shownAccounts[string(p.Accounts[i].Account)] = true
		}
	}
	last, others := "", map[string]bool{}
	for i, d := range p.Differences {
		if !d.AllAccounts && !shownAccounts[string(d.Account)] {
			others[string(d.Account)] = true
			continue
		}
		name := "all"
		if !d.AllAccounts {
			name = shorten(shown(string(d.Account)), terminalAccountRunes)
		}
		key := fmt.Sprint(d.AllAccounts, d.Account)
		if key == last {
			name = ""
		} else if i > 0 {
			t.AppendSeparator()
		}
		last = key
		m, c := planMetric(d.Metric), changeOf(d.Old, d.New)
		t.AppendRow(table.Row{name, m.name, m.write(number(d.Old)), m.write(number(d.New)), ratio(c),
			signed(c.Delta, m.write)})
	}
	fmt.Fprintf(b, "\n%s\n", t.Render())
	if len(others) > 0 {
		fmt.Fprintf(b, "%s with differences left out, as they are harmed least\n",
			plural(len(others), "more account"))
	}
}

// planMetric returns how a metric is called and written.
func planMetric(name string) metric {
	m := metric{planTitles[name], meanCount}
	for _, known := range plan.Metrics() {
		if known.Name == name && known.Seconds {
			m.write = meanSeconds
		}
	}
	return m
}

// changeOf is a change of a figure.
func changeOf(from, to float64) *experiment.Difference {
	return &experiment.Difference{From: from, To: to, Delta: to - from}
}

// writeFidelity sets the waits under the old settings beside the recorded ones.
func writeFidelity(b *strings.Builder, p *plan.Plan, top int) {
	f := &p.Fidelity
	t := newTable(fmt.Sprintf("waits of %s, s", plural(f.Requests, "request")), "recorded mean",
		"run again", "recorded p50", "run again", "recorded p95", "run again")
	row := func(name string, a, b *plan.Waits) {
		t.AppendRow(table.Row{name, shortSeconds(a.MeanSeconds), shortSeconds(b.MeanSeconds),
			shortSeconds(a.P50Seconds), shortSeconds(b.P50Seconds), shortSeconds(a.P95Seconds),
			shortSeconds(b.P95Seconds)})
	}
	row("all", &f.Recorded, &f.Rerun)
	accounts := slices.Clone(f.Accounts)
	slices.SortStableFunc(accounts, func(a, b plan.AccountFidelity) int {
		return b.Requests - a.Requests
	})
	for i := range accounts {
		if a := &accounts[i]; top == 0 || i < top {
			row(shorten(shown(string(a.Account)), terminalAccountRunes), &a.Recorded, &a.Rerun)
		}
	}
	fmt.Fprintf(b, "\nHow close a run under %s comes to what was recorded:\n\n%s\n",
		shownText(p.Old, "the old policy"), t.Render())
	fmt.Fprintf(b, "%s of %s start within a minute of when they were recorded to\n",
		count(f.StartedTogether), plural(f.Requests, "request"))
	if !p.OldAsRecorded {
		fmt.Fprintf(b, "%s\n", wrap(shownText(p.Old, "the old policy")+" differs from the settings "+
			"with which the record begins, which may be why"))
	}
}
