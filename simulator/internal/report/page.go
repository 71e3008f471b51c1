package report

import (
	"fmt"
	"html/template"
	"strings"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/scheduler"
	"github.com/quotasched/quotasched/simulator"
	"github.com/quotasched/quotasched/simulator/experiment"
)

// page is what the template shows: everything that can be said in words.
type page struct {
	Title, Description string
	Facts              []fact
	Notes              []string
	Partial            bool
	Trouble            []string
	Impossible         []string
	Baseline           string
	OneSeed, Several   bool
	Seeds              int
	Verdicts           []pageVerdict
	Grid               grid
	Policies           []pagePolicy
	Notables           []pageNotables
	Assumed            []string
	Faults             *pageFaults
	Hashes             []pageHash
	Program, Command   string
	Version            int
	Wall               string
	HasReal, Many      bool
	Swept              bool // some field has several values

	Data    template.JS
	Style   template.CSS
	Library template.JS
	Scripts template.JS
	Licence string
}

// pageVerdict is a row of the table at the top.
type pageVerdict struct {
	Variant     string
	Lead, Wait  string // one of them is empty
	Compared    bool
	Less, More  []pageChange
	LessRest    int
	MoreRest    int
	LostWork    pageFigure
	Utilisation pageFigure
	Fairness    pageFigure
}

// pageChange is an account's wait beside that under the baseline.
type pageChange struct{ Account, Now, Before string }

// pageFigure is a figure beside that of the baseline. Mark is "better", "worse" or empty.
type pageFigure struct{ Now, Before, Mark string }

// pagePolicy says what a variant gives to whom.
type pagePolicy struct {
	Variant, Description string
	Parameters           []experiment.Parameter
	Accounts             []pageQuota
	Rest                 int
}

// pageQuota is what an account is given.
type pageQuota struct {
	Account, Cap, Fanout, Free string
	Rates                      []string
}

// pageFaults is the table of faults: a row for each kind, a column for each variant.
type pageFaults struct {
	Variants []string
	Rows     []pageFaultRow
}

// pageFaultRow is a kind of fault.
type pageFaultRow struct {
	Name   string
	Counts []string
}

// pageHash is the digest of a run's last state.
type pageHash struct {
	Variant string
	Seed    uint64
	Hash    string
}

// page says in words what is in the results.
func (s *study) page(o HTMLOptions) *page {
	r := s.results
	p := &page{
		Title:       r.Name,
		Description: r.Description,
		Facts:       s.facts(),
		Partial:     r.Partial,
		Trouble:     s.trouble(),
		Impossible:  s.impossibleLead(),
		OneSeed:     s.seeds == 1,
		Several:     s.seeds > 1,
		Seeds:       s.seeds,
		Grid:        s.grid(o.Top),
		Faults:      s.faults(),
		Program:     o.Program,
		Command:     o.Command,
		Version:     r.Version,
		HasReal:     s.hasReal(),
		Many:        len(r.Variants) > variantsBesideMax,
		Swept:       len(s.sweeps()) > 0,
	}
	p.Notables, p.Assumed = s.pageNotables(), s.assumed()
	if strings.TrimSpace(p.Title) == "" {
		p.Title = "Experiment"
	}
	if r.WallSeconds > 0 {
		p.Wall = humanSeconds(number(r.WallSeconds))
	}
	if len(r.Variants) > 0 {
		p.Baseline = variantLabel(r.Variants[0].Name)
	}
	for _, note := range r.Workload.Notes {
		p.Notes = append(p.Notes, words.Printable(note))
	}
	for _, w := range s.verdicts() {
		p.Verdicts = append(p.Verdicts, s.pageVerdict(&w))
	}
	for i := range r.Variants {
		p.Policies = append(p.Policies, s.pagePolicyOf(&r.Variants[i]))
		for _, run := range r.Variants[i].Runs {
			if run.Figures != nil {
				p.Hashes = append(p.Hashes, pageHash{variantLabel(r.Variants[i].Name), run.Seed,
					run.Figures.StateHash})
			}
		}
	}
	return p
}

// hasReal says whether the log's own waits are known.
func (s *study) hasReal() bool {
	for _, v := range s.variants {
		if v.realWaits() != nil {
			return true
		}
	}
	return false
}

// trouble lists the broken promises and what never ran.
func (s *study) trouble() []string {
	var list []string
	const most = 10
	for i, v := range s.variants {
		for _, f := range v.runs {
			if f.BrokenCount == 0 && len(f.Broken) == 0 {
				continue
			}
			text := fmt.Sprintf("%s: %s broken", variantLabel(s.results.Variants[i].Name),
				words.Count(max(f.BrokenCount, len(f.Broken)), "promise"))
			if len(f.Broken) > 0 {
				text += ", the first: " + f.Broken[0]
			}
			list = append(list, text)
		}
	}
	if rest := len(list) - most; rest > 0 {
		list = append(list[:most], fmt.Sprintf("and %s more", words.Count(rest, "run")))
	}
	return list
}

const (
	// variantsBesideMax is up to how many policies have a sentence each at the top of the page.
	variantsBesideMax = 4
	// changesMax is how many accounts a cell of the verdict names; of more policies, one.
	changesMax = 3
)

// pageVerdict says a verdict in words.
func (s *study) pageVerdict(w *verdict) pageVerdict {
	p := pageVerdict{
		Variant:     variantLabel(w.Variant),
		Compared:    w.Compared,
		LostWork:    figureOf(w.LostWork, humanWork),
		Utilisation: figureOf(w.Utilisation, percentOf),
		Fairness:    figureOf(w.JainServed, index),
	}
	named := changesMax
	if len(s.variants) > variantsBesideMax && !w.Same && w.Compared {
		named = 1
		p.Wait = insteadOf(w.Wait)
		if w.Open.To != w.Open.From {
			p.Wait += fmt.Sprintf("; %s requests do not complete, instead of %s",
				meanCount(w.Open.To), meanCount(w.Open.From))
		}
	} else {
		p.Lead = s.lead(w)
	}
	p.Less, p.LessRest = changes(w.Less, named)
	p.More, p.MoreRest = changes(w.More, named)
	return p
}

// figureOf writes a figure beside that of the baseline.
func figureOf(f verdictFigure, write func(number) string) pageFigure {
	return pageFigure{Now: write(f.To), Before: write(f.From), Mark: f.Mark}
}

// changes writes the first of them, and counts the others.
func changes(list []change, most int) (first []pageChange, rest int) {
	for _, c := range list[:min(len(list), most)] {
		both := words.SecondsAlike(float64(c.To), float64(c.From))
		first = append(first, pageChange{c.Account, both[0], both[1]})
	}
	return first, max(0, len(list)-most)
}

// lead is the sentence that sums a verdict up.
func (s *study) lead(w *verdict) string {
	base := variantLabel(s.results.Variants[0].Name)
	switch {
	case w.Same:
		return fmt.Sprintf("No difference at all from %s: every compared figure is the same "+
			"under every seed.", base)
	case !w.Compared:
		return fmt.Sprintf("Not compared with %s, as there are no complete runs of both.", base)
	}
	total := len(w.Less) + len(w.More) + w.Alike + w.Unclear
	text := fmt.Sprintf("Of %s, %s less than under %s, %s more, and %s about as long",
		words.Count(total, "account"), waitVerb(len(w.Less)), base, waitVerb(len(w.More)),
		waitVerb(w.Alike))
	switch {
	case s.seeds == 1:
		text += ", in one run of each"
	case w.Unclear > 0:
		text += fmt.Sprintf("; of %s, chance may explain the difference", count(w.Unclear))
	}
	text += "."
	if w.Wait.From.known() && w.Wait.To.known() {
		text += fmt.Sprintf(" Over all requests the mean wait is %s.", insteadOf(w.Wait))
	}
	if w.Open.To > 0 || w.Open.From > 0 {
		text += fmt.Sprintf(" %s of %s requests do not complete (%s under %s), and have no part "+
			"in waits.", meanCount(w.Open.To), meanCount(w.Requests), meanCount(w.Open.From), base)
	}
	return text
}

// insteadOf writes two waits in one unit; only one if both read the same.
func insteadOf(f verdictFigure) string {
	both := words.SecondsAlike(float64(f.To), float64(f.From))
	if both[0] == both[1] {
		return both[0] + ", as before"
	}
	return both[0] + " instead of " + both[1]
}

// waitVerb writes "1 waits" or "3 wait".
func waitVerb(n int) string {
	switch n {
	case 0:
		return "none waits"
	case 1:
		return "1 waits"
	}
	return count(n) + " wait"
}

// pagePolicyOf says what a variant gives to whom; of very many accounts, to the first ones.
func (s *study) pagePolicyOf(v *experiment.Variant) pagePolicy {
	const most = 40
	p := pagePolicy{Variant: variantLabel(v.Name), Description: v.Description,
		Parameters: v.Parameters}
	for _, a := range v.Accounts[:min(len(v.Accounts), most)] {
		q := pageQuota{Account: s.labels.of(a.Account), Cap: "none", Fanout: "no limit",
			Free: "yes"}
		if a.MaxChargeSeconds > 0 {
			q.Cap = humanSeconds(number(a.MaxChargeSeconds))
		}
		if a.MaxFanout > 0 {
			q.Fanout = count(a.MaxFanout)
		}
		if !a.FreeTasks {
			q.Free = "no"
		}
		for level := range scheduler.NumPriorities {
			q.Rates = append(q.Rates, rate(a.Rates[level]))
		}
		p.Accounts = append(p.Accounts, q)
	}
	p.Rest = len(v.Accounts) - len(p.Accounts)
	return p
}

// rate writes a number of workers; nothing for 0.
func rate(workers float64) string {
	if workers == 0 {
		return ""
	}
	text := fmt.Sprintf("%.3f", workers)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}

// faults counts what went wrong on purpose, as means over the seeds; nil if nothing was to.
func (s *study) faults() *pageFaults {
	rows := []struct {
		name string
		of   func(*simulator.FaultFigures) int
	}{
		{"workers died", func(f *simulator.FaultFigures) int { return f.WorkerDeaths }},
		{"answers to polls lost", func(f *simulator.FaultFigures) int { return f.PollsLost }},
		{"news lost", func(f *simulator.FaultFigures) int { return f.NewsLost }},
		{"news repeated", func(f *simulator.FaultFigures) int { return f.NewsRepeated }},
		{"news out of order", func(f *simulator.FaultFigures) int { return f.NewsShuffled }},
		{"news delayed", func(f *simulator.FaultFigures) int { return f.NewsDelayed }},
		{"dispatcher restarted", func(f *simulator.FaultFigures) int { return f.Restarts }},
	}
	p, counted := &pageFaults{}, false
	for i := range s.variants {
		p.Variants = append(p.Variants, variantLabel(s.results.Variants[i].Name))
	}
	for _, row := range rows {
		r := pageFaultRow{Name: row.name}
		for _, v := range s.variants {
			mean := meanOf(v.runs, func(f *simulator.Figures) number {
				if f.Faults == nil {
					return none
				}
				return number(row.of(f.Faults))
			})
			counted = counted || mean.known()
			r.Counts = append(r.Counts, meanCount(mean))
		}
		p.Rows = append(p.Rows, r)
	}
	if !counted {
		return nil
	}
	return p
}

// meanCount writes a mean of counts: whole, with a decimal below ten if there is one.
func meanCount(n number) string { return words.Figure(float64(n)) }
