package shadow

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/quotasched/quotasched/internal/words"
)

// TextOptions say how Text writes a report.
type TextOptions struct {
	// Top is how many accounts have rows of their own, those with the most differences; 0 shows
	// all.
	Top int
	// Notes stand before everything else, a paragraph each.
	Notes []string
}

// legend says what the columns of the table are.
const legend = "equal: assignments that both pools made in the same operation, of the same " +
	`request to the same
worker at the same level; other level, other worker: the same, but for the level or the worker.
only main, only shadow: assignments that one pool made in an operation and the other did not; one
that comes an operation later counts in both.
preempted: tasks that lost their workers; moved: tasks that came to another level; cancelled: tasks
that were told to stop; refused: operations with an error. a → b: the main pool a, the shadow b.
`

// Text says for people how the decisions of a shadow differ: in all, since when, and for each
// account, those with the most differences first.
func Text(r *Report, o TextOptions) string {
	var b strings.Builder
	for _, note := range o.Notes {
		fmt.Fprintf(&b, "%s\n", words.Wrap(note, words.Columns))
	}
	are := "are"
	if r.All.Equal == 1 {
		are = "is"
	}
	fmt.Fprintf(&b, "%s; of %s, %s %s the same\n\n", words.Count(r.Operations, "operation"),
		words.Count(r.All.assignments(), "assignment"), words.Number(r.All.Equal), are)
	if d := r.First; d != nil {
		fmt.Fprintf(&b, "%s\n", words.Wrap(d.text(), words.Columns))
	} else {
		b.WriteString("They never differ.\n")
	}
	fmt.Fprintf(&b, "\n%s", r.table(o.Top))
	b.WriteString(legend)
	if n := r.Overridden; n > 0 {
		fmt.Fprintf(&b, "%s of accounts for which the shadow kept its settings\n",
			words.Count(n, "change"))
	}
	if n := r.PassedOver; n > 0 {
		fmt.Fprintf(&b, "%s on accounts that the shadow does not have, passed over\n",
			words.Count(n, "operation"))
	}
	if r.Ended != "" {
		fmt.Fprintf(&b, "\nENDED: the shadow ended at %s; nothing after that is counted\n",
			words.Printable(r.Ended))
	}
	return b.String()
}

// text says what the difference is.
func (d *Difference) text() string {
	about := ""
	if d.Request != "" {
		about = ", about request " + words.Printable(string(d.Request))
	}
	return fmt.Sprintf("They first differ at operation %s, at %s%s: the main pool %s, the shadow %s.",
		words.Number(d.Operation), d.Time.UTC().Format(time.DateTime+"Z"), about,
		words.Printable(d.Main), words.Printable(d.Shadow))
}

// assignments counts those of either pool, each that both made once.
func (c *Counts) assignments() int64 { return c.Equal + c.differing() }

// differing counts the assignments that differ.
func (c *Counts) differing() int64 {
	return c.OtherLevel + c.OtherWorker + c.OnlyMain + c.OnlyShadow
}

// table returns the table of accounts.
func (r *Report) table(top int) string {
	t := words.NewTable(1, "account", "equal", "other level", "other worker", "only main",
		"only shadow", "preempted", "moved", "cancelled", "refused")
	accounts := slices.Clone(r.Accounts)
	slices.SortStableFunc(accounts, func(a, b AccountCounts) int {
		return int(max(-1, min(1, b.differing()-a.differing())))
	})
	for i := range accounts {
		if a := &accounts[i]; top == 0 || i < top {
			t.Row(a.row(words.AccountCell(string(a.Account)))...)
		}
	}
	if top > 0 && len(accounts) > top {
		t.Row(words.Count(len(accounts)-top, "other"))
	}
	t.Rule()
	t.Row(r.All.row("all")...)
	return t.String()
}

// row returns the row of an account, or of all.
func (c *Counts) row(name string) []string {
	both := func(main, shadow int64) string {
		if main == shadow {
			return words.Number(main)
		}
		return words.Number(main) + " → " + words.Number(shadow)
	}
	return []string{name, words.Number(c.Equal), words.Number(c.OtherLevel),
		words.Number(c.OtherWorker), words.Number(c.OnlyMain), words.Number(c.OnlyShadow),
		both(c.Main.Preempted, c.Shadow.Preempted), both(c.Main.Moved, c.Shadow.Moved),
		both(c.Main.Cancelled, c.Shadow.Cancelled), both(c.Main.Refused, c.Shadow.Refused)}
}
