package plan

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/scheduler"
)

// TextOptions say how Text writes a plan.
type TextOptions struct {
	// Top is how many accounts have rows of their own, those that are harmed most; 0 shows all.
	Top int
	// Notes stand below the heading, a paragraph each.
	Notes []string
}

// Text says a plan for people: the broken thresholds, who is harmed, what changes for whom, what
// was assumed, and how close the old settings come to what was recorded.
func Text(p *Plan, o TextOptions) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s instead of %s\n", nameOr(p.New, "new"), nameOr(p.Old, "old"))
	fmt.Fprintf(&b, "%s of %s, from %s for %s\n", words.Count(p.All.Old.Requests, "request"),
		words.Count(len(p.Accounts), "account"), p.Begin.UTC().Format(time.DateTime+"Z"),
		words.Duration(p.End.Sub(p.Begin)))
	for _, note := range o.Notes {
		fmt.Fprintf(&b, "%s\n", words.Wrap(note, words.Columns))
	}
	p.writeBroken(&b)
	fmt.Fprintf(&b, "\n%s\n", words.Wrap(p.lead(), words.Columns))
	if len(p.Differences) > 0 {
		t, rest := p.differences(o.Top)
		fmt.Fprintf(&b, "\n%s%s", t, rest)
	}
	b.WriteString("\nWhat this assumes:\n")
	for _, a := range p.Assumptions {
		fmt.Fprintf(&b, "  %s\n", strings.ReplaceAll(words.Wrap(a, words.Columns-6), "\n", "\n    "))
	}
	t, together := p.fidelity(o.Top)
	fmt.Fprintf(&b, "\nHow close a run under %s comes to what was recorded:\n\n%s%s\n",
		nameOr(p.Old, "the old policy"), t, words.Wrap(together, words.Columns))
	return b.String()
}

// nameOr returns a name, printable, or another one in the place of none.
func nameOr(name, otherwise string) string {
	if name == "" {
		return otherwise
	}
	return words.Printable(name)
}

func (p *Plan) writeBroken(b *strings.Builder) {
	if len(p.Broken) == 0 {
		return
	}
	fmt.Fprintf(b, "\nBROKEN: %s:\n", words.Count(len(p.Broken), "threshold"))
	for _, text := range p.brokenTexts() {
		fmt.Fprintf(b, "  %s\n", text)
	}
}

// brokenTexts says of each broken threshold by how much.
func (p *Plan) brokenTexts() []string {
	var texts []string
	for _, broken := range p.Broken {
		name := "all requests"
		if !broken.AllAccounts {
			name = words.Account(string(broken.Account))
		}
		m := metricNamed(broken.Metric)
		change := words.Change(broken.Old, broken.New)
		if change != "" {
			change = " (" + change + ")"
		}
		texts = append(texts, fmt.Sprintf("%s: %s: %s, was %s%s", words.Printable(broken.Threshold),
			name, m.text(broken.New), m.text(broken.Old), change))
	}
	return texts
}

// harmNoticedSeconds is how much longer or shorter, in the mean, a request takes that people say of
// so.
const harmNoticedSeconds = 1

// lead says in a sentence or two who is harmed.
func (p *Plan) lead() string {
	if len(p.Differences) == 0 {
		return "Nothing changes: every figure of every account is the same."
	}
	var changes []float64
	for i := range p.Accounts {
		changes = append(changes, math.Abs(p.Accounts[i].HarmSeconds))
	}
	var harmed, helped []string
	for i, howMuch := range words.SecondsAlike(changes...) {
		a := &p.Accounts[i]
		text := words.Account(string(a.Account)) + " " + howMuch
		switch {
		case a.HarmSeconds >= harmNoticedSeconds:
			harmed = append(harmed, text)
		case a.HarmSeconds <= -harmNoticedSeconds:
			helped = append(helped, text)
		}
	}
	slices.Reverse(helped)
	about := len(p.Accounts) - len(harmed) - len(helped)
	text := fmt.Sprintf("Of %s, %s harmed, %s helped, and %s about as before.",
		words.Count(len(p.Accounts), "account"), are(len(harmed)), are(len(helped)), are(about))
	if len(harmed) > 0 {
		text += " In the mean a request takes longer, with its wait and the work that is lost: " +
			firstFew(harmed) + "."
	}
	if len(helped) > 0 {
		text += " It takes less: " + firstFew(helped) + "."
	}
	return text
}

// are returns "1 is" or "3 are".
func are(n int) string {
	if n == 1 {
		return "1 is"
	}
	return words.Number(n) + " are"
}

// firstFew lists the first of some texts.
func firstFew(texts []string) string {
	const most = 5
	if len(texts) > most {
		return strings.Join(texts[:most], ", ") + fmt.Sprintf(" and %d more", len(texts)-most)
	}
	return strings.Join(texts, ", ")
}

// differences returns the table of what differs, and a line that says what it leaves out.
func (p *Plan) differences(top int) (t *words.Table, rest string) {
	t = words.NewTable(2, "account", "figure", "old", "new", "change", "difference")
	rowsFor := map[scheduler.AccountID]bool{}
	for i := range p.Accounts {
		if top == 0 || i < top {
			rowsFor[p.Accounts[i].Account] = true
		}
	}
	others := map[scheduler.AccountID]bool{}
	var last *Difference
	for i := range p.Differences {
		d := &p.Differences[i]
		if !d.AllAccounts && !rowsFor[d.Account] {
			others[d.Account] = true
			continue
		}
		name := "all"
		if !d.AllAccounts {
			name = shortName(d.Account)
		}
		switch {
		case last == nil:
		case last.AllAccounts == d.AllAccounts && last.Account == d.Account:
			name = ""
		default:
			t.Rule()
		}
		last = d
		m := metricNamed(d.Metric)
		t.Row(name, m.title, m.text(d.Old), m.text(d.New), words.Change(d.Old, d.New),
			words.Signed(d.New-d.Old, m.text))
	}
	if len(others) > 0 {
		rest = words.Count(len(others), "more account") + " with differences left out, as they are " +
			"harmed least\n"
	}
	return t, rest
}

func shortName(id scheduler.AccountID) string { return words.AccountCell(string(id)) }

// metricNamed returns the metric of a name; of one that is not known, as a plan of a newer version
// may have it, a plain number.
func metricNamed(name string) *metric {
	if m := metricOf(name); m != nil {
		return m
	}
	return &metric{title: words.Printable(name)}
}

// text writes a figure of the metric.
func (m *metric) text(x float64) string {
	if m.kind == seconds {
		return words.SecondsFigure(x)
	}
	return words.Figure(x)
}

// fidelity returns a table that sets the waits under the old settings beside the recorded ones, and
// how many requests start together.
func (p *Plan) fidelity(top int) (t *words.Table, together string) {
	f := &p.Fidelity
	requests := words.Count(f.Requests, "request")
	t = words.NewTable(1, fmt.Sprintf("waits of %s, s", requests), "recorded mean", "run again",
		"recorded p50", "run again", "recorded p95", "run again")
	row := func(name string, recorded, rerun *Waits) {
		s := words.SecondsFigure
		t.Row(name, s(recorded.MeanSeconds), s(rerun.MeanSeconds), s(recorded.P50Seconds),
			s(rerun.P50Seconds), s(recorded.P95Seconds), s(rerun.P95Seconds))
	}
	row("all", &f.Recorded, &f.Rerun)
	accounts := slices.Clone(f.Accounts)
	slices.SortStableFunc(accounts, func(a, b AccountFidelity) int { return b.Requests - a.Requests })
	for i := range accounts {
		if a := &accounts[i]; top == 0 || i < top {
			row(shortName(a.Account), &a.Recorded, &a.Rerun)
		}
	}
	together = fmt.Sprintf("%s of %s start within a minute of when they were recorded to",
		words.Number(f.StartedTogether), requests)
	if !p.OldAsRecorded {
		together += fmt.Sprintf("; %s differs from the settings with which the record begins, which may "+
			"be why", nameOr(p.Old, "the old policy"))
	}
	return t, together
}
