package plan

import (
	"fmt"
	"strings"
	"time"

	"github.com/quotasched/quotasched/internal/words"
)

// Markdown says what Text does, as a comment on a pull request: what matters stands open, and
// assumptions and the comparison with the record are folded away.
func Markdown(p *Plan, o TextOptions) string {
	plain := words.MarkdownText
	var b strings.Builder
	fmt.Fprintf(&b, "### %s instead of %s\n\n", plain(nameOr(p.New, "new")),
		plain(nameOr(p.Old, "old")))
	for _, broken := range p.brokenTexts() {
		fmt.Fprintf(&b, "- ❌ %s\n", plain(broken))
	}
	if len(p.Broken) > 0 {
		b.WriteString("\n")
	}
	fmt.Fprintf(&b, "%s\n", plain(p.lead()))
	if len(p.Differences) > 0 {
		t, rest := p.differences(o.Top)
		fmt.Fprintf(&b, "\n%s", t.Markdown())
		if rest != "" {
			fmt.Fprintf(&b, "\n%s", plain(rest))
		}
	}
	b.WriteString("\n<details><summary>What this assumes</summary>\n\n")
	fmt.Fprintf(&b, "- %s of %s, from %s for %s\n", words.Count(p.All.Old.Requests, "request"),
		words.Count(len(p.Accounts), "account"), p.Begin.UTC().Format(time.DateTime+"Z"),
		words.Duration(p.End.Sub(p.Begin)))
	for _, list := range [][]string{o.Notes, p.Assumptions} {
		for _, text := range list {
			fmt.Fprintf(&b, "- %s\n", plain(text))
		}
	}
	t, together := p.fidelity(o.Top)
	fmt.Fprintf(&b, "\n</details>\n\n<details><summary>How close a run under %s comes to what was "+
		"recorded</summary>\n\n%s\n%s\n\n</details>\n", plain(nameOr(p.Old, "the old policy")),
		t.Markdown(), plain(together))
	return b.String()
}
