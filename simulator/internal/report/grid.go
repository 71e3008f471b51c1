package report

import (
	"github.com/quotasched/quotasched/internal/words"
	"github.com/quotasched/quotasched/simulator/experiment"
)

// grid is the table of who waits how long under which variant: what most readers are after.
type grid struct {
	Variants []string
	Rows     []gridRow
	// Rest counts the accounts without a row.
	Rest int
}

// gridRow is an account, or all of them.
type gridRow struct {
	Account string
	All     bool
	Cells   []gridCell
}

// gridCell is the mean wait of an account under a variant.
type gridCell struct {
	Wait string
	// Change is how it differs from the baseline's, such as "−95 %" or "× 3.1", Arrow points up or
	// down, and Mark is "better" or "worse", unless there is one seed; all are empty where nothing
	// noticeable does.
	Change, Arrow, Mark string
	// Least is true if no other variant has a noticeably shorter wait.
	Least bool
}

// grid has all accounts together, and those that used most.
func (s *study) grid(top int) grid {
	g := grid{Rest: max(0, len(s.accounts)-top)}
	for i := range s.variants {
		g.Variants = append(g.Variants, variantLabel(s.results.Variants[i].Name))
	}
	row := gridRow{Account: "all requests", All: true}
	for i, v := range s.variants {
		row.Cells = append(row.Cells, cellOf(v.all.WaitMean,
			s.differenceOfAll(i, experiment.MetricWaitMean)))
	}
	row.finish(s.waitsOf(func(v *variantMeans) *accountMeans { return &v.all }))
	g.Rows = append(g.Rows, row)
	for _, id := range s.accounts[:len(s.accounts)-g.Rest] {
		row := gridRow{Account: s.labels.long[id]}
		waits := s.waitsOf(func(v *variantMeans) *accountMeans { return v.account(id) })
		for i := range s.variants {
			row.Cells = append(row.Cells, cellOf(waits[i],
				s.difference(i, id, experiment.MetricWaitMean)))
		}
		row.finish(waits)
		g.Rows = append(g.Rows, row)
	}
	return g
}

// waitsOf are the mean waits of an account under each variant.
func (s *study) waitsOf(pick func(*variantMeans) *accountMeans) []number {
	var waits []number
	for _, v := range s.variants {
		wait := none
		if a := pick(v); a != nil {
			wait = a.WaitMean
		}
		waits = append(waits, wait)
	}
	return waits
}

// finish writes the waits in one unit, and marks the shortest.
func (r *gridRow) finish(waits []number) {
	var list []float64
	for _, wait := range waits {
		list = append(list, float64(wait))
	}
	for i, text := range words.SecondsAlike(list...) {
		r.Cells[i].Wait = text
	}
	r.markLeast(waits)
}

// markLeast marks the shortest wait, and those within a second or a hundredth of it, unless that
// are all of them.
func (r *gridRow) markLeast(waits []number) {
	least := none
	for _, wait := range waits {
		if wait.known() && (!least.known() || wait < least) {
			least = wait
		}
	}
	marked := 0
	for i, wait := range waits {
		r.Cells[i].Least = wait.known() && wait <= least+max(1, least/100)
		if r.Cells[i].Least {
			marked++
		}
	}
	if marked == len(waits) {
		for i := range r.Cells {
			r.Cells[i].Least = false
		}
	}
}

// cellOf is a wait, with how it differs from the baseline's.
func cellOf(wait number, d *experiment.Difference) gridCell {
	c := gridCell{Wait: humanSeconds(wait)}
	if noticeable(d) {
		c.Change, c.Arrow = ratio(d), arrow(d.Delta)
		if known(d) {
			c.Mark = d.Verdict
		}
	}
	return c
}

// arrow points the way of a difference.
func arrow(delta float64) string {
	if delta < 0 {
		return "▼"
	}
	return "▲"
}

// ratio writes a change beside what it was: "−95 %", "+40 %", "× 3.1". Empty if it was 0.
func ratio(d *experiment.Difference) string { return words.Change(d.From, d.To) }
