package report

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/jedib0t/go-pretty/v6/table"

	"github.com/quotasched/quotasched/shadow"
)

// ShadowJSON writes what a shadow counted as JSON.
func ShadowJSON(out io.Writer, r *shadow.Report) error {
	text, err := json.MarshalIndent(r, "", "  ")
	if err != nil {
		return err
	}
	_, err = out.Write(append(text, '\n'))
	return err
}

// Shadow writes for people how the decisions of a shadow differ: in all, since when, and for each
// account, those with the most differences first. Of many, Options.Top are shown.
func Shadow(out io.Writer, r *shadow.Report, o Options) error {
	var b strings.Builder
	for _, note := range o.Notes {
		fmt.Fprintf(&b, "%s\n", wrap(note))
	}
	fmt.Fprintf(&b, "%s; of %s, %s the same\n", plural(int(r.Operations), "operation"),
		plural(int(assignments(&r.All)), "assignment"), isOrAre(int(r.All.Equal)))
	if d := r.First; d != nil {
		fmt.Fprintf(&b, "\n%s\n", wrap(fmt.Sprintf("They first differ at operation %s, at %s%s: the "+
			"main pool %s, the shadow %s.", count(d.Operation),
			d.Time.UTC().Format("2006-01-02 15:04:05Z"), aboutRequest(d), printable(d.Main),
			printable(d.Shadow))))
	} else {
		b.WriteString("\nThey never differ.\n")
	}
	fmt.Fprintf(&b, "\n%s\n", shadowTable(r, o.Top))
	b.WriteString("main → shadow, where there are two numbers; \"only\" are assignments that one of " +
		"them\nmade in an operation\n")
	if n := r.Overridden; n > 0 {
		fmt.Fprintf(&b, "%s of accounts for which the shadow kept its settings\n",
			plural(int(n), "change"))
	}
	if n := r.PassedOver; n > 0 {
		fmt.Fprintf(&b, "%s on accounts that the shadow does not have, passed over\n",
			plural(int(n), "operation"))
	}
	if r.Ended != "" {
		fmt.Fprintf(&b, "\nENDED: the shadow ended at %s; nothing after that is counted\n",
			printable(r.Ended))
	}
	return flush(out, &b)
}

func aboutRequest(d *shadow.Difference) string {
	if d.Request == "" {
		return ""
	}
	return ", about request " + printable(string(d.Request))
}

// assignments counts those of either pool, each that both made once.
func assignments(c *shadow.Counts) int64 { return c.Equal + differing(c) }

func differing(c *shadow.Counts) int64 {
	return c.OtherLevel + c.OtherWorker + c.OnlyMain + c.OnlyShadow
}

func shadowTable(r *shadow.Report, top int) string {
	t := newTable("account", "equal", "other level", "other worker", "only main", "only shadow",
		"preempted", "moved", "cancelled", "refused")
	accounts := slices.Clone(r.Accounts)
	slices.SortStableFunc(accounts, func(a, b shadow.AccountCounts) int {
		return int(max(-1, min(1, differing(&b.Counts)-differing(&a.Counts))))
	})
	for i := range accounts {
		if a := &accounts[i]; top == 0 || i < top {
			t.AppendRow(shadowRow(shorten(shown(string(a.Account)), terminalAccountRunes), &a.Counts))
		}
	}
	if top > 0 && len(accounts) > top {
		t.AppendRow(table.Row{plural(len(accounts)-top, "other")})
	}
	t.AppendFooter(shadowRow("all", &r.All))
	return t.Render()
}

func shadowRow(name string, c *shadow.Counts) table.Row {
	both := func(main, shadow int64) string {
		if main == shadow {
			return count(main)
		}
		return count(main) + " → " + count(shadow)
	}
	return table.Row{name, count(c.Equal), count(c.OtherLevel), count(c.OtherWorker),
		count(c.OnlyMain), count(c.OnlyShadow), both(c.Main.Preempted, c.Shadow.Preempted),
		both(c.Main.Moved, c.Shadow.Moved), both(c.Main.Cancelled, c.Shadow.Cancelled),
		both(c.Main.Refused, c.Shadow.Refused)}
}
