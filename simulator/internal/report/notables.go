package report

import (
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator"
)

// notablesMax is how many requests of each kind a terminal table has for each variant.
const notablesMax = 3

// notableKinds are the lists of such requests.
var notableKinds = []struct {
	title string
	of    notableList
}{
	{"waited longest", func(f *simulator.Figures) []simulator.NotableRequest {
		return f.LongestWaits
	}},
	{"preempted most", func(f *simulator.Figures) []simulator.NotableRequest {
		return f.MostPreempted
	}},
}

// notableList picks a list of such requests.
type notableList func(*simulator.Figures) []simulator.NotableRequest

// notableRow is a request that waited for long or was preempted often, for people.
type notableRow struct {
	Request, Account, Policy, Labels, Submitted, Wait, Preempted, Lost, Outcome string

	waitSeconds, lostSeconds float64
}

// notableRows writes requests for people.
func (s *study) notableRows(list []simulator.NotableRequest) []notableRow {
	rows := []notableRow{}
	for i := range list {
		r := &list[i]
		rows = append(rows, notableRow{
			Request:   words.Shorten(words.Printable(string(r.Request)), accountRunesMax),
			Account:   s.labels.of(r.Account),
			Labels:    words.Shorten(words.Printable(strings.Join(r.Labels, " ")), accountRunesMax),
			Submitted: r.Submit.UTC().Format("Mon 2 Jan 15:04"),
			Wait:      humanSeconds(number(r.WaitSeconds)),
			Preempted: count(r.Preemptions),
			Lost:      humanSeconds(number(r.LostSeconds)),
			Outcome:   r.Outcome,

			waitSeconds: r.WaitSeconds, lostSeconds: r.LostSeconds,
		})
	}
	return rows
}

// notableTables name the requests that waited for longest, and that were preempted most often,
// under each variant, in its first run; empty if there is none.
func (s *study) notableTables() string {
	var tables []string
	for _, kind := range notableKinds {
		if text := s.notableTable(kind.title, kind.of); text != "" {
			tables = append(tables, text)
		}
	}
	text := strings.Join(tables, "\n\n")
	if text != "" && s.seeds > 1 {
		text += "\nrequests of the first seed"
	}
	return text
}

// notableTable is the table of one kind.
func (s *study) notableTable(title string, of notableList) string {
	t := newTable(title, "account", "policy", "submitted", "waited", "preempted", "lost work",
		"outcome")
	t.SuppressEmptyColumns()              // the policy, of one
	t.SetColumnConfigs(alignments(7)[3:]) // names are aligned to the left
	var rows []notableRow
	for i, v := range s.variants {
		if len(v.runs) == 0 {
			continue
		}
		list := of(v.runs[0])
		for _, r := range s.notableRows(list[:min(len(list), notablesMax)]) {
			if len(s.variants) > 1 {
				r.Policy = variantLabel(s.results.Variants[i].Name)
			}
			rows = append(rows, r)
		}
	}
	if len(rows) == 0 {
		return ""
	}
	waits := alike(rows, func(r *notableRow) float64 { return r.waitSeconds })
	lost := alike(rows, func(r *notableRow) float64 { return r.lostSeconds })
	for i, r := range rows {
		t.AppendRow(table.Row{words.Shorten(r.Request, terminalVariantRunes),
			words.Shorten(r.Account, terminalAccountRunes), words.Shorten(r.Policy, terminalVariantRunes),
			r.Submitted, waits[i], r.Preempted, lost[i], r.Outcome})
	}
	return t.Render()
}

// alike writes a column of times in one unit.
func alike(rows []notableRow, of func(*notableRow) float64) []string {
	var list []float64
	for i := range rows {
		list = append(list, of(&rows[i]))
	}
	return words.SecondsAlike(list...)
}

// pageNotables is a table of such requests in a page.
type pageNotables struct {
	Title string
	Rows  []notableRow
}

// pageNotables are the tables of a page, with at most five requests for each variant.
func (s *study) pageNotables() []pageNotables {
	const most = 5
	var tables []pageNotables
	for _, kind := range notableKinds {
		table := pageNotables{Title: kind.title}
		for i, v := range s.variants {
			if len(v.runs) == 0 {
				continue
			}
			list := kind.of(v.runs[0])
			for _, r := range s.notableRows(list[:min(len(list), most)]) {
				r.Policy = variantLabel(s.results.Variants[i].Name)
				table.Rows = append(table.Rows, r)
			}
		}
		if len(table.Rows) == 0 {
			continue
		}
		waits := alike(table.Rows, func(r *notableRow) float64 { return r.waitSeconds })
		lost := alike(table.Rows, func(r *notableRow) float64 { return r.lostSeconds })
		for i := range table.Rows {
			table.Rows[i].Wait, table.Rows[i].Lost = waits[i], lost[i]
		}
		tables = append(tables, table)
	}
	return tables
}
