package report

import (
	"fmt"
	"html/template"
	"io"
	"math"
	"strings"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/plan"
)

// PlanHTML writes a plan as a page that needs no other file, no script and no network. The option
// Top is how many accounts have rows and bars; 0 shows all.
func PlanHTML(w io.Writer, p *plan.Plan, notes []string, o HTMLOptions) error {
	page := &plainPage{Kind: "plan", Title: words.Printable(p.New) + " instead of " +
		words.Printable(p.Old)}
	if len(p.Broken) > 0 {
		page.Banner = words.Count(len(p.Broken), "broken threshold") +
			": this change does more harm than it may; the text below names them."
	}
	accounts := p.Accounts
	if o.Top > 0 {
		accounts = accounts[:min(o.Top, len(accounts))]
	}
	table := &plainTable{Header: []string{"account", "harm per request", "requests", "mean wait",
		"instead of", "wait p95", "instead of", "lost work", "instead of"}}
	for i := range accounts {
		table.row(planRow(&accounts[i], words.Account(string(accounts[i].Account)))...)
	}
	table.row(planRow(&p.All, "all")...)
	page.Sections = []plainSection{
		{Title: "Who is harmed", Lead: "Mean waits of each account: grey under the old policy, " +
			"blue under the new one; the most harmed account first.",
			Pictures: []picture{{"mean waits", waitBars(accounts)}}, Table: table,
			Note: "harm: how many seconds longer one of its requests takes in the mean, for waits " +
				"and for work that is done again."},
		{Title: "In words", Text: plan.Text(p, plan.TextOptions{Top: o.Top, Notes: notes})},
	}
	return page.write(w, o)
}

// planRow is the row of an account.
func planRow(c *plan.Change, name string) []string {
	return []string{name, words.Signed(c.HarmSeconds, words.Seconds), words.Number(c.New.Requests),
		words.Seconds(c.New.WaitMeanSeconds), words.Seconds(c.Old.WaitMeanSeconds),
		words.Seconds(c.New.WaitP95Seconds), words.Seconds(c.Old.WaitP95Seconds),
		words.Work(c.New.LostSeconds), words.Work(c.Old.LostSeconds)}
}

// waitBars draws two bars for each account: its mean wait under the old and the new policy.
func waitBars(accounts []plan.Change) template.HTML {
	const left, width, row, bar = 130, 700, 34, 12
	most := 1.0
	for i := range accounts {
		most = max(most, accounts[i].Old.WaitMeanSeconds, accounts[i].New.WaitMeanSeconds)
	}
	var b strings.Builder
	fmt.Fprintf(&b, `<svg viewBox="0 0 %d %d" role="img" aria-label="mean waits">`, width,
		row*max(1, len(accounts)))
	for i := range accounts {
		c := &accounts[i]
		y := row * i
		fmt.Fprintf(&b, `<text x="%d" y="%d" text-anchor="end">%s</text>`, left-8, y+row/2+1,
			template.HTMLEscapeString(words.Shorten(words.Account(string(c.Account)), 18)))
		for k, wait := range []float64{c.Old.WaitMeanSeconds, c.New.WaitMeanSeconds} {
			class := [...]string{"bar old", "bar"}[k]
			long := math.Max(1, wait/most*(width-left-110))
			fmt.Fprintf(&b, `<rect class="%s" x="%d" y="%d" width="%.1f" height="%d"/>`, class, left,
				y+3+k*(bar+2), long, bar)
			fmt.Fprintf(&b, `<text x="%.1f" y="%d">%s</text>`, float64(left)+long+6, y+13+k*(bar+2),
				words.Seconds(wait))
		}
	}
	b.WriteString("</svg>")
	return template.HTML(b.String())
}
