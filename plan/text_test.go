package plan_test

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/quotasched/quotasched/plan"
)

var rules = regexp.MustCompile("─+")

// withShortRules returns a text with rules of one dash, below an empty line.
func withShortRules(text string) string { return "\n" + rules.ReplaceAllString(text, "─") }

func TestText(t *testing.T) {
	monday := time.Date(2026, time.January, 5, 0, 0, 0, 0, time.UTC)
	harmed := plan.Change{Account: "cq\x1b", HarmSeconds: 120,
		Old: plan.Figures{Requests: 10, WaitMeanSeconds: 5},
		New: plan.Figures{Requests: 10, WaitMeanSeconds: 125}}
	helped := plan.Change{Account: "fuzz", HarmSeconds: -3600,
		Old: plan.Figures{Requests: 2, PreemptionsSuffered: 1200}, New: plan.Figures{Requests: 2}}
	p := &plan.Plan{Old: "old.yaml", New: "new.yaml", Begin: monday, End: monday.Add(26 * time.Hour),
		All:      plan.Change{Old: plan.Figures{Requests: 12}},
		Accounts: []plan.Change{harmed, {Account: ""}, helped},
		Broken: []plan.Breach{{Threshold: "wait_mean=+60s", Account: "cq\x1b", Metric: "wait_mean",
			Old: 5, New: 125},
			{Threshold: "lost@*=+0s", AllAccounts: true, Metric: "lost", Old: 0, New: 4000}},
		Differences: []plan.Difference{
			{AllAccounts: true, Metric: "wait_mean", Old: 4, New: 100},
			{AllAccounts: true, Metric: "lost", Old: 0, New: 4000},
			{Account: "cq\x1b", Metric: "wait_mean", Old: 5, New: 125},
			{Account: "fuzz", Metric: "preemptions_suffered", Old: 1200, New: 0},
		},
		Assumptions: []string{"12 requests come as recorded.", strings.Repeat("Long words ", 12)},
		Fidelity: plan.Fidelity{Requests: 12, StartedTogether: 11,
			Recorded: plan.Waits{MeanSeconds: 4}, Rerun: plan.Waits{MeanSeconds: 5},
			Accounts: []plan.AccountFidelity{{Account: "cq\x1b", Requests: 10}}},
	}
	got := withShortRules(plan.Text(p, plan.TextOptions{Top: 2,
		Notes: []string{"The journal is torn."}}))
	const want = `
new.yaml instead of old.yaml
12 requests of 3 accounts, from 2026-01-05 00:00:00Z for 26 h
The journal is torn.

BROKEN: 2 thresholds:
  wait_mean=+60s: "cq\x1b": 125, was 5.0 (× 25.0)
  lost@*=+0s: all requests: 4,000, was 0

Of 3 accounts, 1 is harmed, 1 is helped, and 1 is about as before. In the mean a request takes
longer, with its wait and the work that is lost: "cq\x1b" 2.0 min. It takes less: fuzz 60 min.

account   figure               old    new  change  difference
─
all       wait mean, s         4.0    100  × 25.0         +96
          lost work, worker-s    0  4,000              +4,000
─
"cq\x1b"  wait mean, s         5.0    125  × 25.0        +120
1 more account with differences left out, as they are harmed least

What this assumes:
  12 requests come as recorded.
  Long words Long words Long words Long words Long words Long words Long words Long words Long
    words Long words Long words Long words

How close a run under old.yaml comes to what was recorded:

waits of 12 requests, s  recorded mean  run again  recorded p50  run again  recorded p95  run again
─
all                                4.0        5.0             0          0             0          0
"cq\x1b"                             0          0             0          0             0          0
11 of 12 requests start within a minute of when they were recorded to; old.yaml differs from the
settings with which the record begins, which may be why
`
	require.Equal(t, want, got)
}

// A plan for a pull request folds away what few read, and names cannot become markup.
func TestMarkdown(t *testing.T) {
	p := &plan.Plan{Old: "old.yaml", New: "my_new.yaml",
		Accounts:    []plan.Change{{Account: "@team|a", HarmSeconds: 120}},
		Broken:      []plan.Breach{{Threshold: "wait_mean=+60s", AllAccounts: true, Metric: "wait_mean", New: 5}},
		Differences: []plan.Difference{{Account: "@team|a", Metric: "wait_mean", Old: 5, New: 125}},
		Assumptions: []string{"Requests come as recorded."}}
	got := plan.Markdown(p, plan.TextOptions{})
	for _, want := range []string{
		"### my\\_new.yaml instead of old.yaml\n\n- ❌ wait\\_mean=+60s: all requests: 5.0, was 0\n\n",
		"takes longer, with its wait and the work that is lost: &#64;team\\|a 2.0 min.\n\n",
		"| account | figure | old | new | change | difference |\n| --- | --- | ---: | ---: | ---: | ---: |\n",
		"| &#64;team\\|a | wait mean, s | 5.0 | 125 | × 25.0 | +120 |\n",
		"<details><summary>What this assumes</summary>\n\n",
		"- Requests come as recorded.\n",
	} {
		require.Contains(t, got, want)
	}
}
